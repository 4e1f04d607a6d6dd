//! Stories of the engine, in simulated time and in the words of Supervisor's manual.

mod stage;

mod commands;
mod day;
mod dependencies;
mod exiting;
mod groups;
mod laws;
mod ordering;
mod pacing;
mod restarting;
mod saving;
mod shutting_down;
mod starting;
mod stopping;
mod transitions;
mod updating;
mod world;
