//! The state machine of every process, as one value.
//!
//! The caller owns the clock, the processes and one timer:
//!
//! ```text
//! loop {
//!     wait for an event, or for engine.deadline()
//!     engine.step(now, event, &mut effects)
//!     perform every effect, in order
//! }
//! ```
//!
//! `step` first expires everything that is due at `now`, whatever the event; a spurious wake-up does nothing. Deciding
//! never waits: what must wait (for RUNNING, for a dependency, for the answer of a command) is data in here. The cost of
//! an event depends on what it changes, not on how many programs there are.
//!
//! # Where things are
//!
//! The words: [`Event`] in, [`Effect`] out, [`Command`], [`State`], [`Cause`], [`Row`].
//!
//! The decisions, one file each: `start` (what a start pulls in and waits for), `restart` (what becomes of a process that
//! ended), `stop`, `ask` (commands), `ledger` (open questions), `group` and `update` (the set of groups), `shutdown`, `exit_when`
//! (ending by itself).
//! Under them `process` (what is remembered of one), `turn` (one step in progress; the only place where a state
//! changes), `timers`, and `machine` ([`Engine`] itself). What makes a dependency good enough to go on (a condition, a
//! probe) is one question, `Process::outlook`; what is in the way of a launch is one set, `Turn::obstacles`.
//!
//! # Where it differs from Supervisor
//!
//! States, texts and codes are Supervisor's. Its loop looks at time once a second and so does things up to a second
//! late; here they happen when they are due. Time is monotonic, so there are no rules for a clock that goes back. A
//! process that could not be signalled (UNKNOWN) may end later without harm. What dependencies add is told in `start`
//! and `stop`; without them nothing waits for anything at a start, as in Supervisor.

mod ask;
mod cause;
mod command;
mod effect;
mod event;
mod exit_when;
mod group;
mod ledger;
mod machine;
mod process;
mod restart;
mod shutdown;
mod snapshot;
mod start;
mod state;
mod stop;
mod timers;
mod turn;
mod update;

pub use cause::{Cause, Requester};
pub use command::{Answer, Command, Outcome, Ticket, Whom};
pub use effect::{Change, Effect, Ending};
pub use event::Event;
pub use machine::Engine;
pub use snapshot::{Counts, Links, Row, RunResult};
pub use state::{Mood, State, SubState, TRANSITIONS};

use serde::{Deserialize, Serialize};

/// The handle of a process in the engine. Never used again for another process while the daemon lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(pub u32);
