//! Stories with the real binaries. One file per theme; every test says what a user does and sees.

mod bad_input;
mod browser;
mod configuration;
mod container;
mod ease;
mod ending;
mod fastcgi;
mod first_run;
mod hostile;
mod http;
mod listeners;
mod neighbours;
mod old_name;
mod order;
mod resources;
mod scale;
mod shell;
mod static_build;
mod streams;
mod system;
mod web_page;
