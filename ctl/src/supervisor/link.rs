//! The connection to the server, shared by the commands and the completion of the shell.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use tokio::runtime::{Builder, Runtime};
use visor_units::xmlrpc::Value;

use super::exception::{Exception, Kind};
use super::options::Options;
use crate::remote::{ProcessInfo, Remote, Reply};

/// Asks, and waits for the answer; in the shell Ctrl-C gives it up.
pub(super) struct Link {
    runtime: Runtime,
    remote: RefCell<Remote>,
    shell: bool,
    /// Every process, for completion: asked for once between two commands.
    known: RefCell<Option<Rc<[ProcessInfo]>>>,
}

impl Link {
    pub(super) fn new(options: &Options) -> io::Result<Self> {
        let ctl = &options.ctl;
        let login = ctl.username.clone().zip(ctl.password.clone());
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build()?,
            remote: RefCell::new(Remote::new(&ctl.serverurl, login)),
            shell: options.words.is_empty(),
            known: RefCell::default(),
        })
    }

    /// The server.
    pub(super) fn remote(&self) -> Remote {
        self.remote.borrow().clone()
    }

    /// Where the server is, as it was named.
    pub(super) fn url(&self) -> String {
        self.remote.borrow().url().to_owned()
    }

    pub(super) fn set_url(&self, url: &str) {
        self.remote.borrow_mut().set_url(url);
    }

    pub(super) fn set_login(&self, login: (String, String)) {
        self.remote.borrow_mut().set_login(login);
    }

    /// Calls a method of `supervisor.`.
    #[track_caller]
    pub(super) fn ask<R: Reply>(
        &self,
        method: &str,
        params: impl Into<Vec<Value>>,
    ) -> Result<R, Exception> {
        let remote = self.remote();
        let answer = async { remote.ask(method, params).await };
        let answer = if self.shell { self.interruptible(answer)? } else { self.wait(answer) };
        Ok(answer?)
    }

    /// Waits for something.
    pub(super) fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    /// Waits for something until Ctrl-C.
    #[track_caller]
    pub(super) fn interruptible<T>(&self, what: impl Future<Output = T>) -> Result<T, Exception> {
        let done = self.runtime.block_on(async {
            tokio::select! {
                done = what => Some(done),
                _ = tokio::signal::ctrl_c() => None,
            }
        });
        done.ok_or_else(|| Kind::Interrupt.into())
    }

    /// Every process there is, as far as is known; none if the server does not answer.
    pub(super) fn known(&self) -> Rc<[ProcessInfo]> {
        let mut known = self.known.borrow_mut();
        let ask = || self.ask::<Vec<ProcessInfo>>("getAllProcessInfo", []).unwrap_or_default();
        Rc::clone(known.get_or_insert_with(|| ask().into()))
    }

    /// What was known may be so no longer.
    pub(super) fn forget(&self) {
        self.known.take();
    }
}
