//! One connection being served: calls in, answers and signals out, by one task.
//!
//! A call is decoded, and answered before the next one is read: a peer that asks faster than it reads is held back by
//! its own socket, and what it costs has a bound. Calls that may take long (they wait for a state, or for the judge)
//! are begun in order and go on beside the others, a bounded number of them. Signals wait in an [`Inbox`]. The core is
//! never waited for by, and never waits for, a peer.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
use tokio::task::JoinSet;
use tokio::task::coop::consume_budget;
use visor_units::engine::Requester;
use visor_units::fault::Fault;
use zbus::message::Type;
use zbus::{Connection, Message, MessageStream};

use crate::announce::{Announcer, Pending};
use crate::dispatch::{Named, Target};
use crate::fault::{CallError, error_name, reason};
use crate::notices::{Batch, Inbox};
use crate::senders::{Next, Senders, identify};
use crate::server::{Call, Server, refuse};
use crate::{Authority, Backend};

/// Calls of one caller that may be on their way at once.
const CALLS_OF_ONE: usize = 64;
/// Calls of all callers of a connection that may be on their way at once.
const CALLS_OF_ALL: usize = 512;
/// Signals written at once.
const SIGNALS: usize = 64;
/// How long a peer may not read before it is let go. A bus is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The other side closed it, or broke the protocol.
    Closed(String),
    /// The other side did not read for too long.
    Stuck,
    /// The bus took the name away.
    NameLost,
}

/// The other side.
pub(crate) enum Other {
    /// One program, known since it connected.
    Peer(Requester),
    /// A bus with many programs.
    Bus(Senders),
}

/// A connection being served.
pub(crate) struct Link<B, A> {
    server: Server<B, A>,
    connection: Connection,
    stream: MessageStream,
    other: Other,
    inbox: Inbox,
    announcer: Announcer,
    tasks: JoinSet<Finished>,
    begun: HashMap<String, usize>,
}

/// What a task of a link came to.
enum Finished {
    /// A call of this caller is done.
    Answered(String, Option<Message>),
    /// This caller is known now.
    Identified(String, Requester),
}

impl<B: Backend, A: Authority> Link<B, A> {
    pub(crate) async fn new(server: Server<B, A>, stream: MessageStream, other: Other) -> Self {
        // Before the state is read, so that nothing falls between.
        let inbox = server.notices.subscribe();
        let announcer = Announcer::new(server.backend.manager().await);
        Self {
            connection: Connection::from(&stream),
            server,
            stream,
            other,
            inbox,
            announcer,
            tasks: JoinSet::new(),
            begun: HashMap::new(),
        }
    }

    /// Serves until the connection ends.
    pub(crate) async fn run(mut self) -> Ended {
        loop {
            let step = tokio::select! {
                message = next(&mut self.stream) => match message {
                    Some(Ok(message)) => self.receive(message).await,
                    Some(Err(error)) => Err(Ended::Closed(reason(&error))),
                    None => Err(Ended::Closed("closed".to_owned())),
                },
                Some(done) = self.tasks.join_next() => match done {
                    Ok(finished) => self.finish(finished).await,
                    Err(failed) => Err(Ended::Closed(failed.to_string())),
                },
                batch = self.inbox.take() => match batch {
                    Some(batch) => self.announce(batch).await,
                    None => Err(self.end().await),
                },
            };
            if let Err(ended) = step {
                return ended;
            }
            consume_budget().await;
        }
    }

    /// Sends the answers that are still owed.
    async fn end(&mut self) -> Ended {
        while let Some(Ok(finished)) = self.tasks.join_next().await {
            if let Err(ended) = self.finish(finished).await {
                return ended;
            }
        }
        Ended::Closed("visord ends".to_owned())
    }

    async fn receive(&mut self, message: Message) -> Result<(), Ended> {
        match message.message_type() {
            Type::MethodCall => {}
            Type::Signal if is_name_lost(&message) => return Err(Ended::NameLost),
            Type::Signal | Type::MethodReturn | Type::Error => return Ok(()),
        }
        let senders = match &mut self.other {
            Other::Peer(who) => {
                let who = who.clone();
                return self.begin(message, String::new(), who).await;
            }
            Other::Bus(senders) => senders,
        };
        let Some(sender) = message.header().sender().map(ToString::to_string) else {
            return Ok(());
        };
        let matters = target(&message).is_some_and(|target| target.action().is_some());
        match senders.admit(message, &sender, matters) {
            Next::Answer(message, who) => self.begin(message, sender, who).await,
            Next::Wait => Ok(()),
            Next::Refuse(message) => self.refuse_busy(&message).await,
            Next::Ask(sender) => {
                let asking = identify(self.connection.clone(), sender);
                self.tasks.spawn_local(async {
                    let (sender, who) = asking.await;
                    Finished::Identified(sender, who)
                });
                Ok(())
            }
        }
    }

