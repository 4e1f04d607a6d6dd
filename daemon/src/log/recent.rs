//! The latest output of a program that has no file it could be read from.

use std::collections::VecDeque;
use std::io::Read;

use super::last_lines::last_lines;
use super::trail::Found;

/// How much is kept, in bytes. Memory is taken as output comes.
const SIZE: usize = 16 * 1024;

/// The end of a stream. Positions count its bytes from the beginning.
#[derive(Default)]
pub(super) struct Recent {
    bytes: VecDeque<u8>,
    end: u64,
}

impl Recent {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.end += bytes.len() as u64;
        let kept = &bytes[bytes.len().saturating_sub(SIZE)..];
        let surplus = (self.bytes.len() + kept.len()).saturating_sub(SIZE);
        self.bytes.drain(..surplus);
        self.bytes.extend(kept);
    }

    /// The position of the oldest byte there is.
    pub(super) fn start(&self) -> u64 {
        self.end - self.bytes.len() as u64
    }

    /// The position after the latest byte.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The position at which the last `count` lines begin.
    pub(super) fn last_lines(&mut self, count: u64) -> u64 {
        let start = self.start();
        let mut text = &*self.bytes.make_contiguous();
        // It is smaller than a block, so it is read at once; and reading memory does not fail.
        let from = last_lines(text.len() as u64, count, |_, buffer| text.read(buffer));
        start + from.unwrap_or_default()
    }

    /// Reads from `at` on, and moves it.
    pub(super) fn read(&mut self, at: &mut u64, buffer: &mut [u8]) -> Found {
        let start = self.start();
        if *at < start {
            let lost = start - *at;
            *at = start;
            return Found::Lost(lost);
        }
        let skip = usize::try_from(*at - start).unwrap_or(usize::MAX);
        let rest = self.bytes.make_contiguous().get(skip..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        *at += count as u64;
        if count == 0 { Found::End } else { Found::Bytes(count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_is_kept_and_the_rest_is_known_to_be_missing() {
        let mut recent = Recent::default();
        recent.push(&vec![b'a'; SIZE - 1]);
        recent.push(b"bcd");
        let (mut at, mut buffer) = (0, vec![0; 2 * SIZE]);
        assert_eq!(recent.read(&mut at, &mut buffer), Found::Lost(2));
        assert_eq!(recent.read(&mut at, &mut buffer), Found::Bytes(SIZE));
        assert!(buffer[..SIZE].ends_with(b"abcd"));
        assert_eq!(recent.read(&mut at, &mut buffer), Found::End);
        recent.push(&vec![b'e'; 3 * SIZE]);
        assert_eq!(recent.read(&mut at, &mut buffer), Found::Lost(2 * SIZE as u64));
        assert_eq!(at, recent.start());
    }

    #[test]
    fn lines_are_counted_from_the_end() {
        let mut recent = Recent::default();
        recent.push(b"one\ntwo\nthree\n");
        assert_eq!([0, 1, 2, 3, 4].map(|count| recent.last_lines(count)), [14, 8, 4, 0, 0]);
        recent.push(b"begun");
        assert_eq!([0, 1, 2].map(|count| recent.last_lines(count)), [19, 14, 8]);
    }
}
