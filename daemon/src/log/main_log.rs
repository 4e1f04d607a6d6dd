//! The daemon's own log: the file, the terminal, syslog, and the journal.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use visor_units::unit::{Daemon, LogLevel, MainLog as Destination, OnOffAuto};

use super::file::FileSink;
use super::forward::Mail;
use super::hub::{Channel, Hub, Stream};
use super::journal::{self, Journal};
use super::mailbox::Post;
use super::record::Record;
use super::registry::Registry;
use super::rotate::Limits;
use super::special::leads_to_journal;
use super::trouble::Written;

/// Whether a log file is where standard output leads as well (`logfile=/dev/stdout`, in every other container). Each
/// line is to be there once.
fn is_standard_output(destination: &Destination) -> bool {
    let Destination::Path(path) = destination else { return false };
    let there = |path: &str| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    there(path).is_some() && there(path) == there("/dev/stdout")
}

/// Messages that are kept until the log is open. More than any start makes.
const EARLY_MAX: usize = 10_000;

/// The daemon's own log. Before [`Self::open`] it keeps what it is told; after it, it writes.
///
/// It is made before the daemon forks and has no thread of its own: [`super::Pump::start`] takes it over. Until then the
/// journal and syslog get nothing, and what they should have got is kept as well.
pub(crate) struct MainLog {
    ident: String,
    level: LogLevel,
    early: Vec<Record>,
    is_open: bool,
    sinks: Vec<Arc<FileSink>>,
    /// Where it can be read.
    hub: Arc<Hub>,
    journal: bool,
    syslog: bool,
    forward: Option<Post<Mail>>,
    unsent: Vec<Mail>,
    registry: Arc<Registry>,
}

impl MainLog {
    /// A log that keeps what it is told, whatever its level, until it is opened. `ident` is the name of the daemon's
    /// program, as which it speaks to the journal and to syslog.
    pub(crate) fn new(ident: &str) -> Self {
        Self {
            ident: ident.to_owned(),
            level: LogLevel::Blather,
            early: Vec::new(),
            is_open: false,
            sinks: Vec::new(),
            hub: Arc::default(),
            journal: false,
            syslog: false,
            forward: None,
            unsent: Vec::new(),
            registry: Arc::default(),
        }
    }

    /// Opens the log as `settings` say, and writes what was kept: criticals first, then errors and warnings, then the
    /// rest, as Supervisor does. `journal` decides for the programs as well.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub(crate) fn open(&mut self, settings: &Daemon, journal: OnOffAuto) -> io::Result<()> {
        let there = Journal::is_there(Path::new(journal::SOCKET));
        self.journal = match journal {
            OnOffAuto::On => true,
            OnOffAuto::Auto => there,
            OnOffAuto::Off => false,
        };
        self.use_sinks(settings)?;
        self.is_open = true;
        if self.journal && !there {
            let text = format!("journal=on, but there is no journal at {}", journal::SOCKET);
            self.early.push(Record::new(LogLevel::Warn, &text));
        }
        self.tell_early();
        Ok(())
    }

    /// Goes on as other settings say. If that file cannot be opened, it goes on as before and says so.
    pub(super) fn configure(&mut self, settings: &Daemon) {
        if let Err(error) = self.use_sinks(settings) {
            let text = format!("could not open the new log file, the old one is kept: {error}");
            self.say(Record::new(LogLevel::Error, &text));
        }
    }

    fn use_sinks(&mut self, settings: &Daemon) -> io::Result<()> {
        let mut said = Vec::new();
        let sinks = self.open_sinks(settings, &mut said)?;
        sinks.iter().for_each(|sink| sink.enter());
        let left = std::mem::replace(&mut self.sinks, sinks);
        self.syslog = settings.logfile == Destination::Syslog;
        self.level = settings.loglevel;
        let troubles = left.iter().filter_map(|sink| sink.leave());
        said.extend(troubles.map(|trouble| Record::new(LogLevel::Error, &trouble.to_string())));
        for record in said {
            self.say(record);
        }
        Ok(())
    }

    /// Writes one message, if its level is wanted. Returns whether somebody reads along.
    pub(crate) fn say(&mut self, record: Record) -> bool {
        if !self.wants(record.level) {
            return false;
        }
        if !self.is_open {
            if self.early.len() < EARLY_MAX {
                self.early.push(record);
            }
            return false;
        }
        let line = record.line();
        let mut written = Written::default();
        for sink in &self.sinks {
            written.merge(sink.write(line.as_bytes()));
        }
        if !self.is_readable() {
            written.followed |= self.channel().remember(line.as_bytes());
        }
        self.send_on(&line, record);
        // Each trouble is told once, so this ends.
        for trouble in written.troubles {
            written.followed |= self.say(Record::new(LogLevel::Error, &trouble.to_string()));
        }
        written.followed
    }

    /// Whether messages of this level are written.
    pub(crate) fn wants(&self, level: LogLevel) -> bool {
        level <= self.level
    }

    /// Whether programs' output goes to the journal.
    pub(crate) fn has_journal(&self) -> bool {
        self.journal
    }

    /// The name it speaks as.
    pub(super) fn ident(&self) -> &str {
        &self.ident
    }

    /// The files it writes.
    pub(super) fn sinks(&self) -> &[Arc<FileSink>] {
        &self.sinks
    }

    /// Where it can be read, as if it were the standard output of a program.
    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// The open log files, which it shares with the programs.
    pub(super) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Says who sends to the journal and to syslog.
    pub(super) fn set_forward(&mut self, forward: Post<Mail>) {
        self.unsent.drain(..).for_each(|mail| forward.send(mail));
        self.forward = Some(forward);
    }

    /// Sends a message to syslog and to the journal.
    fn send_on(&mut self, line: &str, record: Record) {
        if self.syslog {
            line.lines().for_each(|line| self.send(Mail::Line(line.to_owned())));
        }
        if self.journal {
            self.send(Mail::Own(Box::new(record)));
        }
    }

    fn channel(&self) -> &Channel {
        self.hub.channel(Stream::Stdout)
    }

    fn is_readable(&self) -> bool {
        self.channel().sink().is_some_and(|sink| sink.readers().file().is_some())
    }

    fn open_sinks(
        &self,
        settings: &Daemon,
        said: &mut Vec<Record>,
    ) -> io::Result<Vec<Arc<FileSink>>> {
        let mut sinks = Vec::new();
        if let Destination::Path(path) = &settings.logfile {
            let limits = Limits::new(settings.logfile_maxbytes, settings.logfile_backups);
            sinks.push(self.registry.open_anywhere(Path::new(path), limits, said)?);
        }
        self.channel().place(sinks.first().cloned());
        // What the journal gets with fields it should not get again as plain text.
        let is_told = is_standard_output(&settings.logfile)
            || (self.journal && leads_to_journal(Path::new("/dev/stdout")));
        if settings.nodaemon && !settings.silent && !is_told {
            // A standard output that is closed is no reason not to start.
            sinks.extend(self.registry.open(Path::new("/dev/stdout"), Limits::NEVER));
        }
        Ok(sinks)
    }

    fn tell_early(&mut self) {
        let mut early = std::mem::take(&mut self.early);
        early.sort_by_key(|record| record.level);
        for record in early {
            self.say(record);
        }
    }

    fn send(&mut self, mail: Mail) {
        match &self.forward {
            Some(forward) => forward.send(mail),
            None => self.unsent.push(mail),
        }
    }
}
