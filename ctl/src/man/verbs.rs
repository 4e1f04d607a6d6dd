//! visorctl(1), of the command line.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::args::CommandLine;
use crate::exit::Exit;

/// Title to options, every command, and what is written by hand.
pub(super) fn page() -> io::Result<Vec<u8>> {
    let mut command = CommandLine::command();
    command.build();
    let man = Man::new(command.clone()).manual("visord").date("");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    writeln!(page, ".SH COMMANDS")?;
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        write_verb(verb, &mut page)?;
    }
    write_exit_status(&mut page)?;
    page.extend(include_bytes!("../../../packaging/man/visorctl.1.tail"));
    Ok(page)
}

/// A subsection with what is particular to a verb: the options that every verb has are described once.
fn write_verb(verb: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let particular = |arg: clap::Arg| {
        let common = arg.is_global_set() || arg.get_id() == "help";
        arg.hide(common)
    };
    let usage = verb.clone().render_usage().to_string();
    let man = Man::new(verb.clone().mut_args(particular));
    let mut sections = Vec::new();
    man.render_description_section(&mut sections)?;
    man.render_options_section(&mut sections)?;
    writeln!(page, ".SS {}", verb.get_name())?;
    writeln!(page, ".B {}", usage.trim_start_matches("Usage: ").replace('-', "\\-"))?;
    for line in String::from_utf8_lossy(&sections).lines().filter(|line| *line != ".SH OPTIONS") {
        writeln!(page, "{}", if line == ".SH DESCRIPTION" { ".PP" } else { line })?;
    }
    Ok(())
}

fn write_exit_status(page: &mut Vec<u8>) -> io::Result<()> {
    writeln!(page, ".SH EXIT STATUS")?;
    for exit in Exit::ALL {
        writeln!(page, ".TP\n{}\n{}", exit.code(), exit.meaning())?;
    }
    writeln!(page, ".PP\nWith several names, the highest of their codes.")
}
