//! Doing what the announcer decided: bytes to listeners, lines to the log.

use std::collections::VecDeque;

use visor_units::announce::{Effect, Heard};

use crate::clock;
use crate::core::Core;

impl Core {
    /// Tells the announcer something, and does what comes of it.
    pub(crate) fn announce(&mut self, heard: Heard) {
        let mut pending = VecDeque::from([heard]);
        while let Some(heard) = pending.pop_front() {
            let mut effects = Vec::new();
            self.announcer.step(clock::now(), heard, &mut effects);
            for effect in effects {
                pending.extend(self.tell(effect));
            }
        }
    }

    /// Does one thing. What is to be heard of it, if anything.
    fn tell(&mut self, effect: Effect) -> Option<Heard> {
        match effect {
            Effect::Write { key, pid, bytes } => {
                let written = self.inputs.tell(pid, &bytes);
                return written.err().map(|_| Heard::Unsent { key });
            }
            Effect::Print(bytes) => self.pump.print(bytes),
            Effect::Log { level, text } => self.say(level, &text),
        }
        None
    }
}
