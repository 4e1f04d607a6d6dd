//! The sockets of the servers: opened together, kept over a restart where nothing changed, removed at the end.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use visor_units::config::Plan;
use visor_units::unit::{HttpServer, Listen, LogLevel};

use super::auth::Credentials;
use super::connection::{self, Busy, Ear};
use super::route::Face;
use super::web::Pages;
use crate::door::Door;
use crate::socket::{Access, Listener, SocketError};

/// The servers of the configuration that runs.
pub(crate) struct Servers {
    open: Vec<Server>,
    /// Those that let anyone in and were not opened.
    refused: Vec<HttpServer>,
    namespaces: Vec<String>,
    pages: Pages,
    busy: Busy,
    answered: mpsc::Receiver<Infallible>,
}

/// One that listens.
struct Server {
    settings: HttpServer,
    socket: Socket,
    /// What serves it, once that has begun.
    task: Option<AbortHandle>,
}

enum Socket {
    Unix(Listener),
    Inet(TcpListener),
}

/// Why a server could not be opened.
#[derive(Debug)]
pub(crate) struct OpenError {
    server: Listen,
    cause: SocketError,
}

impl Servers {
    /// Opens those of a plan, all or none.
    ///
    /// # Errors
    /// The first that cannot be opened.
    pub(crate) fn open(plan: &Plan) -> Result<Self, OpenError> {
        let (busy, answered) = mpsc::channel(1);
        let mut servers = Self {
            open: Vec::new(),
            refused: refused(plan),
            namespaces: namespaces(plan),
            pages: Pages::new(),
            busy,
            answered,
        };
        for settings in plan.servers_to_open() {
            servers.open.push(Server::open(settings.clone())?);
        }
        Ok(servers)
    }

    /// Serves those that are not served yet, and says so. To be called inside a [`LocalSet`](tokio::task::LocalSet).
    pub(crate) fn serve(&mut self, door: &Door) {
        for server in self.open.iter_mut().filter(|server| server.task.is_none()) {
            let face = Face::of(&server.settings, door, &self.namespaces, &self.pages);
            match server.socket.ear() {
                Ok(ear) => {
                    let serving = connection::serve(ear, Rc::new(face), self.busy.downgrade());
                    server.task = Some(tokio::task::spawn_local(serving).abort_handle());
                }
                Err(error) => {
                    let text =
                        format!("Server '{}' is not served: {error}", server.settings.section);
                    door.say(LogLevel::Error, &text);
                }
            }
        }
    }

    /// Says which servers there are, as Supervisor does when it has made them.
    pub(crate) fn announce(&self, door: &Door) {
        for server in &self.open {
            for name in &self.namespaces {
                door.say(LogLevel::Info, &format!("RPC interface '{name}' initialized"));
            }
            if !server.settings.asks_for_password() {
                let section = &server.settings.section;
                let text =
                    format!("Server '{section}' running without any HTTP authentication checking");
                door.say(LogLevel::Critical, &text);
            }
        }
        for HttpServer { section, .. } in &self.refused {
            let hint = HttpServer::OPEN_HINT;
            let text = format!("Server '{section}' would let anyone in and is not opened; {hint}");
            door.say(LogLevel::Critical, &text);
        }
    }

    /// Has the servers of another plan instead. Those that are the same in both are not touched, and neither is whoever
    /// is connected to them. What cannot be opened is said, and the others are there.
    pub(crate) fn adopt(&mut self, plan: &Plan, door: &Door) {
        let namespaces = namespaces(plan);
        let mut left: Vec<HttpServer> = plan.servers_to_open().into_iter().cloned().collect();
        let is_same = self.namespaces == namespaces;
        self.open.retain_mut(|server| {
            let found = left.iter().position(|settings| server.listens_as(settings));
            let Some(found) = found else { return false };
            let settings = left.remove(found);
            if !is_same || !server.asks_like(&settings) {
                server.task.take().into_iter().for_each(|task| task.abort());
            }
            server.settings = settings;
            true
        });
        self.refused = refused(plan);
        self.namespaces = namespaces;
        for settings in left {
            match Server::open(settings) {
                Ok(server) => self.open.push(server),
                Err(error) => door.say(LogLevel::Critical, &error.to_string()),
            }
        }
        self.serve(door);
    }

