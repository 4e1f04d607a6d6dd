//! THE TABLE of sections and options. Parsing, defaults, "did you mean", documentation and the list of what is
//! recognised but has no effect here are all read from it.

mod table;

pub(super) use table::FACTORY;
pub use table::OPTIONS;

use super::kinds::Kind;

/// A kind of section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SectionKind {
    /// `[supervisord]`: the daemon.
    Supervisord,
    /// `[visord]`: what only visord has. Supervisor ignores it.
    Visord,
    /// `[unix_http_server]`: HTTP on a unix socket.
    UnixHttpServer,
    /// `[inet_http_server]`: HTTP on a TCP port.
    InetHttpServer,
    /// `[supervisorctl]`: the command-line client.
    Supervisorctl,
    /// `[include]`: more files.
    Include,
    /// `[program-default]`: what programs have that do not say otherwise. Supervisor ignores it.
    ProgramDefault,
    /// `[program:x]`: a program.
    Program,
    /// `[eventlistener:x]`: a program that is told of events.
    EventListener,
    /// `[fcgi-program:x]`: a program with a shared listening socket.
    FcgiProgram,
    /// `[group:x]`: programs under one name.
    Group,
    /// `[rpcinterface:x]`: methods of the XML-RPC server.
    RpcInterface,
    /// `[ctlplugin:x]`: a Python plugin of supervisorctl.
    CtlPlugin,
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// The sections that have it.
    pub sections: &'static [SectionKind],
    /// Its name.
    pub key: &'static str,
    /// How its text is read.
    pub kind: Kind,
    /// What it is if it is not set, as it would be written; `None` if that is nothing at all.
    pub default: Option<&'static str>,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// Whether it does it here.
    pub status: Status,
}

/// What visord makes of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It has its effect.
    Effective,
    /// It is recognised and does nothing, for this reason.
    NoEffect(&'static str),
}

use SectionKind::{
    CtlPlugin, EventListener, FcgiProgram, Group, Include, InetHttpServer, Program, ProgramDefault,
    RpcInterface, Supervisorctl, Supervisord, UnixHttpServer, Visord,
};

/// What the section of defaults is called.
pub(super) const PROGRAM_DEFAULT: &str = "program-default";

impl SectionKind {
    /// Every kind with how its sections are called; a name that ends with `:` is followed by a name of one's own.
    pub const ALL: [(Self, &'static str); 13] = [
        (Supervisord, "supervisord"),
        (Visord, "visord"),
        (UnixHttpServer, "unix_http_server"),
        (InetHttpServer, "inet_http_server"),
        (Supervisorctl, "supervisorctl"),
        (Include, "include"),
        (ProgramDefault, PROGRAM_DEFAULT),
        (Program, "program:"),
        (EventListener, "eventlistener:"),
        (FcgiProgram, "fcgi-program:"),
        (Group, "group:"),
        (RpcInterface, "rpcinterface:"),
        (CtlPlugin, "ctlplugin:"),
    ];

    /// The kind of a section by its name. A server section may go on in any way: `[inet_http_server:b]`.
    #[must_use]
    pub fn of(section: &str) -> Option<Self> {
        let fits = |(kind, name): &(Self, &str)| match kind {
            UnixHttpServer | InetHttpServer => section.starts_with(name),
            _ if name.ends_with(':') => section.starts_with(name),
            _ => section == *name,
        };
        Self::ALL.iter().find(|candidate| fits(candidate)).map(|(kind, _)| *kind)
    }

    /// How its sections are called.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| *name)
    }

    /// Its options.
    pub fn options(self) -> impl Iterator<Item = &'static OptionSpec> {
        OPTIONS.iter().filter(move |spec| spec.sections.contains(&self))
    }

    /// One of its options.
    #[must_use]
    pub fn option(self, key: &str) -> Option<&'static OptionSpec> {
        self.options().find(|spec| spec.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_section_has_an_option_twice() {
        for (kind, name) in SectionKind::ALL {
            let mut keys: Vec<&str> = kind.options().map(|spec| spec.key).collect();
            let count = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), count, "[{name}]");
        }
    }

    #[test]
    fn every_option_has_a_sentence_about_it() {
        for spec in OPTIONS {
            assert!(spec.doc.ends_with('.') && spec.doc.len() > 10, "{}", spec.key);
        }
    }

    #[test]
    fn sections_are_told_by_their_names() {
        for (name, kind) in [
            ("program:web", Some(Program)),
            ("program", None),
            ("Program:web", None),
            ("inet_http_server:b", Some(InetHttpServer)),
            ("inet_http_serverfoo", Some(InetHttpServer)),
            ("supervisord", Some(Supervisord)),
            ("supervisord2", None),
        ] {
            assert_eq!(SectionKind::of(name), kind, "{name}");
        }
    }
}
