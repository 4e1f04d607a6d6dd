//! Configuration text to units, from outside: what is accepted, what it means, and what is said about the rest.

mod dialect;
mod environment_file;
mod expansion;
mod files;
mod host;
mod laws;
mod native;
mod problems;
mod program;
mod sample;
mod program_default;
mod samples;
mod servers;
mod sound;
