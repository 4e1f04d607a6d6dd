//! Finds the last lines of a text without reading all of it.

use std::io;

/// Bytes read at once.
const BLOCK: u64 = 64 * 1024;

/// Where the last `count` lines of a text of `size` bytes begin. What follows the last newline is a line as well.
/// `read(at, buffer)` reads the text; a text that turns out shorter counts as it is.
///
/// # Errors
/// As `read`.
pub(super) fn last_lines(
    size: u64,
    count: u64,
    mut read: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
) -> io::Result<u64> {
    if count == 0 {
        return Ok(size);
    }
    let mut left = count;
    let mut end = size;
    let mut block = vec![0; usize::try_from(BLOCK.min(size)).unwrap_or_default()];
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let length = usize::try_from(end - start).unwrap_or_default();
        let found = read(start, &mut block[..length])?;
        let newlines = block[..found].iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
        for (at, _) in newlines {
            let next = start + at as u64 + 1;
            // The newline at the very end ends the last line, it does not begin another.
            left -= u64::from(next < size);
            if left == 0 {
                return Ok(next);
            }
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(text: &[u8], count: u64) -> u64 {
        last_lines(text.len() as u64, count, |at, buffer| {
            let at = usize::try_from(at).expect("position");
            buffer.copy_from_slice(&text[at..at + buffer.len()]);
            Ok(buffer.len())
        })
        .expect("read")
    }

    #[test]
    fn lines_are_counted_from_the_end() {
        let text = b"one\ntwo\nthree\n";
        assert_eq!([0, 1, 2, 3, 4].map(|count| begin(text, count)), [14, 8, 4, 0, 0]);
        let text = b"one\n\nbegun";
        assert_eq!([0, 1, 2, 3].map(|count| begin(text, count)), [10, 5, 4, 0]);
        assert_eq!(begin(b"", 5), 0);
        assert_eq!(begin(b"\n", 1), 0);
    }

    #[test]
    fn a_long_text_is_read_in_blocks() {
        let text: Vec<u8> = (0..50_000).flat_map(|n| format!("{n:06}\n").into_bytes()).collect();
        for count in [1, 9_362, 9_363, 20_000, 50_000] {
            assert_eq!(begin(&text, count), text.len() as u64 - 7 * count);
        }
    }
}
