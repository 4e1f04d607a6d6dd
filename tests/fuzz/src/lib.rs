//! What the fuzzers of the HTTP side share: a daemon in this process, its clients, and what they are answered.

pub mod answer;
pub mod html;
pub mod stage;
