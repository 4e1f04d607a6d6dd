//! `org.visord1.Program`: what only a process has.

use visor_units::exit::ExitStatus;
use visor_units::unit::LogFile;
use zbus::Variant;

use super::{Arg, Emits, Interface, Method, Property, View, text};
use crate::authority::Action;

/// Methods of `org.visord1.Program`.
pub(crate) enum Program {
    OpenLog,
}

/// On every process object.
pub(crate) static PROGRAM: Interface<View, Program> = Interface {
    name: "org.visord1.Program",
    doc: "A process and its settings.",
    methods: &[Method {
        id: Program::OpenLog,
        name: "OpenLog",
        doc: "A descriptor with its output; as OpenLog of the manager.",
        takes: &[Arg("stream", "s"), Arg("options", "a{sv}")],
        gives: &[Arg("log", "h")],
        action: Some(Action::ReadLogs),
    }],
    properties: &[
        Property {
            name: "Group",
            signature: "s",
            emits: Emits::Const,
            doc: "Its group.",
            get: |view| text(&*view.row.program.name.group),
        },
        Property {
            name: "Name",
            signature: "s",
            emits: Emits::Const,
            doc: "Its name in the group.",
            get: |view| text(&*view.row.program.name.process),
        },
        Property {
            name: "MainPID",
            signature: "u",
            emits: Emits::Value,
            doc: "Process id; 0 if it has none.",
            get: |view| Variant::U32(view.row.pid),
        },
        Property {
            name: "InvocationId",
            signature: "ay",
            emits: Emits::Value,
            doc: "Names its last run, as VISORD_INVOCATION_ID in the journal; zeros if it never ran.",
            get: |view| Variant::from(view.row.invocation.0.to_vec()),
        },
        Property {
            name: "StartTimestamp",
            signature: "t",
            emits: Emits::Value,
            doc: "When it was last launched, in µs since 1970; 0 never.",
            get: |view| Variant::U64(view.row.started.wall.0),
        },
        Property {
            name: "StopTimestamp",
            signature: "t",
            emits: Emits::Value,
            doc: "When it last ended, in µs since 1970; 0 never.",
            get: |view| Variant::U64(view.row.stopped.0),
        },
        Property {
            name: "ExitKind",
            signature: "s",
            emits: Emits::Value,
            doc: "How it last ended: exited, killed, dumped, other; empty if it never did.",
            get: |view| text(exit_kind(view.row.exit)),
        },
        Property {
            name: "ExitCode",
            signature: "i",
            emits: Emits::Value,
            doc: "Exit code of the last run; -1 if it has none.",
            get: |view| Variant::I32(view.row.exit.map_or(-1, ExitStatus::code)),
        },
        Property {
            name: "ExitSignal",
            signature: "i",
            emits: Emits::Value,
            doc: "Signal that ended the last run; 0 if none.",
            get: |view| Variant::I32(exit_signal(view.row.exit)),
        },
        Property {
            name: "NRestarts",
            signature: "u",
            emits: Emits::Value,
            doc: "How often it was started again without being asked.",
            get: |view| Variant::U32(view.row.restarts),
        },
        Property {
            name: "Tries",
            signature: "u",
            emits: Emits::Value,
            doc: "Failed starts in a row.",
            get: |view| Variant::U32(view.row.tries),
        },
        Property {
            name: "NextRetry",
            signature: "t",
            emits: Emits::Value,
            doc: "When it is tried again, in µs since 1970; 0 if it is not.",
            get: |view| Variant::U64(view.row.next_retry.0),
        },
        Property {
            name: "SpawnError",
            signature: "s",
            emits: Emits::Value,
            doc: "Why it could not be started, or ended wrongly; else empty.",
            get: |view| text(&*view.row.spawn_error),
        },
        Property {
            name: "CommandLine",
            signature: "s",
            emits: Emits::Const,
            doc: "The command as configured.",
            get: |view| text(&*view.row.program.command),
        },
        Property {
            name: "User",
            signature: "s",
            emits: Emits::Const,
            doc: "The account it runs as; empty is the daemon's.",
            get: |view| text(view.row.program.user.as_ref().map_or("", |user| &user.name)),
        },
        Property {
            name: "StdoutLog",
            signature: "s",
            emits: Emits::Const,
            doc: "File of standard output; AUTO is one that visord names, empty is none.",
            get: |view| text(log_file(&view.row.program.stdout.logfile)),
        },
        Property {
            name: "StderrLog",
            signature: "s",
            emits: Emits::Const,
            doc: "File of standard error; AUTO is one that visord names, empty is none.",
            get: |view| text(log_file(&view.row.program.stderr.logfile)),
        },
        Property {
            name: "MemoryCurrent",
            signature: "t",
            emits: Emits::Never,
            doc: "Resident memory in bytes.",
            get: |view| Variant::U64(view.usage.memory),
        },
        Property {
            name: "CPUUsageNSec",
            signature: "t",
            emits: Emits::Never,
            doc: "Processor time in ns.",
            get: |view| Variant::U64(view.usage.cpu_nsec),
        },
        Property {
            name: "TasksCurrent",
            signature: "t",
            emits: Emits::Never,
            doc: "Threads.",
            get: |view| Variant::U64(view.usage.tasks),
        },
        Property {
            name: "LogBytes",
            signature: "t",
            emits: Emits::Never,
            doc: "Output read so far, in bytes.",
            get: |view| Variant::U64(view.usage.log_bytes),
        },
        Property {
            name: "LogDropped",
            signature: "t",
            emits: Emits::Never,
            doc: "Lines that the journal did not take.",
            get: |view| Variant::U64(view.usage.log_dropped),
        },
        Property {
            name: "LogTrouble",
            signature: "s",
            emits: Emits::Never,
            doc: "Why output is missing in a log file; empty if none is.",
            get: |view| text(&*view.usage.log_trouble),
        },
        Property {
            name: "EventsDropped",
            signature: "t",
            emits: Emits::Never,
            doc: "Events that the buffer of its pool had no room for; 0 for what is no listener.",
            get: |view| Variant::U64(view.usage.events_dropped),
        },
    ],
    signals: &[],
};

const fn exit_kind(exit: Option<ExitStatus>) -> &'static str {
    match exit {
        None => "",
        Some(ExitStatus::Exited(_)) => "exited",
        Some(ExitStatus::Killed { core: false, .. }) => "killed",
        Some(ExitStatus::Killed { core: true, .. }) => "dumped",
        Some(ExitStatus::Other(_)) => "other",
    }
}

const fn exit_signal(exit: Option<ExitStatus>) -> i32 {
    match exit {
        Some(ExitStatus::Killed { signal, .. }) => signal.0,
        _ => 0,
    }
}

fn log_file(file: &LogFile) -> &str {
    match file {
        LogFile::Auto => "AUTO",
        LogFile::None => "",
        LogFile::Path(path) => path,
    }
}
