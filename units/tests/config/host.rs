//! A machine that is a table.

use std::collections::BTreeMap;
use std::io;

use visor_units::config::{Host, Loaded, Plan, Request, Severity, load};
use visor_units::name::wildcard;
use visor_units::unit::{Program, User};

/// Files, variables, directories and accounts by name.
#[derive(Clone)]
pub(crate) struct Table {
    files: BTreeMap<String, Vec<u8>>,
    variables: BTreeMap<String, String>,
}

/// The main file of every test.
pub(crate) const MAIN: &str = "/etc/sv/main.conf";

impl Table {
    /// A machine whose only file is [`MAIN`].
    pub(crate) fn new(text: impl Into<Vec<u8>>) -> Self {
        let files = BTreeMap::from([(MAIN.to_owned(), text.into())]);
        let variables = [("HOME", "/root"), ("PORT", "8000"), ("EMPTY", "")];
        let variables = variables.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        Self { files, variables }
    }

    /// Adds a file.
    pub(crate) fn with(mut self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), text.into());
        self
    }

    /// Reads [`MAIN`].
    pub(crate) fn load(&self) -> Loaded {
        self.load_as(&Request { file: MAIN.into(), ..Request::default() })
    }

    /// Reads something else, or otherwise.
    pub(crate) fn load_as(&self, request: &Request) -> Loaded {
        load(request, self)
    }
}

impl Host for Table {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        self.files.get(path).cloned().filter(|text| text != b"(unreadable)").ok_or_else(missing)
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        self.files.keys().filter(|path| wildcard(pattern, path)).cloned().collect()
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.variables.clone().into_iter().collect()
    }

    fn working_directory(&self) -> String {
        "/srv".into()
    }

    fn host_name(&self) -> String {
        "node7".into()
    }

    fn temporary_directory(&self) -> String {
        "/tmp".into()
    }

    fn expand_home(&self, path: &str) -> String {
        path.strip_prefix("~/").map_or_else(|| path.to_owned(), |rest| format!("/root/{rest}"))
    }

    fn is_directory(&self, path: &str) -> bool {
        ["/", "/dev", "/tmp", "/tmp/.", "/var/log", "/root"].contains(&path)
    }

    fn user_by_name(&self, name: &str) -> Option<User> {
        [("root", 0), ("www", 33)].into_iter().find(|(known, _)| *known == name).map(account)
    }

    fn user_by_id(&self, uid: u32) -> Option<User> {
        [("root", 0), ("www", 33)].into_iter().find(|(_, known)| *known == uid).map(account)
    }

    fn group_by_name(&self, name: &str) -> Option<u32> {
        (name == "adm").then_some(4)
    }

    fn group_exists(&self, gid: u32) -> bool {
        gid == 4
    }
}

fn account((name, uid): (&str, u32)) -> User {
    User { name: name.to_owned(), uid, gid: uid }
}

/// Reads a text that must be accepted.
pub(crate) fn accepted(text: &str) -> Plan {
    let loaded = Table::new(text).load();
    let problems = loaded.diagnostics;
    loaded.plan.unwrap_or_else(|| panic!("{text}\nis refused: {problems:#?}"))
}

/// Reads a text that must be refused; what Supervisor would end with.
pub(crate) fn refused(text: &str) -> String {
    let loaded = Table::new(text).load();
    assert!(loaded.plan.is_none(), "{text}\nis accepted");
    loaded.refusal.expect("a refused configuration says why")
}

/// `[program:x]` with these lines, and a command if they have none.
pub(crate) fn program_text(lines: &str) -> String {
    let command = if lines.contains("command=") { "" } else { "command=/bin/cat\n" };
    format!("[supervisord]\n[program:x]\n{command}{lines}\n")
}

/// The one process of `[program:x]` with these lines.
pub(crate) fn program(lines: &str) -> Program {
    let plan = accepted(&program_text(lines));
    let program = plan.groups.first().and_then(|group| group.programs.first());
    (**program.expect("one process")).clone()
}

/// Every warning of a text, each with its hint; what this version does not do yet is no warning.
pub(crate) fn warnings(text: &str) -> Vec<(String, String)> {
    let loaded = Table::new(text).load();
    assert!(loaded.plan.is_some(), "{text}\nis refused: {:#?}", loaded.diagnostics);
    let said = loaded.diagnostics.into_iter().filter(|found| found.severity > Severity::Info);
    said.map(|found| (found.message, found.hint.unwrap_or_default())).collect()
}
