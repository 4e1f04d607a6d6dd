//! Output on its way from the pump to the journal, with a bound.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::tag::Tag;

/// What one stream may have waiting, in bytes.
const STREAM_MAX: usize = 256 * 1024;

/// What all streams together may have waiting before each is held to one chunk.
const TOTAL_SOFT: usize = 16 << 20;

/// What all streams together may have waiting at all. Only the last words of programs that ended get near it.
const TOTAL_HARD: usize = 64 << 20;

/// Steps for which a stream keeps memory while nothing happens.
const IDLE_PIECES: usize = 8;

/// Bytes waiting in all backlogs.
#[derive(Default)]
pub(super) struct Budget(AtomicUsize);

impl Budget {
    fn used(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// One step of a stream.
pub(super) enum Piece {
    /// A run begins; its lines are labelled so.
    Begin(Box<Tag>),
    /// Output, cut anywhere.
    Bytes(Vec<u8>),
    /// So many lines were left out here; the one that was begun before is among them.
    Gap(u64),
    /// A run ended: what was begun is a line.
    End,
}

/// The steps of one stream that the forwarder has not taken yet.
#[derive(Default)]
pub(super) struct Backlog {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    pieces: VecDeque<Piece>,
    bytes: usize,
    /// Whether the last thing left out ended within a line, the rest of which is to be left out as well.
    in_gap: bool,
    /// Whether there was output since the run began.
    touched: bool,
    /// Whether the forwarder knows that there is something.
    announced: bool,
    /// Whether the pump waits for room.
    waited_for: bool,
}

/// What became of output that was put in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Put {
    /// Lines left out.
    pub(super) dropped: u64,
    /// Whether the forwarder has to be told.
    pub(super) announce: bool,
}

impl Backlog {
    /// A run begins. The forwarder need not be told before there is output.
    pub(super) fn begin(&self, tag: Tag) {
        let mut inner = self.lock();
        inner.touched = false;
        inner.pieces.push_back(Piece::Begin(Box::new(tag)));
    }

    /// Puts output in if there is room; counts the lines that there is no room for. `held_back` says that the caller
    /// asks [`Self::has_room`] first, so that what comes nevertheless is a program's last words and has more room.
    pub(super) fn put(&self, bytes: &[u8], held_back: bool, budget: &Budget) -> Put {
        let mut inner = self.lock();
        inner.touched = true;
        let (mut dropped, bytes) = inner.after_gap(bytes);
        let used = budget.used() + bytes.len();
        let room = match held_back {
            true => used <= TOTAL_HARD,
            false => used <= TOTAL_SOFT && inner.bytes + bytes.len() <= STREAM_MAX,
        };
        match (bytes, room) {
            ([], _) => {}
            (_, true) => inner.push(bytes, budget),
            (_, false) => dropped += inner.leave_out(bytes),
        }
        Put { dropped, announce: inner.announce() }
    }

    /// A run ended.
    pub(super) fn end(&self) -> Put {
        let mut inner = self.lock();
        if !std::mem::take(&mut inner.touched) {
            return Put::default();
        }
        let cut = std::mem::take(&mut inner.in_gap);
        if cut {
            inner.add_gap(1);
        }
        inner.pieces.push_back(Piece::End);
        Put { dropped: u64::from(cut), announce: inner.announce() }
    }

    /// Whether one more chunk may be read for it. If not, [`Self::done`] will say when.
    pub(super) fn has_room(&self, budget: &Budget) -> bool {
        let mut inner = self.lock();
        inner.waited_for = !inner.has_room(budget);
        !inner.waited_for
    }

    /// Takes the next step. `None` is none; the forwarder will be told of the next.
    pub(super) fn take(&self) -> Option<Piece> {
        let mut inner = self.lock();
        let piece = inner.pieces.pop_front();
        if piece.is_none() {
            inner.announced = false;
            inner.pieces.shrink_to(IDLE_PIECES);
        }
        piece
    }

