//! Problems of a configuration, as data. How they are drawn is the face's business.

use serde::{Deserialize, Serialize};

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Whether the configuration can be used in spite of it.
    pub severity: Severity,
    /// Where it is; `None` if it has no place (a section that is missing).
    pub span: Option<Span>,
    /// What is wrong, in Supervisor's words where it has some.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Other places that belong to it, each with what it is (the edges of a cycle).
    pub related: Vec<(Span, String)>,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably not meant.
    Warning,
    /// Refused.
    Error,
}

/// A stretch of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Byte range in the decoded text of the file.
    pub start: usize,
    /// End of the byte range.
    pub end: usize,
}

/// The text of a file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The file as it was named.
    pub file: String,
    /// Its text, as decoded.
    pub text: String,
}
