//! The texts that were read, and places in them.

use super::diagnostic::{Source, Span};
use super::python::repr;

/// A stretch of one source, in bytes of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub source: usize,
    pub start: usize,
    pub end: usize,
}

/// Every file read so far, with the starts of its lines.
#[derive(Default)]
pub(super) struct Sources {
    files: Vec<Source>,
    lines: Vec<Vec<usize>>,
}

impl Sources {
    /// Adds a text; its number.
    pub(super) fn add(&mut self, file: &str, text: String) -> usize {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(i, _)| i + 1);
        self.lines.push(std::iter::once(0).chain(ends).collect());
        self.files.push(Source { file: file.to_owned(), text });
        self.files.len() - 1
    }

    /// The name of a source.
    pub(super) fn file(&self, source: usize) -> &str {
        self.files.get(source).map_or("", |file| &file.file)
    }

    /// Line of a place, from 1.
    pub(super) fn line(&self, place: Place) -> u32 {
        let starts = self.lines.get(place.source).map_or(&[][..], Vec::as_slice);
        u32::try_from(starts.partition_point(|start| *start <= place.start)).unwrap_or(u32::MAX)
    }

    /// What stands there.
    pub(super) fn text(&self, place: Place) -> &str {
        let text = self.files.get(place.source).map_or("", |file| file.text.as_str());
        text.get(place.start..place.end).unwrap_or_default()
    }

    /// What stands from there to the end of the line.
    pub(super) fn line_from(&self, source: usize, start: usize) -> &str {
        let text = self.files.get(source).map_or("", |file| file.text.as_str());
        text.get(start..).unwrap_or_default().lines().next().unwrap_or_default()
    }

    /// Makes a span that has only a line cover what is written there.
    pub(super) fn complete(&self, span: &mut Span) -> Option<Place> {
        let source = self.files.iter().position(|file| file.file == span.file)?;
        let start = *self.lines[source].get(span.line.checked_sub(1)? as usize)?;
        let line = self.line_from(source, start);
        let lead = line.len() - line.trim_start().len();
        let place =
            Place { source, start: start + lead, end: start + line.trim_end().len().max(lead) };
        *span = self.span(place);
        Some(place)
    }

    /// A place as people read it.
    pub(super) fn span(&self, place: Place) -> Span {
        let line = self.line(place);
        let text = self.files.get(place.source).map_or("", |file| file.text.as_str());
        let start = self.lines[place.source][line.saturating_sub(1) as usize];
        let before = text.get(start..place.start).unwrap_or_default().chars().count();
        Span {
            file: self.file(place.source).to_owned(),
            line,
            column: u32::try_from(before + 1).unwrap_or(u32::MAX),
            start: place.start,
            end: place.end,
        }
    }

    /// Hands the texts out.
    pub(super) fn into_files(self) -> Vec<Source> {
        self.files
    }
}

/// A byte that is no UTF-8.
pub(super) struct BadByte {
    /// Python's text.
    pub message: String,
    /// Where its replacement character stands in the decoded text.
    pub at: usize,
}

/// Decodes UTF-8 and turns CRLF and CR into LF. What is no UTF-8 is replaced, and the first such byte reported.
pub(super) fn decode(bytes: &[u8]) -> (String, Option<BadByte>) {
    let mut bad = None;
    let mut text = String::with_capacity(bytes.len());
    let mut position = 0;
    for chunk in bytes.utf8_chunks() {
        push_with_newlines(&mut text, chunk.valid());
        position += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            let ends_here = position + chunk.invalid().len() == bytes.len();
            let message = || codec_message(chunk.invalid(), position, ends_here);
            bad.get_or_insert_with(|| BadByte { message: message(), at: text.len() });
            text.push(char::REPLACEMENT_CHARACTER);
        }
        position += chunk.invalid().len();
    }
    (text, bad)
}

fn push_with_newlines(text: &mut String, mut valid: &str) {
    // A CRLF that is cut in two by nothing but a bad byte does not exist: the bad byte would stand between them.
    while let Some(at) = valid.find('\r') {
        text.push_str(&valid[..at]);
        text.push('\n');
        valid = &valid[at + 1..];
        valid = valid.strip_prefix('\n').unwrap_or(valid);
    }
    text.push_str(valid);
}

fn codec_message(invalid: &[u8], position: usize, ends_here: bool) -> String {
    let first = invalid.first().copied().unwrap_or_default();
    let cut_short = ends_here && is_prefix_of_character(invalid);
    let reason = match first {
        _ if cut_short => "unexpected end of data",
        0x80..=0xc1 | 0xf5.. => "invalid start byte",
        _ => "invalid continuation byte",
    };
    match invalid.len() {
        1 => format!(
            "'utf-8' codec can't decode byte 0x{first:02x} in position {position}: {reason}"
        ),
        n => format!(
            "'utf-8' codec can't decode bytes in position {position}-{}: {reason}",
            position + n - 1
        ),
    }
}

fn is_prefix_of_character(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// ` in section 'program:x' (file: 'supervisord.conf')`.
pub(super) fn in_section(section: &str, file: &str) -> String {
    format!(" in section {} (file: {})", repr(section), repr(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_utf8_are_named_as_python_names_them() {
        for (bytes, message, at) in [
            (&b"ab\xff"[..], "byte 0xff in position 2: invalid start byte", 2),
            (b"\xe9t\xe9", "byte 0xe9 in position 0: invalid continuation byte", 0),
            (b"\r\n\xe2\x82", "bytes in position 2-3: unexpected end of data", 1),
            (b"\xe2\x82x", "bytes in position 0-1: invalid continuation byte", 0),
        ] {
            let (text, bad) = decode(bytes);
            let bad = bad.expect("undecodable");
            assert_eq!(bad.message, format!("'utf-8' codec can't decode {message}"));
            assert_eq!((bad.at, text[at..].starts_with('\u{fffd}')), (at, true));
        }
        let (text, bad) = decode("a\r\nb\rc\n".as_bytes());
        assert_eq!((text.as_str(), bad.is_none()), ("a\nb\nc\n", true));
    }

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let source = sources.add("x.conf", "é\nbé=1\n".into());
        let span = sources.span(Place { source, start: 6, end: 7 });
        assert_eq!((span.line, span.column), (2, 3));
    }
}
