//! Cuts a stream into lines, and remembers how far each line has got.

use super::tag::Tag;

/// The longest line, in bytes; what is longer becomes several.
const LINE_MAX: usize = 512 * 1024;

/// The same where too many streams have a long line begun. As long as journald's own (`LineMax=`).
const LINE_MAX_CROWDED: usize = 48 * 1024;

/// A place that lines go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlet {
    Journal,
    Syslog,
}

/// What was taken from one stream's backlog and has not gone everywhere yet.
#[derive(Default)]
pub(super) struct Lines {
    tag: Tag,
    /// Whole lines, then perhaps the beginning of one.
    text: Vec<u8>,
    /// Bytes of `text` that are whole lines.
    whole: usize,
    /// Bytes of `text` that the journal and syslog have.
    sent: [usize; 2],
    /// Bytes of `text` that came with the latest piece.
    piece: usize,
    /// Bytes of a begun line that have been counted.
    begun: usize,
    /// Lines left out that the journal has not been told of.
    unsaid: u64,
}

impl Lines {
    /// A run begins.
    pub(super) fn begin(&mut self, tag: Tag) {
        self.tag = tag;
    }

    /// Takes output in.
    pub(super) fn add(&mut self, bytes: Vec<u8>, crowded: bool) {
        self.piece = bytes.len();
        let begun = self.text.len();
        if begun == 0 {
            self.text = bytes;
        } else {
            self.text.extend_from_slice(&bytes);
        }
        let limit = if crowded { LINE_MAX_CROWDED } else { LINE_MAX };
        self.whole = match self.text[begun..].iter().rposition(|&byte| byte == b'\n') {
            Some(newline) => begun + newline + 1,
            None if self.text.len() >= limit => self.text.len(),
            None => 0,
        };
    }

    /// Lines were left out, the one that was begun among them.
    pub(super) fn gap(&mut self, lines: u64) {
        self.text = Vec::new();
        self.unsaid += lines;
    }

    /// The run ended: what was begun is a line.
    pub(super) fn end(&mut self) {
        self.whole = self.text.len();
    }

    /// Forgets the lines that have gone everywhere, and brings `begun`, the bytes of begun lines over all streams, up to
    /// date. Returns how many bytes of the backlog that frees.
    pub(super) fn release(&mut self, begun: &mut usize) -> usize {
        if self.whole == self.text.len() {
            self.text = Vec::new();
        } else if self.whole > 0 {
            self.text.drain(..self.whole);
            self.text.shrink_to_fit();
        }
        self.whole = 0;
        self.sent = [0, 0];
        *begun = *begun - self.begun + self.text.len();
        self.begun = self.text.len();
        std::mem::take(&mut self.piece)
    }

    /// What the journal has to be told before the next line.
    pub(super) fn unsaid(&self) -> Option<String> {
        let lines = self.unsaid;
        (lines > 0).then(|| format!("{lines} lines skipped, the journal did not keep up"))
    }

    /// The journal was told.
    pub(super) fn said(&mut self) {
        self.unsaid = 0;
    }

    /// Passes over lines that `outlet` will never have, `most` at most. Returns how many.
    pub(super) fn give_up(&mut self, outlet: Outlet, most: usize) -> u64 {
        let lines = self.pending(outlet, most).len();
        self.advance(outlet, lines);
        if outlet == Outlet::Journal {
            self.unsaid += lines as u64;
        }
        lines as u64
    }

    /// How the lines are labelled.
    pub(super) fn tag(&self) -> &Tag {
        &self.tag
    }

    /// The lines that `outlet` does not have yet, `most` at most.
    pub(super) fn pending(&self, outlet: Outlet, most: usize) -> Vec<&[u8]> {
        let rest = &self.text[self.sent[outlet as usize]..self.whole];
        let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
        if self.sent[outlet as usize] == self.whole {
            return Vec::new();
        }
        rest.split(|&byte| byte == b'\n').take(most).collect()
    }

    /// Says that `outlet` has so many lines more.
    pub(super) fn advance(&mut self, outlet: Outlet, lines: usize) {
        for _ in 0..lines {
            let from = self.sent[outlet as usize];
            let newline = self.text[from..self.whole].iter().position(|&byte| byte == b'\n');
            self.sent[outlet as usize] = newline.map_or(self.whole, |newline| from + newline + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: &Lines) -> Vec<String> {
        let text = |line: &&[u8]| String::from_utf8_lossy(line).into_owned();
        lines.pending(Outlet::Journal, usize::MAX).iter().map(text).collect()
    }

    #[test]
    fn a_line_is_whole_with_its_newline_or_with_the_end() {
        let (mut lines, mut begun) = (Lines::default(), 100);
        lines.add(b"one\n\ntw".to_vec(), false);
        assert_eq!(all(&lines), ["one", ""]);
        assert_eq!((lines.release(&mut begun), begun), (7, 102));
        lines.add(b"o\nthree".to_vec(), false);
        assert_eq!(all(&lines), ["two"]);
        assert_eq!((lines.release(&mut begun), begun), (7, 105));
        assert_eq!((lines.release(&mut begun), begun), (0, 105));
        lines.end();
        assert_eq!(all(&lines), ["three"]);
        assert_eq!((lines.release(&mut begun), begun), (0, 100));
        lines.end();
        assert!(all(&lines).is_empty());
    }

    #[test]
    fn each_place_gets_every_line_at_its_own_pace() {
        let mut lines = Lines::default();
        lines.add(b"1\n2\n3\n".to_vec(), false);
        lines.advance(Outlet::Journal, 2);
        assert_eq!(all(&lines), ["3"]);
        assert_eq!(lines.give_up(Outlet::Syslog, 1), 1);
        assert_eq!(lines.give_up(Outlet::Syslog, 9), 2);
        assert_eq!(lines.give_up(Outlet::Syslog, 9), 0);
        assert_eq!(lines.unsaid(), None);
        assert_eq!(lines.give_up(Outlet::Journal, 9), 1);
        assert!(lines.unsaid().is_some_and(|text| text.starts_with("1 lines skipped")));
    }

    #[test]
    fn an_over_long_line_becomes_several_of_the_same_bytes() {
        let (mut lines, mut begun) = (Lines::default(), 0);
        let mut sizes = Vec::new();
        for _ in 0..17 {
            lines.add(vec![b'x'; 64 * 1024], false);
            sizes.extend(all(&lines).iter().map(String::len));
            lines.release(&mut begun);
        }
        assert_eq!(sizes, [LINE_MAX, LINE_MAX]);
        assert_eq!(begun, 64 * 1024);
    }

    #[test]
    fn a_gap_takes_the_line_that_was_begun_with_it() {
        let (mut lines, mut begun) = (Lines::default(), 0);
        lines.add(b"whole\nbegun".to_vec(), false);
        lines.release(&mut begun);
        lines.gap(3);
        lines.add(b"next\n".to_vec(), false);
        lines.release(&mut begun);
        assert_eq!(begun, 0);
        assert!(lines.unsaid().is_some());
    }
}