    /// Begins a call. What is answered at once, and reading on a peer's own connection, keeps the connection busy;
    /// the rest goes on beside it.
    async fn begin(
        &mut self,
        message: Message,
        caller: String,
        who: Requester,
    ) -> Result<(), Ended> {
        let beside = target(&message).is_some_and(|target| self.is_slow(target));
        let busy = self.begun.get(&caller).copied().unwrap_or(0);
        if beside && (busy >= CALLS_OF_ONE || self.tasks.len() >= CALLS_OF_ALL) {
            return self.refuse_busy(&message).await;
        }
        let mut answer = Box::pin(self.server.clone().answer(Call { message, who }));
        if !beside {
            let reply = answer.await;
            return self.send(reply.as_slice()).await;
        }
        // Polled once here, so that orders reach the core in the order they came.
        match poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
            Poll::Ready(reply) => self.send(reply.as_slice()).await,
            Poll::Pending => {
                *self.begun.entry(caller.clone()).or_default() += 1;
                self.tasks.spawn_local(async { Finished::Answered(caller, answer.await) });
                Ok(())
            }
        }
    }

    /// Whether others must not wait for this call. A peer that asks for a large table has only itself to wait for.
    fn is_slow(&self, target: Target) -> bool {
        target.action().is_some() || (matches!(self.other, Other::Bus(_)) && target.is_large())
    }

    async fn finish(&mut self, finished: Finished) -> Result<(), Ended> {
        match finished {
            Finished::Answered(caller, reply) => {
                if let Some(busy) = self.begun.get_mut(&caller) {
                    *busy -= 1;
                    if *busy == 0 {
                        self.begun.remove(&caller);
                    }
                }
                self.send(reply.as_slice()).await
            }
            Finished::Identified(sender, who) => {
                let Other::Bus(senders) = &mut self.other else { return Ok(()) };
                for message in senders.identified(sender.clone(), who.clone()) {
                    self.begin(message, sender.clone(), who.clone()).await?;
                }
                Ok(())
            }
        }
    }

    async fn refuse_busy(&self, message: &Message) -> Result<(), Ended> {
        let error = CallError::new(
            error_name(Fault::RateLimited),
            format!("{CALLS_OF_ONE} calls of yours are not answered yet"),
        );
        self.send(refuse(&message.header(), &error).as_slice()).await
    }

    /// Tells what happened.
    async fn announce(&mut self, batch: Batch) -> Result<(), Ended> {
        let mut pending = Pending::new(batch);
        loop {
            let signals = self.announcer.next(&mut pending, SIGNALS).map_err(unwritable)?;
            if signals.is_empty() {
                break;
            }
            self.send(&signals).await?;
        }
        self.announcer.count_dropped(&pending);
        self.resync(&pending).await?;
        if pending.failures_moved {
            let manager = self.server.backend.manager().await;
            let mut signals = Vec::new();
            self.announcer.manager(&mut signals, &manager).map_err(unwritable)?;
            self.send(&signals).await?;
        }
        Ok(())
    }

    /// Tells the present state of every process of which changes were left out.
    async fn resync(&self, pending: &Pending) -> Result<(), Ended> {
        let lost: HashMap<_, _> = pending.lost().collect();
        if lost.is_empty() {
            return Ok(());
        }
        let kinds = self.server.kinds().await;
        for row in self.server.backend.rows().await {
            if let Some(from) = lost.get(&row.key) {
                let signals = self.announcer.resync(*from, &kinds.view(row)).map_err(unwritable)?;
                self.send(&signals).await?;
            }
        }
        Ok(())
    }

    async fn send(&self, messages: &[Message]) -> Result<(), Ended> {
        let sending = self.connection.send_all(messages);
        let sent = match self.other {
            Other::Bus(_) => sending.await,
            Other::Peer(_) => {
                tokio::time::timeout(PATIENCE, sending).await.map_err(|_| Ended::Stuck)?
            }
        };
        sent.map_err(|error| Ended::Closed(reason(&error)))
    }
}

/// The next message of a stream.
pub(crate) async fn next(stream: &mut MessageStream) -> Option<zbus::Result<Message>> {
    poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}

fn target(message: &Message) -> Option<Target> {
    let header = message.header();
    let (_, target) = Named::read(&header).ok()?.resolve().ok()?;
    Some(target)
}

fn is_name_lost(message: &Message) -> bool {
    let header = message.header();
    let from_bus = header.sender().is_some_and(|sender| sender == "org.freedesktop.DBus");
    from_bus
        && header.member().is_some_and(|member| member == "NameLost")
        && message.body().deserialize::<&str>().is_ok_and(|name| name == crate::BUS_NAME)
}

fn unwritable(error: zbus::Error) -> Ended {
    Ended::Closed(format!("signal not written: {error}"))
}
