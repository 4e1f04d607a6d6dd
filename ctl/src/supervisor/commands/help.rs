//! `help`: what there is, and what it does.

use super::{COMMANDS, Done};
use crate::supervisor::session::Session;

/// Columns of the list.
const WIDTH: usize = 79;

pub(super) fn run(session: &mut Session, topic: &str) -> Done {
    match topic {
        "" => list(session),
        "help" => session.say(
            "help\t\tPrint a list of available actions\nhelp <action>\tPrint help for <action>",
        ),
        topic => of(session, topic),
    }
    Ok(())
}

/// Shows what a command does.
pub(in crate::supervisor) fn of(session: &Session, topic: &str) {
    match COMMANDS.iter().find(|command| command.name == topic) {
        Some(command) => session.say(command.help),
        None => session.say(&format!("*** No help on {topic}")),
    }
}

fn list(session: &Session) {
    let header = "default commands (type help <topic>):";
    let names = COMMANDS.map(|command| command.name);
    session.say(&format!("\n{header}\n{}\n{}", "=".repeat(header.len()), columns(&names)));
}

/// Names down columns of their own width, in as few rows as fit.
fn columns(names: &[&str]) -> String {
    let width = |column: &[&str]| column.iter().map(|name| name.len()).max().unwrap_or(0);
    let mut rows = 1;
    let widths = loop {
        let widths: Vec<usize> = names.chunks(rows).map(width).collect();
        let total = widths.iter().sum::<usize>() + 2 * (widths.len() - 1);
        if total <= WIDTH || rows >= names.len() {
            break widths;
        }
        rows += 1;
    };
    let row = |row: usize| {
        let cells = names.chunks(rows).zip(&widths);
        let cells = cells.filter_map(|(column, width)| Some((column.get(row)?, width)));
        let cells: Vec<String> = cells.map(|(name, width)| format!("{name:width$}")).collect();
        cells.join("  ") + "\n"
    };
    (0..rows).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_columns() {
        assert_eq!(
            columns(&COMMANDS.map(|command| command.name)),
            "add    exit      open  reload  restart   start   tail   \n\
             avail  fg        pid   remove  shutdown  status  update \n\
             clear  maintail  quit  reread  signal    stop    version\n"
        );
        assert_eq!(columns(&["a", "b"]), "a  b\n");
    }

    #[test]
    fn commands_are_in_order() {
        assert!(COMMANDS.is_sorted_by_key(|command| command.name));
    }
}
