//! Logs of a Supervisor. What there is comes by its methods, as text; what is written from then on comes by the stream
//! that supervisorctl follows, as bytes. The stream begins a little before the end of the log, so the two overlap, and are
//! joined where they say the same.

use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes, BytesMut};
use visor_dbus::LogRequest;
use visor_units::fault::{Fault, Refusal};
use visor_units::xmlrpc::Value;

use super::supervisor::refusal;
use super::{CallError, Frames, Remote};

/// How many bytes before the end of the log the stream begins.
const HEAD: usize = 1024;
/// Bytes of which the last lines are taken; twice as many each time that they do not reach.
const LEAST: i64 = 16 * 1024;
/// Where the beginning of the stream is looked for, in bytes before the end of the text.
const OVERLAP: usize = 256 * 1024;
/// Supervisor's own line where a log begins again. From version 4 on it fails at that, and closes the connection.
const TRUNCATED: &[u8] = b"==> File truncated <==\n";
/// The same where that cannot be told.
const INTERRUPTED: &[u8] = b"==> Lines may be missing <==\n";
/// A server that ends it sooner than this will do so again.
const BRIEF: Duration = Duration::from_secs(1);
/// The longest character of UTF-8.
const CHARACTER: i64 = 4;

/// Why lines are missing where the text cannot be had.
const NO_TEXT: &str =
    "older lines are not shown: what is no UTF-8 text Supervisor's methods cannot give";
/// Why lines are missing where the log has moved on too far.
const TOO_BUSY: &str =
    "older lines are not shown: more is written than can be asked for; leave out -f to see them";

/// The output of a process, or of the daemon itself.
pub(crate) struct RemoteLog {
    ready: Bytes,
    more: Option<Stream>,
    /// Why there is less of it than was asked for.
    pub(crate) note: Option<&'static str>,
}

/// What is written to a log from now on.
struct Stream {
    remote: Remote,
    path: String,
    frames: Frames,
    /// The end of what was told.
    told: BytesMut,
    /// Since when it is another one that has told nothing new.
    anew: Option<Instant>,
    /// Whether what comes next begins before the end of what was told.
    overlaps: bool,
}

impl RemoteLog {
    /// Asks for it.
    pub(super) async fn open(remote: &Remote, request: &LogRequest) -> Result<Self, Refusal> {
        let name = request.name.as_ref().map(ToString::to_string);
        let log = Log { remote, name, stderr: request.stderr };
        let opened = if request.follow {
            log.follow(request.lines).await
        } else {
            log.until_now(request.lines).await
        };
        opened.map_err(unreadable)
    }

    /// What comes next; `None` at its end.
    ///
    /// # Errors
    /// The server has ended what was followed.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, CallError> {
        if !self.ready.is_empty() {
            return Ok(Some(std::mem::take(&mut self.ready)));
        }
        match &mut self.more {
            Some(stream) => stream.next().await.map(Some),
            None => Ok(None),
        }
    }
}

impl Stream {
    async fn open(remote: &Remote, path: String) -> Result<Self, CallError> {
        let frames = remote.follow(&path).await?;
        Ok(Self {
            remote: remote.clone(),
            path,
            frames,
            told: BytesMut::new(),
            anew: None,
            overlaps: false,
        })
    }

    /// What comes next. Where the server ends it, it is asked for again, unless that ends at once too.
    async fn next(&mut self) -> Result<Bytes, CallError> {
        loop {
            let Some(mut bytes) = self.frames.next().await else {
                if self.anew.is_some_and(|since| since.elapsed() < BRIEF) {
                    return Err(CallError::Closed);
                }
                self.frames = self.remote.follow(&self.path).await?;
                self.anew = Some(Instant::now());
                self.overlaps = true;
                continue;
            };
            if std::mem::take(&mut self.overlaps) {
                bytes = seam(&self.told, &bytes);
            }
            self.told.extend_from_slice(&bytes);
            let excess = self.told.len().saturating_sub(HEAD);
            self.told.advance(excess);
            if !bytes.is_empty() {
                self.anew = None;
                return Ok(bytes);
            }
        }
    }
}

/// What the beginning of another stream has beyond what was told; where that is not in it, a line says so.
fn seam(told: &[u8], head: &[u8]) -> Bytes {
    let longest = told.len().min(head.len());
    if let Some(known) = (1..=longest).rev().find(|len| told.ends_with(&head[..*len])) {
        return Bytes::copy_from_slice(&head[known..]);
    }
    let end: &[u8] = if told.is_empty() || told.ends_with(b"\n") { b"" } else { b"\n" };
    let line = if head.len() < HEAD { TRUNCATED } else { INTERRUPTED };
    [end, line, from_first_line(head)].concat().into()
}

