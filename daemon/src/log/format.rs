//! Lines of a program in the form that its `log_format` gives them.

use std::io::Write as _;
use std::sync::Arc;

use visor_units::name::ProcessName;
use visor_units::time::Stamp;
use visor_units::unit::{LogField, LogFormat, LogPiece};

use super::hub::Stream;
use super::record::{iso_time, local_time, now};

/// The longest line that is kept until it is whole, in bytes. Of a longer one the beginning is written with what stands
/// before a line, the rest as it comes.
const LONGEST: usize = 64 * 1024;

/// Gives the lines of one stream their form.
pub(super) struct Formatter {
    format: LogFormat,
    name: Arc<ProcessName>,
    stream: Stream,
    pid: u32,
    /// The beginning of a line.
    begun: Vec<u8>,
    /// Whether the beginning of an over-long line is out already.
    is_open: bool,
    out: Vec<u8>,
    time: Times,
}

/// The moment at which a piece of output was read, written at most once.
#[derive(Default)]
struct Times {
    at: Stamp,
    local: Option<String>,
    iso: Option<String>,
}

impl Times {
    fn local(&mut self) -> &str {
        self.local.get_or_insert_with(|| local_time(self.at))
    }

    fn iso(&mut self) -> &str {
        self.iso.get_or_insert_with(|| iso_time(self.at))
    }
}

impl Formatter {
    pub(super) fn new(format: LogFormat, name: Arc<ProcessName>, stream: Stream, pid: u32) -> Self {
        let (begun, out, time) = (Vec::new(), Vec::new(), Times::default());
        Self { format, name, stream, pid, begun, is_open: false, out, time }
    }

    /// The lines that are whole with these bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> &[u8] {
        self.feed_at(now(), bytes)
    }

    fn feed_at(&mut self, at: Stamp, bytes: &[u8]) -> &[u8] {
        self.out.clear();
        self.time = Times { at, ..Times::default() };
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(line) => {
                    self.begin();
                    self.out.extend(line);
                    self.end();
                }
                None if self.is_open => self.out.extend(piece),
                None => {
                    self.begun.extend(piece);
                    if self.begun.len() > LONGEST {
                        self.begin();
                    }
                }
            }
        }
        &self.out
    }

    /// The line that nothing will end.
    pub(super) fn finish(&mut self) -> &[u8] {
        self.out.clear();
        if self.is_open || !self.begun.is_empty() {
            self.time = Times { at: now(), ..Times::default() };
            self.begin();
            self.end();
        }
        &self.out
    }

    fn begin(&mut self) {
        if !self.is_open {
            self.write(|format| &format.before);
            self.out.append(&mut self.begun);
        }
        self.is_open = true;
    }

    fn end(&mut self) {
        self.write(|format| &format.after);
        self.out.push(b'\n');
        self.is_open = false;
    }

    fn write(&mut self, pieces: impl Fn(&LogFormat) -> &[LogPiece]) {
        let Self { format, name, stream, pid, out, time, .. } = self;
        for piece in pieces(format) {
            // Writing to a vector does not fail.
            let _written = match piece {
                LogPiece::Text(text) => out.write_all(text.as_bytes()),
                LogPiece::Field(LogField::Time) => out.write_all(time.local().as_bytes()),
                LogPiece::Field(LogField::Isotime) => out.write_all(time.iso().as_bytes()),
                LogPiece::Field(LogField::Name) => write!(out, "{name}"),
                LogPiece::Field(LogField::Stream) => out.write_all(stream.name().as_bytes()),
                LogPiece::Field(LogField::Pid) => write!(out, "{pid}"),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatter(before: &[LogField], after: &str) -> Formatter {
        let space = || LogPiece::Text(" ".to_owned());
        let before = before.iter().flat_map(|field| [LogPiece::Field(*field), space()]).collect();
        let after = vec![LogPiece::Text(after.to_owned())];
        let name = Arc::new(ProcessName::new("g", "web"));
        Formatter::new(LogFormat { before, after }, name, Stream::Stderr, 42)
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn whole_lines_are_given_their_form_and_others_wait() {
        let mut lines = formatter(&[LogField::Name, LogField::Stream, LogField::Pid], ";");
        assert_eq!(text(lines.feed(b"one\n\ntw")), "g:web stderr 42 one;\ng:web stderr 42 ;\n");
        assert_eq!(text(lines.feed(b"o")), "");
        assert_eq!(text(lines.feed(b"\nthree")), "g:web stderr 42 two;\n");
        assert_eq!(text(lines.finish()), "g:web stderr 42 three;\n");
        assert_eq!(text(lines.finish()), "");
    }

    #[test]
    fn an_over_long_line_is_one_line_all_the_same() {
        let mut lines = formatter(&[LogField::Name], "");
        let long = vec![b'x'; LONGEST];
        assert_eq!(lines.feed(&long), b"");
        assert_eq!(lines.feed(b"y").len(), "g:web ".len() + LONGEST + 1);
        assert_eq!(lines.feed(&long).len(), LONGEST);
        assert_eq!(text(lines.feed(b"z\nnext\n")), "z\ng:web next\n");
    }

    #[test]
    fn bytes_stay_as_they_are() {
        let mut lines = formatter(&[], "");
        assert_eq!(lines.feed(b"\xff\0\x1b[1m\r\n"), b"\xff\0\x1b[1m\r\n");
    }

    #[test]
    fn times_are_those_of_the_reading() {
        let at = Stamp(1_767_323_045_678_000);
        let mut lines = formatter(&[LogField::Time, LogField::Isotime], "");
        let line = text(lines.feed_at(at, b"x\n"));
        let [date, time, iso, message] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert_eq!(format!("{date} {time}"), local_time(at));
        assert_eq!((iso, message), (&*iso_time(at), "x\n"));
        assert_eq!((time.len(), &time[8..]), (12, ",678"));
        assert!(iso.starts_with(&format!("{date}T{}.678", &time[..8])), "{iso}");
    }
}
