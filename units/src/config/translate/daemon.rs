//! `[supervisord]`, `[visord]` and `[supervisorctl]`.

use std::collections::BTreeMap;

use crate::config::options::SectionKind;
use crate::config::reader::{Context, Reader};
use crate::config::text::{Document, Section};
use crate::unit::{Ctl, Daemon, LogLevel, MainLog, User, Visord};

/// `[supervisord]`, without its user, which Supervisor looks up last.
pub(super) fn daemon(cx: &mut Context<'_>, document: &Document, section: &Section) -> Daemon {
    let mut reader = Reader::new(cx, document, section, SectionKind::Supervisord).with_here();
    let minfds = reader.get("minfds").unwrap_or_default();
    let minprocs = reader.get("minprocs").unwrap_or_default();
    let directory = reader.get("directory");
    // The account is looked up last; what is wrong with its text is said here.
    reader.text("user");
    let umask = reader.get("umask").unwrap_or_default();
    let logfile: String = reader.get("logfile").unwrap_or_default();
    let logfile = match logfile.as_str() {
        "syslog" => MainLog::Syslog,
        path => {
            if let Some(directory) = reader.cx.machine.missing_parent(path) {
                reader.warn_of_missing("logfile", directory);
            }
            MainLog::Path(reader.cx.absolute(path))
        }
    };
    let logfile_maxbytes = reader.get("logfile_maxbytes").unwrap_or_default();
    let logfile_backups = reader.get("logfile_backups").unwrap_or_default();
    let loglevel = reader.get("loglevel").unwrap_or(LogLevel::Info);
    let pidfile: String = reader.get("pidfile").unwrap_or_default();
    Daemon {
        logfile,
        logfile_maxbytes,
        logfile_backups,
        loglevel,
        pidfile: reader.cx.absolute(&pidfile),
        umask,
        directory,
        identifier: reader.get("identifier").unwrap_or_default(),
        nodaemon: reader.get("nodaemon").unwrap_or_default(),
        silent: reader.get("silent").unwrap_or_default(),
        minfds,
        minprocs,
        user: None,
        childlogdir: childlogdir(&mut reader),
        nocleanup: reader.get("nocleanup").unwrap_or_default(),
        strip_ansi: reader.get("strip_ansi").unwrap_or_default(),
        environment: environment(&mut reader),
    }
}

/// The directory of AUTO logs, whether it is there or not.
fn childlogdir(reader: &mut Reader<'_, '_>) -> Option<String> {
    let directory: Option<String> = reader.get("childlogdir");
    if let Some(missing) = directory.as_deref().filter(|path| !reader.cx.machine.is_directory(path))
    {
        reader.warn_of_missing("childlogdir", missing);
    }
    directory
}

/// Supervisor 4.3.0 expands this one twice. Its entries are `ENV_x` for everything read after it.
fn environment(reader: &mut Reader<'_, '_>) -> BTreeMap<String, String> {
    let label = reader.label("environment");
    let environment: BTreeMap<String, String> =
        reader.get_through("environment", &[&label, "environment"]).unwrap_or_default();
    for (key, value) in &environment {
        reader.cx.environment.insert(format!("ENV_{key}"), value.clone());
    }
    environment
}

/// The account that the daemon changes to.
pub(super) fn user(cx: &mut Context<'_>, document: &Document, section: &Section) -> Option<User> {
    Reader::new(cx, document, section, SectionKind::Supervisord).with_here().get("user")
}

/// `[visord]`.
pub(in crate::config) fn visord(cx: &mut Context<'_>, document: &Document) -> Visord {
    let Some(section) = document.section("visord") else { return Visord::default() };
    let mut reader = Reader::new(cx, document, section, SectionKind::Visord).with_here();
    let socket: Option<String> = reader.get("socket");
    Visord {
        socket: socket.map(|path| reader.cx.absolute(&path)),
        bus: reader.get("bus").unwrap_or_default(),
        journal: reader.get("journal").unwrap_or_default(),
        exit_when: reader.get("exit_when"),
        allow_open: reader.get("allow_open").unwrap_or_default(),
    }
}

/// `[supervisorctl]` of the main file, in the order in which supervisorctl reads it. For the daemon it is `lenient`: what
/// is wrong with the client's section does not keep it from running.
pub(in crate::config) fn ctl(
    cx: &mut Context<'_>,
    document: &Document,
    lenient: bool,
) -> Option<Ctl> {
    let section = document.section("supervisorctl")?;
    let url: String =
        ctl_reader(cx, document, section, lenient).with_here().get("serverurl").unwrap_or_default();
    let mut plain = ctl_reader(cx, document, section, lenient);
    let prompt = plain.get("prompt").unwrap_or_default();
    let (username, password) = (plain.get("username"), plain.get("password"));
    let history: Option<String> =
        ctl_reader(cx, document, section, lenient).with_here().get("history_file");
    Some(Ctl {
        serverurl: match url.strip_prefix("unix://") {
            Some(path) => format!("unix://{}", cx.absolute(path)),
            None => url,
        },
        username,
        password,
        prompt,
        history_file: history.filter(|file| !file.is_empty()).map(|file| cx.absolute(&file)),
    })
}

fn ctl_reader<'r, 'h>(
    cx: &'r mut Context<'h>,
    document: &'r Document,
    section: &'r Section,
    lenient: bool,
) -> Reader<'r, 'h> {
    let reader = Reader::new(cx, document, section, SectionKind::Supervisorctl);
    if lenient { reader.lenient() } else { reader }
}