/// Which log.
struct Log<'a> {
    remote: &'a Remote,
    name: Option<String>,
    stderr: bool,
}

impl Log<'_> {
    async fn until_now(&self, lines: Option<u64>) -> Result<RemoteLog, CallError> {
        let (text, note) = match self.text(lines).await? {
            Some(text) => (text.into_bytes(), None),
            None => {
                let head = self.stream().await?.next().await?;
                (from_first_line(&head).to_vec(), missing(&head, lines, NO_TEXT))
            }
        };
        Ok(RemoteLog { ready: last_lines(&text, lines), more: None, note })
    }

    async fn follow(&self, lines: Option<u64>) -> Result<RemoteLog, CallError> {
        // Also the question whether there is a log, which the stream answers less clearly.
        let is_empty = self.last(1).await?.is_some_and(|text| text.is_empty());
        let mut stream = self.stream().await?;
        if is_empty {
            return Ok(RemoteLog { ready: Bytes::new(), more: Some(stream), note: None });
        }
        let head = stream.next().await?;
        // Asked for after the stream has begun, the text holds all of its beginning.
        let text = self.text(lines).await?;
        let (whole, note) = match text.as_deref().map(|text| join(text, &head)) {
            Some(Some(whole)) => (whole, None),
            Some(None) => (from_first_line(&head).to_vec(), missing(&head, lines, TOO_BUSY)),
            None => (from_first_line(&head).to_vec(), missing(&head, lines, NO_TEXT)),
        };
        Ok(RemoteLog { ready: last_lines(&whole, lines), more: Some(stream), note })
    }

    async fn stream(&self) -> Result<Stream, CallError> {
        let stream = if self.stderr { "stderr" } else { "stdout" };
        let path = self.name.as_ref().map(|name| format!("/logtail/{name}/{stream}"));
        Stream::open(self.remote, path.unwrap_or_else(|| "/mainlogtail".to_owned())).await
    }

    /// Text that has so many lines at its end, or all of it; `None` if it is no text.
    async fn text(&self, lines: Option<u64>) -> Result<Option<String>, CallError> {
        let Some(lines) = lines else { return or_no_text(self.read(0).await) };
        let mut bytes = LEAST;
        let mut before = None;
        loop {
            let Some(text) = self.last(bytes).await? else { return Ok(None) };
            let found = text.bytes().filter(|byte| *byte == b'\n').count();
            if found as u64 > lines || before == Some(text.len()) {
                return Ok(Some(text));
            }
            before = Some(text.len());
            bytes *= 2;
        }
    }

    /// The last bytes, and a few more where they would begin within a character, which is no text for Supervisor.
    async fn last(&self, bytes: i64) -> Result<Option<String>, CallError> {
        for bytes in bytes..bytes + CHARACTER {
            if let Some(text) = or_no_text(self.read(-bytes).await)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// Everything from an offset on; a negative one counts from the end.
    async fn read(&self, offset: i64) -> Result<String, CallError> {
        let range = [Value::from(offset), Value::from(0)];
        match &self.name {
            None => self.remote.ask("readLog", range).await,
            Some(name) => {
                let stream = if self.stderr { "Stderr" } else { "Stdout" };
                let [offset, length] = range;
                let params = [name.as_str().into(), offset, length];
                self.remote.ask(&format!("readProcess{stream}Log"), params).await
            }
        }
    }
}

/// Supervisor fails where what it has read is no text.
fn or_no_text(answer: Result<String, CallError>) -> Result<Option<String>, CallError> {
    match answer {
        Ok(text) => Ok(Some(text)),
        Err(CallError::Status { code: 500, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn unreadable(error: CallError) -> Refusal {
    match error {
        CallError::Status { code: 404, .. } => Refusal::from(Fault::NoFile),
        CallError::Status { code: 503, .. } => {
            Refusal::new(Fault::RateLimited, "the server follows no more logs at once")
        }
        CallError::Fault { code, .. } if code == i64::from(Fault::Failed.code()) => Refusal::new(
            Fault::Failed,
            "the server cannot read the log; a device or a pipe, as /dev/stdout, keeps nothing",
        ),
        other => refusal(other),
    }
}

/// The text up to the beginning of the stream, and that.
fn join(text: &str, head: &[u8]) -> Option<Vec<u8>> {
    let within_character = head.iter().take_while(|byte| **byte & 0xc0 == 0x80).count();
    let head = &head[within_character..];
    let told = String::from_utf8_lossy(head).replace("\r\n", "\n");
    let sought: Vec<char> = told.trim_end_matches('\u{fffd}').chars().map(told_as).collect();
    let long_before = text.len().saturating_sub(OVERLAP);
    let from = (long_before..text.len()).find(|at| text.is_char_boundary(*at))?;
    let chars: Vec<(usize, char)> = text[from..].char_indices().collect();
    let is_it = |window: &[(usize, char)]| {
        window.iter().map(|(_, c)| told_as(*c)).eq(sought.iter().copied())
    };
    let at = chars.windows(sought.len().max(1)).rposition(is_it)?;
    Some([&text.as_bytes()[..from + chars[at].0], head].concat())
}

/// A character as methods tell it: XML knows one end of a line, and visord gives U+FFFD for what it does not allow.
fn told_as(c: char) -> char {
    match c {
        '\r' => '\n',
        '\n' | '\t' => c,
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// The stream from its first whole line on. One that is shorter than it might be began with the log.
fn from_first_line(head: &[u8]) -> &[u8] {
    if head.len() < HEAD {
        return head;
    }
    let end = head.iter().position(|byte| *byte == b'\n');
    end.map_or(head, |end| &head[end + 1..])
}

/// The reason, if the stream alone has less than was asked for.
fn missing(head: &[u8], lines: Option<u64>, reason: &'static str) -> Option<&'static str> {
    let ends = from_first_line(head).iter().filter(|byte| **byte == b'\n').count();
    let is_all = head.len() < HEAD || lines.is_some_and(|lines| lines <= ends as u64);
    (!is_all).then_some(reason)
}

/// The last lines of it; the last of all may have no end yet.
fn last_lines(text: &[u8], lines: Option<u64>) -> Bytes {
    let Some(lines) = lines else { return Bytes::copy_from_slice(text) };
    let closed = text.strip_suffix(b"\n").unwrap_or(text);
    let ends = closed.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    let start = match usize::try_from(lines).ok().and_then(|lines| lines.checked_sub(1)) {
        Some(before) => ends.map(|(at, _)| at + 1).nth(before).unwrap_or(0),
        None if lines == 0 => text.len(),
        None => 0,
    };
    Bytes::copy_from_slice(&text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_whole() {
        for (text, lines, expected) in [
            ("a\nb\nc\n", Some(2), "b\nc\n"),
            ("a\nb\nc", Some(2), "b\nc"),
            ("a\nb\n", Some(9), "a\nb\n"),
            ("a\nb\n", Some(0), ""),
            ("\n\n", Some(1), "\n"),
            ("", Some(1), ""),
            ("a\nb\n", None, "a\nb\n"),
        ] {
            assert_eq!(
                last_lines(text.as_bytes(), lines),
                expected.as_bytes(),
                "{text:?} {lines:?}"
            );
        }
    }

    #[test]
    fn text_and_stream_are_joined_where_they_say_the_same() {
        for (text, head, joined) in [
            ("one\ntwo\nthree\n", b"wo\nthree\n".as_slice(), b"one\ntwo\nthree\n".as_slice()),
            // The text was asked for a little later.
            ("one\ntwo\nthree\n", b"two\n", b"one\ntwo\n"),
            // What is the same line again and again ends where the stream does.
            ("x\nx\nx\n", b"x\nx\n", b"x\nx\nx\n"),
            // The stream begins and ends within a character.
            ("äö€", b"\xa4\xc3\xb6\xe2\x82", b"\xc3\xa4\xc3\xb6\xe2\x82"),
            // Line ends and colours are told in another way.
            ("a\nb\n\u{fffd}[1mc", b"b\r\n\x1b[1mc", b"a\nb\r\n\x1b[1mc"),
        ] {
            assert_eq!(join(text, head).as_deref(), Some(joined), "{text:?}");
        }
        assert_eq!(join("one\n", b"two\n"), None);
        assert_eq!(join("", b"two\n"), None);
    }

    #[test]
    fn another_stream_goes_on_where_the_last_one_ended() {
        let long = [b"x".repeat(HEAD).as_slice(), b"\nb\n"].concat();
        for (told, head, more) in [
            (b"a\nb\n".as_slice(), b"b\nc\n".as_slice(), b"c\n".as_slice()),
            (b"a\nb\n", b"a\nb\n", b""),
            (b"a\nb\n", b"z\n", b"==> File truncated <==\nz\n"),
            (b"a\nb", b"z\n", b"\n==> File truncated <==\nz\n"),
            (b"a\n", &long, b"==> Lines may be missing <==\nb\n"),
        ] {
            assert_eq!(seam(told, head), more, "{told:?}");
        }
    }

    #[test]
    fn a_stream_that_begins_with_the_log_has_no_half_line() {
        assert_eq!(from_first_line(b"a\nb\n"), b"a\nb\n");
        let long = [b"x".repeat(HEAD).as_slice(), b"\nb\n"].concat();
        assert_eq!(from_first_line(&long), b"b\n");
        assert_eq!(missing(&long, Some(1), NO_TEXT), None);
        assert_eq!(missing(&long, Some(2), NO_TEXT), Some(NO_TEXT));
    }
}
