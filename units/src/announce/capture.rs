//! Output between the capture marks.
//!
//! The scanner is fed bytes as they come and tells, piece by piece, what stands outside and inside of the marks. However
//! the bytes are cut, the pieces together are the same. What may be the beginning of a mark is kept back until more
//! comes, and nothing else is: Supervisor keeps up to 24 bytes back, and loses them when the program ends.

/// What begins a capture.
pub const BEGIN: &[u8] = b"<!--XSUPERVISOR:BEGIN-->";

/// What ends one.
pub const END: &[u8] = b"<!--XSUPERVISOR:END-->";

/// A piece of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Ordinary output.
    Plain(&'a [u8]),
    /// Output inside a capture.
    Inside(&'a [u8]),
    /// The end of a capture.
    End,
}

/// Finds the marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanner {
    inside: bool,
    /// The beginning of a mark, perhaps.
    kept: Vec<u8>,
}

impl Scanner {
    /// Takes bytes as they come and hands every piece to `take`; none is empty.
    pub fn feed(&mut self, bytes: &[u8], mut take: impl FnMut(Piece<'_>)) {
        let joined;
        let mut bytes = if self.kept.is_empty() {
            bytes
        } else {
            joined = [&*std::mem::take(&mut self.kept), bytes].concat();
            &*joined
        };
        while let Some(at) = find(bytes, self.mark()) {
            self.tell(&bytes[..at], &mut take);
            bytes = &bytes[at + self.mark().len()..];
            if self.inside {
                take(Piece::End);
            }
            self.inside = !self.inside;
        }
        let (told, kept) = bytes.split_at(bytes.len() - begun(bytes, self.mark()));
        self.tell(told, &mut take);
        self.kept = kept.to_vec();
    }

    /// Nothing more comes: hands out what was kept back.
    pub fn finish(&mut self, mut take: impl FnMut(Piece<'_>)) {
        let kept = std::mem::take(&mut self.kept);
        self.tell(&kept, &mut take);
    }

    /// The mark that comes next.
    const fn mark(&self) -> &'static [u8] {
        if self.inside { END } else { BEGIN }
    }

    fn tell(&self, bytes: &[u8], take: &mut impl FnMut(Piece<'_>)) {
        if !bytes.is_empty() {
            take(if self.inside { Piece::Inside(bytes) } else { Piece::Plain(bytes) });
        }
    }
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == mark[0]) {
        from += at;
        if bytes[from..].starts_with(mark) {
            return Some(from);
        }
        from += 1;
    }
    None
}

/// How many bytes at the end are the beginning of the mark.
fn begun(bytes: &[u8], mark: &[u8]) -> usize {
    let most = bytes.len().min(mark.len() - 1);
    (1..=most).rev().find(|count| bytes.ends_with(&mark[..*count])).unwrap_or(0)
}

/// What was captured so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    max: usize,
    bytes: Vec<u8>,
}

impl Captured {
    /// Nothing yet, and room for `max` bytes (`std…_capture_maxbytes`).
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { max, bytes: Vec::new() }
    }

    /// Adds a piece. Where it does not fit, as many bytes are dropped from the front, and then it is added whole even if
    /// it is larger than the room: Supervisor's rule, on which programs with a small room and a large message rely.
    pub fn push(&mut self, piece: &[u8]) {
        if self.bytes.len() + piece.len() > self.max {
            self.bytes.drain(..piece.len().min(self.bytes.len()));
        }
        self.bytes.extend_from_slice(piece);
    }

    /// Gives everything away and begins anew.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}
