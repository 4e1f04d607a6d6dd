//! What the core hears of programs' output: what listeners say, and what is to be announced.
//!
//! The core never waits for the pump, nor the pump for the core. Where the core is behind by more than [`ROOM`], the
//! programs whose output goes there wait, as they do for a full pipe: nothing of a listener's protocol may be lost, and
//! what a program was told would be announced is worth a wait of milliseconds. Of a process that has ended everything is
//! taken at once, which is what its pipes held and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use visor_units::announce::Heard;

use super::mailbox::Post;
use super::pump::Order;

/// Bytes that may be on their way.
const ROOM: usize = 1 << 20;

/// What a message weighs beside its bytes.
const MESSAGE: usize = 128;

/// The pump's end.
pub(super) struct Tap {
    queue: UnboundedSender<Heard>,
    weight: Arc<AtomicUsize>,
}

/// The core's end.
pub(crate) struct Tapped {
    queue: UnboundedReceiver<Heard>,
    weight: Arc<AtomicUsize>,
    pump: Post<Order>,
}

/// Makes both ends. `pump` is told when there is room again.
pub(super) fn tap(pump: Post<Order>) -> (Tap, Tapped) {
    let (sender, queue) = unbounded_channel();
    let weight = Arc::default();
    let tap = Tap { queue: sender, weight: Arc::clone(&weight) };
    (tap, Tapped { queue, weight, pump })
}

impl Tap {
    /// Hands something over. After the end of the core nobody is left to hear it.
    pub(super) fn send(&self, heard: Heard) {
        let weight = weight(&heard);
        self.weight.fetch_add(weight, Ordering::AcqRel);
        if self.queue.send(heard).is_err() {
            self.weight.fetch_sub(weight, Ordering::AcqRel);
        }
    }

    /// Whether the core is behind.
    pub(super) fn is_full(&self) -> bool {
        self.weight.load(Ordering::Acquire) >= ROOM
    }
}

impl Tapped {
    /// The next message. Waits for one for ever, also when there is no pump any more.
    pub(crate) async fn next(&mut self) -> Heard {
        let Some(heard) = self.queue.recv().await else { return std::future::pending().await };
        let weight = weight(&heard);
        let before = self.weight.fetch_sub(weight, Ordering::AcqRel);
        if before >= ROOM && before - weight < ROOM {
            self.pump.send(Order::Resume);
        }
        heard
    }
}

fn weight(heard: &Heard) -> usize {
    MESSAGE
        + match heard {
            Heard::Said { bytes, .. } => bytes.len(),
            Heard::Output(output) => output.data.len(),
            _ => 0,
        }
}
