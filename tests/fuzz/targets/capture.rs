//! Output with capture marks, cut anywhere: the same pieces, and none of it is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use visor_units::announce::capture::{BEGIN, END, Piece, Scanner};

/// Everything outside, everything inside with its ends, and how much it was with its marks.
fn scan<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<Vec<u8>>, usize) {
    let (mut plain, mut captures, mut open, mut length) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let mut scanner = Scanner::default();
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Plain(bytes) => plain.extend_from_slice(bytes),
        Piece::Inside(bytes) => open.extend_from_slice(bytes),
        Piece::End => {
            length += BEGIN.len() + END.len();
            captures.push(std::mem::take(&mut open));
        }
    };
    chunks.for_each(|chunk| scanner.feed(chunk, &mut take));
    scanner.finish(&mut take);
    length += plain.len() + captures.iter().map(Vec::len).sum::<usize>() + open.len();
    captures.push(open);
    (plain, captures, length)
}

// The first byte says how long the pieces are.
fuzz_target!(|data: &[u8]| {
    let Some((size, bytes)) = data.split_first() else { return };
    let cut = scan(bytes.chunks(usize::from(*size).max(1)));
    assert_eq!(cut, scan(std::iter::once(bytes)));
    // What is missing is at most the mark that began a capture without an end.
    assert!(cut.2 == bytes.len() || cut.2 + BEGIN.len() == bytes.len());
});