    /// Takes no more requests and waits until those that were taken are answered, but not longer than `patience`.
    pub(crate) async fn finish(mut self, patience: Duration) {
        drop(self.busy);
        // Somebody who does not read the answer keeps nobody.
        let _all = timeout(patience, self.answered.recv()).await;
    }
}

fn refused(plan: &Plan) -> Vec<HttpServer> {
    let servers = plan.servers.iter();
    servers.filter(|server| server.is_refused(&plan.visord)).cloned().collect()
}

/// The namespaces in which Supervisor's methods are.
pub(super) fn namespaces(plan: &Plan) -> Vec<String> {
    let interfaces = plan.rpc_interfaces.iter();
    let ours = interfaces.filter(|interface| interface.is_main());
    ours.map(|interface| interface.name.clone()).collect()
}

impl Server {
    fn open(settings: HttpServer) -> Result<Self, OpenError> {
        let socket = Socket::open(&settings.listen)
            .map_err(|cause| OpenError { server: settings.listen.clone(), cause })?;
        Ok(Self { settings, socket, task: None })
    }

    fn listens_as(&self, settings: &HttpServer) -> bool {
        self.settings.listen == settings.listen
    }

    fn asks_like(&self, settings: &HttpServer) -> bool {
        Credentials::of(&self.settings) == Credentials::of(settings)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.take().into_iter().for_each(|task| task.abort());
    }
}

impl Socket {
    fn open(listen: &Listen) -> Result<Self, SocketError> {
        match listen {
            Listen::Unix { file, chmod, chown } => {
                let owner = chown.as_ref().map(|user| (user.uid, user.gid));
                let listener = Listener::bind(file.as_ref(), Access { mode: *chmod, owner })?;
                if listener.was_stale() {
                    eprintln!("Unlinking stale socket {file}");
                }
                Ok(Self::Unix(listener))
            }
            Listen::Inet { host, port } => {
                let host = if host.is_empty() { "0.0.0.0" } else { host };
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                let bound = TcpListener::bind((bare, *port)).and_then(|listener| {
                    listener.set_nonblocking(true)?;
                    Ok(listener)
                });
                bound
                    .map(Self::Inet)
                    .map_err(|error| SocketError::System("listen on", host.into(), error))
            }
        }
    }

    fn ear(&self) -> io::Result<Ear> {
        match self {
            Self::Unix(listener) => listener.listen().map(Ear::Unix),
            Self::Inet(listener) => {
                tokio::net::TcpListener::from_std(listener.try_clone()?).map(Ear::Inet)
            }
        }
    }
}

impl fmt::Display for OpenError {
    /// Supervisor's sentences, with the place they are about.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, &self.server) {
            (
                SocketError::System("chown", _, error),
                Listen::Unix { file, chown: Some(user), .. },
            ) if error.kind() == io::ErrorKind::PermissionDenied => {
                let gid = if user.gid == u32::MAX { -1 } else { i64::from(user.gid) };
                write!(
                    f,
                    "Not permitted to chown {file} to uid/gid ({}, {gid}); adjust \"sockchown\" value in config file or \
                     on command line to values that the current user ({}) can successfully chown",
                    user.uid,
                    own_name()
                )
            }
            (SocketError::System(_, _, error), server) => match errno(error) {
                Some(Errno::EADDRINUSE) => write!(f, "{TAKEN} ({})", place(server)),
                Some(errno) => write!(
                    f,
                    "Cannot open an HTTP server: socket.error reported errno.{errno:?} ({}) ({})",
                    errno as i32,
                    place(server)
                ),
                None => write!(f, "Cannot open an HTTP server: {error} ({})", place(server)),
            },
            (SocketError::Taken(..), server) => write!(f, "{TAKEN} ({})", place(server)),
            (SocketError::NotOurs(..), _) => {
                write!(f, "Cannot open an HTTP server: {}", self.cause)
            }
        }
    }
}

