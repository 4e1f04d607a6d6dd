//! The shell: what is typed is carried out, until it ends. Whatever happened in it, its exit status is 0.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::rc::Rc;

use rustyline::history::{History as _, MemHistory, SearchDirection};
use rustyline::{Behavior, CompletionType, Config, Editor};

use super::complete::Completion;
use super::exception::{Exception, Kind};
use super::history;
use super::session::Session;

/// What the end of the input is carried out as.
const END: &str = "EOF";

type LineEditor = Editor<Completion, MemHistory>;

/// Shows the status and reads commands.
pub(super) fn run(session: &mut Session) -> ExitCode {
    let mut editor = io::stdin().is_terminal().then(|| editor(session)).flatten();
    let ended = until_it_ends(session, editor.as_mut());
    if ended.is_err() {
        session.say("");
    }
    if let (Some(editor), Some(file)) = (&editor, &session.history_file) {
        // Supervisor is silent about it too: nobody looks here for such things.
        drop(history::save(file, lines(editor.history())));
    }
    ExitCode::SUCCESS
}

fn until_it_ends(
    session: &mut Session,
    mut editor: Option<&mut LineEditor>,
) -> Result<(), Exception> {
    let mut line = "status".to_owned();
    loop {
        session.carry_out(&line)?;
        if session.over {
            return Ok(());
        }
        let prompt = session.prompt.clone();
        line = match editor.as_deref_mut() {
            Some(editor) => match editor.readline(&prompt) {
                Ok(line) => line,
                // Ctrl-C, Ctrl-D, or a terminal that is gone; the editor has ended the line.
                Err(_) => return Ok(()),
            },
            None => match session.ask_person(&prompt) {
                Err(Exception { kind: Kind::EndOfInput, .. }) => END.to_owned(),
                other => other?,
            },
        };
    }
}

/// `None` where the terminal cannot be edited on; then lines are read as they come.
fn editor(session: &Session) -> Option<LineEditor> {
    let config = Config::builder()
        .auto_add_history(true)
        .completion_type(CompletionType::List)
        .behavior(Behavior::Stdio)
        .build();
    let mut editor = Editor::with_history(config, MemHistory::new()).ok()?;
    editor.set_helper(Some(Completion::new(Rc::clone(&session.link))));
    for line in session.history_file.iter().flat_map(|file| history::load(file)) {
        // The only refusal is of a line like the one before it.
        let _kept = editor.add_history_entry(line);
    }
    Some(editor)
}

/// What the editor remembers, oldest first.
fn lines(history: &MemHistory) -> impl Iterator<Item = String> {
    let line = |index| Some(history.get(index, SearchDirection::Forward).ok()??.entry.into_owned());
    (0..history.len()).filter_map(line)
}
