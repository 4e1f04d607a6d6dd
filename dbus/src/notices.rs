//! From the core to every connection: what happened, without ever waiting for a reader.
//!
//! Each connection has an inbox. A notice is stored once and shared by all of them. An inbox that is full keeps, for
//! every process with a change that no longer fits, only the state it was last told; the reader then tells the present
//! state once. So the memory held for a reader that does not read has a bound, and what it is told at last is true.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use visor_units::engine::{Key, State};

use crate::Notice;

/// State changes that wait in one inbox before they are coalesced. A program that starts makes two of them.
const LIMIT: usize = 16_384;
/// Notices taken at once: changes of one process among them are told as one change of its properties.
const TAKEN: usize = 64;

/// Where the core publishes. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    inboxes: Arc<Mutex<Vec<Weak<Slot>>>>,
    end: Arc<End>,
}

/// There will be no more notices.
#[derive(Debug, Default)]
struct End {
    has_come: AtomicBool,
    /// Rings when an inbox goes.
    gone: Notify,
}

/// The reading end of one who listens.
#[derive(Debug)]
pub struct Inbox {
    slot: Arc<Slot>,
}

/// What waited in an inbox.
#[derive(Debug, Default)]
pub struct Batch {
    /// In order.
    pub notices: VecDeque<Arc<Notice>>,
    /// Processes with changes that did not fit, and the state each was last told to be in.
    pub lost: BTreeMap<Key, State>,
    /// How many changes did not fit.
    pub dropped: u64,
}

#[derive(Debug)]
struct Slot {
    waiting: Mutex<Batch>,
    wake: Notify,
    end: Arc<End>,
}

impl Notices {
    /// Nobody listens yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether anybody listens; if not, a notice need not even be made.
    #[must_use]
    pub fn has_listeners(&self) -> bool {
        lock(&self.inboxes).iter().any(|slot| slot.strong_count() > 0)
    }

    /// Tells every connection. Never waits.
    pub fn publish(&self, notice: Notice) {
        let notice = Arc::new(notice);
        lock(&self.inboxes).retain(|slot| {
            let Some(slot) = slot.upgrade() else { return false };
            lock(&slot.waiting).push(&notice);
            slot.wake.notify_one();
            true
        });
    }

    /// An inbox for what is published from now on.
    #[must_use]
    pub fn subscribe(&self) -> Inbox {
        let slot = Arc::new(Slot::new(Arc::clone(&self.end)));
        lock(&self.inboxes).push(Arc::downgrade(&slot));
        Inbox { slot }
    }

    /// Says that there will be no more, and waits until every connection has sent what it owes, answers included; at
    /// most for `patience`.
    pub async fn finish(&self, patience: Duration) {
        self.end.has_come.store(true, Ordering::Release);
        lock(&self.inboxes)
            .iter()
            .filter_map(Weak::upgrade)
            .for_each(|slot| slot.wake.notify_one());
        let all_gone = async {
            while self.has_listeners() {
                self.end.gone.notified().await;
            }
        };
        // Who does not read has had its chance.
        let _late = tokio::time::timeout(patience, all_gone).await;
    }
}

impl Inbox {
    /// Waits until something is there and takes it, or the beginning of it; `None` if there will be nothing more. Dropping
    /// the future loses nothing.
    pub async fn take(&self) -> Option<Batch> {
        loop {
            let has_ended = self.slot.end.has_come.load(Ordering::Acquire);
            let batch = lock(&self.slot.waiting).take();
            if !batch.is_empty() {
                return Some(batch);
            }
            if has_ended {
                return None;
            }
            self.slot.wake.notified().await;
        }
    }
}

impl Slot {
    fn new(end: Arc<End>) -> Self {
        Self { waiting: Mutex::default(), wake: Notify::new(), end }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // One permit is enough: whoever waits looks again at all of them.
        self.end.gone.notify_one();
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.notices.is_empty() && self.dropped == 0
    }

    /// The beginning; what did not fit comes after all that did.
    fn take(&mut self) -> Self {
        if self.notices.len() <= TAKEN {
            return std::mem::take(self);
        }
        Self { notices: self.notices.drain(..TAKEN).collect(), ..Self::default() }
    }

    /// Coming and going of processes is always kept: it is rare, and without it a reader's table would be wrong.
    fn push(&mut self, notice: &Arc<Notice>) {
        let subject = match &**notice {
            Notice::Changed(change, _) => Some((change.key, change.from)),
            Notice::Refreshed(row) => Some((row.key, row.state)),
            Notice::Added(..) | Notice::Removed(..) | Notice::Manager(_) => None,
        };
        if let Some((key, last_told)) = subject
            && (self.notices.len() >= LIMIT || self.lost.contains_key(&key))
        {
            self.lost.entry(key).or_insert(last_told);
            self.dropped += 1;
        } else {
            self.notices.push_back(Arc::clone(notice));
        }
    }
}

/// Locks; a panic of another holder leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
