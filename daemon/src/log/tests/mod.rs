//! The whole room with real pipes, files, threads and a real journald.

mod again;
mod files;
mod journal;
mod journald;
mod main_log;
mod namespaces;
mod tail;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{PipeWriter, Write, pipe};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use visor_units::engine::Key;
use visor_units::invocation::InvocationId;
use visor_units::name::ProcessName;
use visor_units::unit::{Daemon, LogLevel, MainLog as Destination, OnOffAuto, Program};

use super::{Attachment, MainLog, Pump, Record};

const KEY: Key = Key(7);
const PID: u32 = 4711;

/// A pump with a daemon's log, in a directory of its own.
struct Fixture {
    dir: TempDir,
    pump: Pump,
}

/// The writing ends of a process that is not there.
struct Process {
    stdout: PipeWriter,
    stderr: PipeWriter,
}

impl Fixture {
    fn new() -> Self {
        Self::with(LogLevel::Info, OnOffAuto::Off)
    }

    fn with(level: LogLevel, journal: OnOffAuto) -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        let mut main = MainLog::new("visord");
        main.open(&daemon(&dir.path().join("main.log"), level), journal).expect("main log");
        let (pump, _tapped) = Pump::start(main).expect("pump");
        Self { dir, pump }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect(name)
    }

    fn main_log(&self) -> String {
        self.text("main.log")
    }

    /// Launches nothing, but has pipes for it.
    fn launch(&self, key: Key, pid: u32, program: &Program, out: Option<&Path>) -> Process {
        let prepared = self.pump.prepare(key, program, false, out, None).expect("prepare");
        let (stdout_end, stdout) = pipe().expect("pipe");
        let (stderr_end, stderr) = pipe().expect("pipe");
        let attachment = Attachment {
            key,
            name: program.name.clone(),
            pid,
            invocation: InvocationId([0xab; 16]),
            stdout: stdout_end.into(),
            stderr: (!program.redirect_stderr).then(|| stderr_end.into()),
        };
        self.pump.attach(prepared, attachment);
        Process { stdout, stderr }
    }

    /// Waits until so many bytes of the process have been dealt with.
    fn sync(&self, bytes: usize) {
        while self.pump.stats(KEY).log_bytes < bytes as u64 {
            std::thread::yield_now();
        }
        // A message goes through the same hands, after the last of those bytes.
        self.pump.say(Record::new(LogLevel::Info, "in sync"));
        while !self.main_log().contains("in sync") {
            std::thread::yield_now();
        }
    }

    /// Runs a process that writes `output` to its standard output, which goes to `file`, and ends.
    fn run(&self, program: &Program, file: &Path, output: &[u8]) {
        let process = self.launch(KEY, PID, program, Some(file));
        (&process.stdout).write_all(output).expect("write");
        drop(process);
        self.pump.finish(KEY, PID);
    }
}

fn daemon(logfile: &Path, level: LogLevel) -> Daemon {
    Daemon {
        logfile: Destination::Path(logfile.to_str().expect("path").to_owned()),
        logfile_maxbytes: 0,
        logfile_backups: 0,
        loglevel: level,
        pidfile: String::new(),
        umask: 0o022,
        directory: None,
        nodaemon: false,
        silent: false,
        minfds: 0,
        minprocs: 0,
        user: None,
        identifier: "supervisor".into(),
        childlogdir: None,
        nocleanup: false,
        strip_ansi: false,
        environment: BTreeMap::new(),
    }
}

/// A program whose files are not rotated.
fn program(group: &str, process: &str) -> Program {
    let mut program = Program::new(ProcessName::new(group, process), "true");
    for stream in [&mut program.stdout, &mut program.stderr] {
        (stream.maxbytes, stream.backups) = (0, 0);
    }
    program
}

/// Bytes that are different everywhere, so that any loss or doubling shows.
fn pattern(length: usize) -> Vec<u8> {
    (0_u64..).flat_map(|n| format!("{n:07}\n").into_bytes()).take(length).collect()
}

/// So many lines of a hundred bytes, all different.
fn lines(count: usize) -> Vec<u8> {
    (0..count).flat_map(|n| format!("{n:099}\n").into_bytes()).collect()
}

/// What several files hold, one after the other.
fn joined(paths: &[PathBuf]) -> Vec<u8> {
    paths.iter().flat_map(|path| std::fs::read(path).expect("read")).collect()
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = File::options().append(true).create(true).open(path).expect("open");
    file.write_all(bytes).expect("write");
}
