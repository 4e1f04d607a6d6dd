//! The way in for the fuzzers: a daemon as it is, whose clients come over any stream.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use visor_units::engine::Requester;
use visor_units::unit::HttpServer;

use super::connection::{Busy, Client, Idle, visit};
use super::route::Face;
use super::servers::{Servers, namespaces};
use super::web::Pages;
use crate::args::Args;
use crate::boot::assemble;
use crate::clock;
use crate::configuration::Configuration;
use crate::door::Door;
use crate::log::{MainLog, Pump};
use crate::settings::Settings;

/// The name it goes by.
const NAME: &str = "visord";

/// A daemon that runs in the [`LocalSet`](tokio::task::LocalSet) it is started in.
pub struct Daemon {
    door: Door,
    namespaces: Vec<String>,
    pages: Pages,
    core: JoinHandle<()>,
}

/// A client that is connected.
pub struct Visit {
    served: Pin<Box<dyn Future<Output = ()>>>,
    busy: Busy,
    _answered: mpsc::Receiver<Infallible>,
}

impl Daemon {
    /// Starts what a configuration says. Whatever is wrong with it panics.
    #[must_use]
    pub fn start(file: &str) -> Self {
        let args = Args::parse(["-c".into(), file.into()]).expect("a command line");
        let configuration = Configuration::find(NAME, NAME, &args).expect("a file");
        let (plan, _) = configuration.load().expect("a sound configuration");
        let mut log = MainLog::new(NAME);
        log.open(&plan.daemon, plan.visord.journal).expect("a log");
        let settings = Settings::new(&plan, configuration.file(), None, clock::now().wall);
        let servers = Servers::open(&plan).expect("servers");
        let namespaces = namespaces(&plan);
        let (pump, tapped) = Pump::start(log).expect("a thread");
        let core = assemble(configuration, plan, settings, (&pump, tapped), (None, servers));
        let core = core.expect("a core");
        let door = core.door.clone();
        let core = tokio::task::spawn_local(async move {
            core.run().await.expect("an orderly end");
            pump.stop();
        });
        Self { door, namespaces, pages: Pages::new(), core }
    }

    /// Whether it has come to its end, which clients can ask for.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.core.is_finished()
    }

    /// Lets a client connect to a server with these settings, whether it is one of the configuration or not.
    pub fn connect(
        &self,
        server: &HttpServer,
        stream: impl AsyncRead + AsyncWrite + 'static,
    ) -> Visit {
        let face = Face::of(server, &self.door, &self.namespaces, &self.pages);
        let who = Requester { uid: None, pid: None, via: "HTTP".to_owned() };
        let client = Client { who, place: "localhost:0".to_owned() };
        let (busy, answered) = mpsc::channel(1);
        let (face, work) = (Rc::new(face), busy.downgrade());
        let served = visit(Box::pin(stream), client, face, Idle::default(), work);
        Visit { served: Box::pin(served), busy, _answered: answered }
    }
}

impl Visit {
    /// Serves the client to the end of its connection. Can be dropped and called again.
    pub async fn served(&mut self) {
        self.served.as_mut().await;
    }

    /// Whether it waits for an answer that has an end.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        // One is ours.
        self.busy.strong_count() > 1
    }
}
