//! What the command line and `[supervisorctl]` say, the command line above the file.

use visor_units::config::{self, Request, load_ctl, repr};
use visor_units::getopt::{self, Flag, Given, flag};
use visor_units::unit::Ctl;

use crate::config::Files;

/// Every option, with Supervisor's letters and names.
const FLAGS: [Flag; 7] = [
    flag(
        'c',
        "configuration",
        Some("FILE"),
        "read [supervisorctl] of this file (searched if not given)",
    ),
    flag('h', "help", None, "print this and exit"),
    flag(
        'i',
        "interactive",
        None,
        "ask before shutdown and reload, and for a password where one is needed",
    ),
    flag(
        's',
        "serverurl",
        Some("URL"),
        "where supervisord listens: http://HOST:PORT or unix:///PATH",
    ),
    flag('u', "username", Some("NAME"), "user name for the server"),
    flag('p', "password", Some("PASSWORD"), "password for the server"),
    flag('r', "history_file", Some("FILE"), "keep the shell's history in this file"),
];

/// How Supervisor's own help spells an option that it then does not know.
const MISSPELT: &str = "--history-file";

/// What is to be done.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A session.
    Run(Options),
    /// Only this text is printed.
    Help(String),
}

/// The settings of a session.
#[derive(Debug)]
pub(super) struct Options {
    /// Where the server is, who asks, and the shell.
    pub(super) ctl: Ctl,
    /// Whether a person answers questions: in the shell, or with `-i`.
    pub(super) interactive: bool,
    /// The command; none for the shell.
    pub(super) words: Vec<String>,
}

impl Options {
    /// Reads the words after the program's name, and the file.
    ///
    /// # Errors
    /// Supervisor's text for what is wrong.
    pub(super) fn read(
        program: &str,
        words: impl Iterator<Item = String>,
    ) -> Result<Outcome, String> {
        let words = words.map(|word| match word.strip_prefix(MISSPELT) {
            Some(rest) if rest.is_empty() || rest.starts_with('=') => {
                format!("--history_file{rest}")
            }
            _ => word,
        });
        let (given, words) = getopt::parse(&FLAGS, words)?;
        let mut typed: Vec<Given> = Vec::new();
        for option in given {
            if option.long == "help" {
                return Ok(Outcome::Help(usage(program)));
            }
            check(&option)?;
            if typed.iter().any(|earlier| earlier.long == option.long) {
                return Err(format!("conflicting command line option '{}'", option.spelling));
            }
            typed.push(option);
        }
        let value =
            |long| typed.iter().find(|given| given.long == long).map(|given| given.value.clone());
        let mut ctl = file(program, value("configuration"))?;
        if let Some(url) = value("serverurl") {
            ctl.serverurl = url;
        }
        ctl.username = value("username").or(ctl.username);
        ctl.password = value("password").or(ctl.password);
        ctl.history_file = value("history_file").or(ctl.history_file);
        let interactive = words.is_empty() || value("interactive").is_some();
        Ok(Outcome::Run(Self { ctl, interactive, words }))
    }
}

/// `[supervisorctl]` of the file that is named, or of the first that is found; the defaults where there is none.
fn file(program: &str, named: Option<String>) -> Result<Ctl, String> {
    let found = || config::find(program, |path| std::path::Path::new(path).exists()).ok();
    let Some(file) = named.or_else(found) else {
        return Ok(Ctl {
            serverurl: "http://localhost:9001".to_owned(),
            prompt: "supervisor".to_owned(),
            ..Ctl::default()
        });
    };
    load_ctl(&Request { file, no_host: true, ..Request::default() }, &Files)
}

fn check(option: &Given) -> Result<(), String> {
    let Given { long, spelling, value } = option;
    if *long != "serverurl" || is_url(value) {
        return Ok(());
    }
    let quoted = repr(value);
    Err(format!("invalid value for {spelling} {quoted}: value {quoted} is not a URL"))
}

/// Whether Python finds a scheme in it, and something after that.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(legal)
        && !rest.strip_prefix("//").unwrap_or(rest).is_empty()
}

fn usage(program: &str) -> String {
    let mut text = format!(
        "supervisorctl -- drives what supervisord runs\n\nUsage: {program} [options] [action [arguments]]\n\nOptions:\n"
    );
    for flag in &FLAGS {
        let short = flag.short.map_or(String::new(), |letter| format!("-{letter}/"));
        let value = flag.value.map_or(String::new(), |value| format!(" {value}"));
        text.push_str(&format!("{short}--{}{value} -- {}\n", flag.long, flag.help));
    }
    text.push_str(
        "\nWithout an action a shell reads actions as they are typed. The action \"help\" lists them, and \
         \"help ACTION\" says more of one.\n\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Outcome, String> {
        Options::read("/nowhere/bin/supervisorctl", line.split_whitespace().map(str::to_owned))
    }

    fn options(line: &str) -> Options {
        match read(line) {
            Ok(Outcome::Run(options)) => options,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_file_is_under_the_command_line() {
        let place = tempfile::tempdir().expect("a directory");
        let file = place.path().join("s.conf");
        std::fs::write(
            &file,
            "[supervisorctl]\nserverurl=unix:///s\nusername=u\npassword=p\nprompt=pr\nhistory_file=/h\n",
        )
        .expect("a file");
        let file = file.display();
        let ctl = options(&format!("-c {file} status")).ctl;
        assert_eq!((ctl.serverurl.as_str(), ctl.prompt.as_str()), ("unix:///s", "pr"));
        assert_eq!((ctl.username.as_deref(), ctl.history_file.as_deref()), (Some("u"), Some("/h")));
        let ctl = options(&format!("-c {file} -s http://x -uv -pq --history-file=/i")).ctl;
        assert_eq!((ctl.serverurl.as_str(), ctl.prompt.as_str()), ("http://x", "pr"));
        assert_eq!((ctl.username.as_deref(), ctl.history_file.as_deref()), (Some("v"), Some("/i")));
    }

    #[test]
    fn a_person_is_there_without_a_command_or_with_the_flag() {
        let at = "-s http://localhost:9001";
        for (line, interactive, words) in [
            ("", true, 0),
            ("status", false, 1),
            ("-i status all", true, 2),
            ("status -i", false, 2),
        ] {
            let options = options(&format!("{at} {line}"));
            assert_eq!((options.interactive, options.words.len()), (interactive, words), "{line}");
        }
    }

    #[test]
    fn refusals_are_in_supervisors_words() {
        for (line, text) in [
            ("-x", "option -x not recognized"),
            ("-v", "option -v not recognized"),
            ("-i -i", "conflicting command line option '-i'"),
            ("-s foo", "invalid value for -s 'foo': value 'foo' is not a URL"),
            ("--server foo:", "invalid value for --serverurl 'foo:': value 'foo:' is not a URL"),
            ("-c /no/such", "could not find config file /no/such"),
        ] {
            assert_eq!(read(line).expect_err(line), text, "{line}");
        }
        assert!(matches!(read("-u x -?"), Ok(Outcome::Help(_))));
        for url in ["localhost:9001", "http://x", "unix:///x", "a+b:c"] {
            assert!(is_url(url), "{url}");
        }
    }
}
