//! Who speaks on a bus: the credentials behind unique names.
//!
//! A unique name is never used again while its bus lives, and the credentials behind it never change. So what was once
//! asked stays true for the whole connection, and nothing has to be forgotten when a caller leaves; the table is only
//! kept small. (Watching every name would wake the daemon for every program that comes and goes on the bus.)

use std::collections::{HashMap, VecDeque};

use visor_units::engine::Requester;
use zbus::{Connection, Message, OwnedVariant};

/// Callers remembered at once.
const REMEMBERED: usize = 128;
/// Calls that wait for the credentials of one caller.
const WAITING: usize = 64;

/// Callers of one bus connection.
#[derive(Default)]
pub(crate) struct Senders {
    known: HashMap<String, Requester>,
    oldest: VecDeque<String>,
    asked: HashMap<String, Vec<Message>>,
}

/// What to do with a call.
pub(crate) enum Next {
    /// Answer it.
    Answer(Message, Requester),
    /// Find out who this is; the call waits meanwhile.
    Ask(String),
    /// Nothing: it waits for an answer that is on its way.
    Wait,
    /// Refuse it: too many wait.
    Refuse(Message),
}

impl Senders {
    /// Judges a call of `sender`; `matters` is whether it must be known who that is. Calls of one sender stay in order.
    pub(crate) fn admit(&mut self, message: Message, sender: &str, matters: bool) -> Next {
        if let Some(waiting) = self.asked.get_mut(sender) {
            if waiting.len() >= WAITING {
                return Next::Refuse(message);
            }
            waiting.push(message);
            return Next::Wait;
        }
        match self.known.get(sender) {
            Some(who) => Next::Answer(message, who.clone()),
            None if !matters => Next::Answer(message, anonymous(sender)),
            None => {
                self.asked.insert(sender.to_owned(), vec![message]);
                Next::Ask(sender.to_owned())
            }
        }
    }

    /// Remembers who `sender` is, if that was found out, and gives back the calls that waited for it.
    pub(crate) fn identified(&mut self, sender: String, who: Requester) -> Vec<Message> {
        let waited = self.asked.remove(&sender).unwrap_or_default();
        if who.uid.is_none() {
            return waited;
        }
        if self.oldest.len() >= REMEMBERED
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.oldest.push_back(sender.clone());
        self.known.insert(sender, who);
        waited
    }
}

/// Asks the bus who `sender` is. What the bus does not say is not known, and nobody in particular may do nothing in
/// particular.
pub(crate) async fn identify(connection: Connection, sender: String) -> (String, Requester) {
    const BUS: &str = "org.freedesktop.DBus";
    let asked = connection
        .call_method(
            Some(BUS),
            "/org/freedesktop/DBus",
            Some(BUS),
            "GetConnectionCredentials",
            &sender.as_str(),
        )
        .await;
    let mut who = anonymous(&sender);
    let said = asked.and_then(|reply| reply.body().deserialize::<HashMap<String, OwnedVariant>>());
    if let Ok(said) = said {
        let number = |key| said.get(key).and_then(|value| u32::try_from(value).ok());
        who.uid = number("UnixUserID");
        who.pid = number("ProcessID");
    }
    (sender, who)
}

fn anonymous(sender: &str) -> Requester {
    Requester { uid: None, pid: None, via: format!("bus {sender}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Message {
        Message::method_call("/org/visord1", "Shutdown").build(&()).unwrap()
    }

    fn user(uid: Option<u32>) -> Requester {
        Requester { uid, pid: None, via: "bus :1.7".into() }
    }

    fn serial(message: &Message) -> u32 {
        message.primary_header().serial_num().get()
    }

    #[test]
    fn calls_wait_in_order_while_the_bus_is_asked_who_it_is() {
        let mut senders = Senders::default();
        let calls = [call(), call(), call()];
        let [first, second, third] = calls.clone();
        assert!(
            matches!(senders.admit(first, ":1.7", true), Next::Ask(sender) if sender == ":1.7")
        );
        assert!(matches!(senders.admit(second, ":1.7", false), Next::Wait));
        assert!(matches!(senders.admit(call(), ":1.8", false), Next::Answer(..)), "others go on");
        assert!(matches!(senders.admit(third, ":1.7", true), Next::Wait));
        let waited = senders.identified(":1.7".into(), user(Some(7)));
        assert_eq!(waited.iter().map(serial).collect::<Vec<_>>(), calls.each_ref().map(serial));
        let next = senders.admit(call(), ":1.7", true);
        assert!(
            matches!(next, Next::Answer(_, who) if who.uid == Some(7)),
            "it is not asked again"
        );
    }

    #[test]
    fn a_caller_that_the_bus_did_not_name_is_asked_for_again() {
        let mut senders = Senders::default();
        assert!(matches!(senders.admit(call(), ":1.7", true), Next::Ask(_)));
        assert_eq!(senders.identified(":1.7".into(), user(None)).len(), 1);
        assert!(matches!(senders.admit(call(), ":1.7", true), Next::Ask(_)));
    }

    #[test]
    fn neither_waiting_calls_nor_remembered_callers_grow_without_end() {
        let mut senders = Senders::default();
        let admitted =
            (0..1000).filter(|_| !matches!(senders.admit(call(), ":1.7", true), Next::Refuse(_)));
        assert_eq!(admitted.count(), WAITING);
        for n in 0..1000 {
            senders.identified(format!(":1.{n}"), user(Some(n)));
        }
        assert_eq!((senders.known.len(), senders.oldest.len()), (REMEMBERED, REMEMBERED));
    }
}
