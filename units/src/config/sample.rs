//! A configuration to begin with: what `echo_supervisord_conf` prints. Every option there is, in a comment that says what
//! it does, and without one where a first daemon needs it.

use std::fmt::Write;

use super::kinds::Kind;
use super::options::{FACTORY, OptionSpec, SectionKind, Status};
use crate::unit::RpcInterface;

/// Column at which the comments begin.
const COMMENTS: usize = 40;

/// A section of the sample: its kind, what follows the kind in its name, and the values that are in force. Where none are,
/// the whole section is a comment.
type Part = (SectionKind, &'static str, &'static [(&'static str, &'static str)]);

const PARTS: [Part; 11] = [
    (SectionKind::UnixHttpServer, "", &[("file", "/tmp/supervisor.sock")]),
    (SectionKind::InetHttpServer, "", &[]),
    (
        SectionKind::Supervisord,
        "",
        &[
            ("logfile", "/tmp/supervisord.log"),
            ("logfile_maxbytes", "50MB"),
            ("logfile_backups", "10"),
            ("loglevel", "info"),
            ("pidfile", "/tmp/supervisord.pid"),
            ("nodaemon", "false"),
            ("silent", "false"),
            ("minfds", "1024"),
            ("minprocs", "200"),
        ],
    ),
    (SectionKind::RpcInterface, "supervisor", &[(FACTORY, RpcInterface::MAIN)]),
    (SectionKind::Supervisorctl, "", &[("serverurl", "unix:///tmp/supervisor.sock")]),
    (SectionKind::Visord, "", &[]),
    (SectionKind::Program, "NAME", &[]),
    (SectionKind::EventListener, "NAME", &[]),
    (SectionKind::FcgiProgram, "NAME", &[]),
    (SectionKind::Group, "NAME", &[]),
    (SectionKind::Include, "", &[]),
];

/// What stands for a value where the option has no default.
const EXAMPLES: [(&str, &str); 11] = [
    ("username", "user"),
    ("password", "secret"),
    ("dependent_startup_wait_for", "OTHER:running"),
    ("command", "/bin/cat"),
    ("files", "conf.d/*.conf"),
    ("socket", "unix:///run/NAME.sock"),
    ("programs", "NAME,OTHER"),
    ("events", "PROCESS_STATE"),
    ("serverurl", "AUTO"),
    ("history_file", "~/.supervisorctl_history"),
    ("socket_backlog", "128"),
];

/// The sample, ready to be written to a file.
#[must_use]
pub fn sample() -> String {
    let mut text = String::from(
        "; Sample supervisor config file, for supervisord and for visord.\n\
         ;\n\
         ; A line that begins with `;` is a comment; elsewhere a comment is ` ;` and what follows. The value in a\n\
         ; comment is the default, or an example where there is none. `%(ENV_HOME)s` in a value is the environment\n\
         ; variable HOME, and `%(here)s` the directory of this file. No shell sees a value: `~` and `$HOME` mean\n\
         ; nothing in a command.\n",
    );
    for part in &PARTS {
        push_part(&mut text, part);
    }
    text
}

fn push_part(text: &mut String, (kind, name, values): &Part) {
    let mark = if values.is_empty() { ";" } else { "" };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\n{mark}[{}{name}]", kind.name());
    let options = kind.options().filter(|spec| !matches!(spec.status, Status::NoEffect(_)));
    for spec in options {
        let value = values.iter().find(|(key, _)| *key == spec.key);
        let line = match value {
            Some((key, value)) => format!("{key}={value}"),
            None => format!(";{}={}", spec.key, example(spec)),
        };
        let _ = writeln!(text, "{line:<COMMENTS$} ; {}", spec.doc);
    }
}

fn example(spec: &OptionSpec) -> &'static str {
    let own = || EXAMPLES.iter().find(|(key, _)| *key == spec.key).map(|(_, example)| *example);
    spec.default.filter(|default| !default.is_empty()).or_else(own).unwrap_or(match spec.kind {
        Kind::Text | Kind::List | Kind::Words => "NAME",
        Kind::Names => "OTHER",
        Kind::Integer | Kind::ExitCodes | Kind::Duration => "1",
        Kind::Nice => "5",
        Kind::Limit(_) => "infinity",
        Kind::Boolean | Kind::Autorestart => "false",
        Kind::Size => "50MB",
        Kind::Octal => "022",
        Kind::Signal => "TERM",
        Kind::User => "nobody",
        Kind::UnixGroup | Kind::UnixGroups => "nogroup",
        Kind::Owner => "nobody:nogroup",
        Kind::Directory | Kind::LogDirectory => "/tmp",
        Kind::LogFile | Kind::LogPath | Kind::FilePath => "/tmp/NAME",
        Kind::LogLevel => "info",
        Kind::LogFormat => "%(time)s %(name)s %(message)s",
        Kind::Environment => "KEY=\"value\",OTHER=\"value\"",
        Kind::Address => "127.0.0.1:9001",
        Kind::Bus | Kind::OnOffAuto => "auto",
        Kind::EarlyExit => "ok",
        Kind::ExitWhen => "any-fatal",
    })
}
