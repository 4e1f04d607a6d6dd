//! From configuration text to a [`Plan`].
//!
//! All IO is the caller's: it implements [`Host`]. All problems are reported at once, each with its place.

mod diagnostic;
mod environment;
mod environment_file;
mod expand;
mod footgun;
mod host;
mod include;
mod kinds;
mod lint;
mod load;
mod machine;
mod native;
pub mod options;
mod pattern;
mod plan;
pub(crate) mod python;
mod reader;
mod report;
mod sample;
mod search;
mod source;
pub(crate) mod spelling;
mod text;
mod translate;

pub use diagnostic::{Diagnostic, Severity, Source, Span};
pub use host::Host;
pub use kinds::Kind;
pub use load::{load, load_ctl, load_visord};
pub use pattern::{Listing, glob};
pub use plan::{Difference, Plan};
pub use python::{int, repr, repr_bytes};
pub use sample::sample;
pub use search::{default_paths, find};

/// What to read, and how strictly.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The file, as the user named it.
    pub file: String,
    /// Judge a conf.d snippet by itself: no `[supervisord]` section is needed.
    pub fragment: bool,
    /// Judge without this machine: users, directories and binaries are not looked up. `root` is then user 0, a number
    /// is itself, and every other name is user 1000; the group has the same number.
    pub no_host: bool,
    /// Options of `[supervisord]` that the command line lays over the file, as key and text.
    pub overrides: Vec<(String, String)>,
}

/// What came of reading a configuration.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The meaning; `None` if there is an error among the diagnostics.
    pub plan: Option<Plan>,
    /// Every problem found, in file order.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file read, the main one first, for quoting.
    pub sources: Vec<Source>,
    /// What Supervisor would have ended with: the first error in the order in which it reads; `None` if there is none.
    pub refusal: Option<String>,
}
