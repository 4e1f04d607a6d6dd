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
mod program_default;
mod sample;
mod samples;
mod servers;
mod sound;