    /// Says that a piece of so many bytes needs no memory any more. Returns whether the pump waits for that.
    pub(super) fn done(&self, bytes: usize, budget: &Budget) -> bool {
        budget.0.fetch_sub(bytes, Ordering::Relaxed);
        let mut inner = self.lock();
        inner.bytes -= bytes;
        let resume = inner.waited_for && inner.has_room(budget);
        inner.waited_for &= !resume;
        resume
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn has_room(&self, budget: &Budget) -> bool {
        self.bytes == 0 || self.bytes < STREAM_MAX && budget.used() < TOTAL_SOFT
    }

    /// What of `bytes` does not belong to a line whose beginning was left out, and how many lines that ended.
    fn after_gap<'a>(&mut self, bytes: &'a [u8]) -> (u64, &'a [u8]) {
        if !self.in_gap {
            return (0, bytes);
        }
        let Some(newline) = bytes.iter().position(|&byte| byte == b'\n') else {
            return (0, &[]);
        };
        self.in_gap = false;
        self.add_gap(1);
        (1, &bytes[newline + 1..])
    }

    fn push(&mut self, bytes: &[u8], budget: &Budget) {
        self.bytes += bytes.len();
        budget.0.fetch_add(bytes.len(), Ordering::Relaxed);
        self.pieces.push_back(Piece::Bytes(bytes.to_vec()));
    }

    fn leave_out(&mut self, bytes: &[u8]) -> u64 {
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.in_gap = !bytes.ends_with(b"\n");
        self.add_gap(lines);
        lines
    }

    fn add_gap(&mut self, lines: u64) {
        match self.pieces.back_mut() {
            Some(Piece::Gap(gap)) => *gap += lines,
            _ => self.pieces.push_back(Piece::Gap(lines)),
        }
    }

    fn announce(&mut self) -> bool {
        !self.pieces.is_empty() && !std::mem::replace(&mut self.announced, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(backlog: &Backlog, budget: &Budget) -> Vec<String> {
        let mut steps = Vec::new();
        while let Some(piece) = backlog.take() {
            steps.push(match piece {
                Piece::Begin(_) => "begin".to_owned(),
                Piece::Bytes(bytes) => {
                    backlog.done(bytes.len(), budget);
                    format!("{} bytes", bytes.len())
                }
                Piece::Gap(lines) => format!("gap {lines}"),
                Piece::End => "end".to_owned(),
            });
        }
        steps
    }

    #[test]
    fn what_does_not_fit_is_left_out_in_whole_lines_and_counted() {
        let (backlog, budget) = (Backlog::default(), Budget::default());
        let full = vec![b'x'; STREAM_MAX];
        assert_eq!(backlog.put(&full, false, &budget), Put { dropped: 0, announce: true });
        // The line that was begun is over with the first newline; the last line goes on.
        let left_out = backlog.put(b"x\nsecond\nthi", false, &budget);
        assert_eq!(left_out, Put { dropped: 2, announce: false });
        assert_eq!(steps(&backlog, &budget), [format!("{STREAM_MAX} bytes"), "gap 2".to_owned()]);
        assert_eq!(backlog.put(b"r", false, &budget), Put { dropped: 0, announce: false });
        assert_eq!(backlog.put(b"d\nfourth\n", false, &budget), Put { dropped: 1, announce: true });
        assert_eq!(steps(&backlog, &budget), ["gap 1", "7 bytes"]);
    }

    #[test]
    fn a_line_that_was_cut_off_counts_when_its_program_ends() {
        let (backlog, budget) = (Backlog::default(), Budget::default());
        backlog.put(&vec![b'\n'; STREAM_MAX], false, &budget);
        assert_eq!(backlog.put(b"cut", false, &budget).dropped, 0);
        assert_eq!(backlog.end().dropped, 1);
        assert_eq!(
            steps(&backlog, &budget),
            [format!("{STREAM_MAX} bytes"), "gap 1".to_owned(), "end".to_owned()]
        );
    }

    #[test]
    fn who_holds_back_is_told_when_there_is_room() {
        let (backlog, budget) = (Backlog::default(), Budget::default());
        assert!(backlog.has_room(&budget));
        backlog.put(&vec![b'x'; STREAM_MAX], true, &budget);
        assert!(!backlog.has_room(&budget));
        assert_eq!(backlog.put(b"last words\n", true, &budget).dropped, 0);
        assert!(!backlog.done(10, &budget));
        assert!(backlog.done(2, &budget));
        assert!(!backlog.done(1, &budget), "told once");
    }

    #[test]
    fn a_run_without_output_bothers_nobody() {
        let backlog = Backlog::default();
        assert_eq!(backlog.end(), Put::default());
        assert!(backlog.take().is_none());
    }
}