/// Supervisor's words for an address that is in use.
const TAKEN: &str = "Another program is already listening on a port that one of our HTTP servers is configured to use.  \
                     Shut this program down first before starting supervisord.";

fn errno(error: &io::Error) -> Option<Errno> {
    error.raw_os_error().map(Errno::from_raw)
}

fn place(listen: &Listen) -> String {
    match listen {
        Listen::Unix { file, .. } => file.clone(),
        Listen::Inet { host, port } => {
            format!("{}:{port}", if host.is_empty() { "*" } else { host })
        }
    }
}

fn own_name() -> String {
    let uid = nix::unistd::geteuid();
    let user = crate::accounts::by_uid(uid.as_raw());
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::sync::Arc;

    use tokio::task::{LocalSet, spawn_local};
    use tokio::time::Instant;
    use visor_dbus::Notices;
    use visor_units::unit::Origin;

    use super::*;
    use crate::args::Args;
    use crate::configuration::Configuration;
    use crate::door::{Request, door};
    use crate::log::{MainLog, Pump};

    const CALL: &str = "<methodCall><methodName>supervisor.getPID</methodName></methodCall>";

    fn servers(socket: &Path) -> Servers {
        let (busy, answered) = mpsc::channel(1);
        let listen =
            Listen::Unix { file: socket.to_str().unwrap().to_owned(), chmod: 0o700, chown: None };
        let settings = HttpServer {
            section: "unix_http_server".to_owned(),
            origin: Origin::default(),
            listen,
            username: None,
            password: None,
        };
        Servers {
            open: vec![Server::open(settings).unwrap()],
            refused: Vec::new(),
            namespaces: vec!["supervisor".to_owned()],
            pages: Pages::new(),
            busy,
            answered,
        }
    }

    /// A door whose requests are there for the taking.
    fn a_door() -> (Door, mpsc::Receiver<Request>, Pump) {
        let args = Args::parse(["-c".into(), "/nowhere".into()]).unwrap();
        let configuration = Configuration::find("visord", "visord", &args).unwrap();
        let (pump, _tapped) = Pump::start(MainLog::new("visord")).unwrap();
        let (door, requests) = door(Arc::new(configuration), pump.clone(), Notices::new());
        (door, requests, pump)
    }

    /// Paused time runs on by itself while every task waits, so a wait for anybody else would last for ever.
    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn the_end_waits_for_those_who_are_being_answered_and_for_nobody_else() {
        const YEAR: Duration = Duration::from_secs(365 * 86_400);
        let serving = async {
            let directory = tempfile::tempdir().unwrap();
            let socket = directory.path().join("http");
            let (mut servers, (door, mut requests, pump)) = (servers(&socket), a_door());
            servers.serve(&door);
            let head = |length| format!("POST /RPC2 HTTP/1.0\r\nContent-Length: {length}\r\n\r\n");
            let begun = ["".to_owned(), "GET / HT".to_owned(), head(9000) + "half"];
            let connect = |said: &str| {
                let mut client = UnixStream::connect(&socket).unwrap();
                client.write_all(said.as_bytes()).unwrap();
                client
            };
            let _silent = begun.map(|said| connect(&said));
            let mut asking = connect(&(head(CALL.len()) + CALL));
            let asked = requests.recv().await.unwrap();
            let began = Instant::now();
            let ending = spawn_local(servers.finish(YEAR));
            tokio::task::yield_now().await;
            assert!(!ending.is_finished());
            drop((asked, requests));
            ending.await.unwrap();
            assert_eq!(began.elapsed(), Duration::ZERO);
            let mut answer = String::new();
            asking.read_to_string(&mut answer).unwrap();
            assert!(answer.contains("SHUTDOWN_STATE"), "{answer}");
            pump.stop();
        };
        LocalSet::new().run_until(serving).await;
    }
}
