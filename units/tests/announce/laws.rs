//! Laws that hold for any bytes, however they are cut.

use proptest::collection::vec;
use proptest::prelude::*;
use visor_units::announce::capture::{BEGIN, Captured, END, Piece, Scanner};
use visor_units::announce::{ListenerState, Reader, Said};

/// Bytes in which what matters is likely.
fn bytes(words: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        4 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..4),
    ];
    vec(word, 0..24).prop_map(|words| words.concat())
}

/// Bytes, cut anywhere.
fn cut(words: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<Vec<u8>>> {
    (bytes(words), vec(any::<prop::sample::Index>(), 0..8)).prop_map(|(bytes, cuts)| {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        at.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
    })
}

/// What was said, and the state after it. A listener that is ready is sent an event when everything it has said is read,
/// or at once: that is what decides whether the next bytes are out of turn.
fn read(chunks: &[Vec<u8>], at_once: bool) -> (Vec<Said>, ListenerState) {
    let mut reader = Reader::default();
    let mut all = Vec::new();
    for chunk in chunks {
        reader.feed(chunk);
        while let Some(said) = reader.next_said() {
            if at_once && said == Said::Ready {
                reader.send();
            }
            all.push(said);
        }
    }
    (all, reader.state())
}

/// The text outside of captures, everything in order, and each capture.
fn scan(chunks: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>, Vec<Vec<u8>>) {
    let (mut plain, mut all, mut captures) = (Vec::new(), Vec::new(), Vec::new());
    let mut captured = Captured::new(usize::MAX / 2);
    let mut scanner = Scanner::default();
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Plain(bytes) => {
            plain.extend_from_slice(bytes);
            all.extend_from_slice(bytes);
        }
        Piece::Inside(bytes) => {
            captured.push(bytes);
            all.extend_from_slice(bytes);
        }
        Piece::End => captures.push(captured.take()),
    };
    for chunk in chunks {
        scanner.feed(chunk, &mut take);
    }
    scanner.finish(&mut take);
    (plain, all, captures)
}

const PROTOCOL: &[&[u8]] = &[
    b"READY\n",
    b"RESULT 2\n",
    b"OK",
    b"RESULT 0\n",
    b"RESULT 40\n",
    b"RESULT -1\n",
    b"\n",
    b"FAIL",
];
const MARKED: &[&[u8]] = &[
    BEGIN,
    END,
    b"<",
    b"<!--XSUPERVISOR:",
    b"BEGIN-->",
    b"END-->",
    b"text",
    b"<!--XSUPERVISOR:END--",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_a_listener_says_means_the_same_however_it_is_cut(chunks in cut(PROTOCOL), at_once: bool) {
        let whole = [chunks.concat()];
        prop_assert_eq!(read(&chunks, at_once), read(&whole, at_once));
    }

    #[test]
    fn a_condemned_listener_says_nothing_more(before in bytes(PROTOCOL), after in bytes(PROTOCOL)) {
        let mut reader = Reader::default();
        reader.feed(&before);
        reader.condemn();
        reader.feed(&after);
        prop_assert_eq!(reader.next_said(), None);
        prop_assert_eq!(reader.state(), ListenerState::Unknown);
    }

    #[test]
    fn captures_are_the_same_however_the_output_is_cut(chunks in cut(MARKED)) {
        let whole = [chunks.concat()];
        prop_assert_eq!(scan(&chunks), scan(&whole));
    }

    #[test]
    fn captures_are_what_stands_between_the_marks_and_nothing_else_is_lost(chunks in cut(MARKED)) {
        let (plain, all, captures) = scan(&chunks);
        // Told the slow way: a mark of each kind in turn.
        let text = chunks.concat();
        let (mut rest, mut inside) = (text.as_slice(), false);
        let (mut outer, mut every, mut inner, mut open) = (vec![], vec![], vec![], vec![]);
        while !rest.is_empty() {
            let mark = if inside { END } else { BEGIN };
            if rest.starts_with(mark) {
                if inside {
                    inner.push(std::mem::take(&mut open));
                }
                inside = !inside;
                rest = &rest[mark.len()..];
            } else {
                every.push(rest[0]);
                if inside { open.push(rest[0]) } else { outer.push(rest[0]) };
                rest = &rest[1..];
            }
        }
        prop_assert_eq!((plain, all, captures), (outer, every, inner));
    }

    #[test]
    fn what_is_kept_of_a_capture_is_bounded(pieces in vec(vec(any::<u8>(), 0..64), 0..64), max in 0usize..256) {
        let mut captured = Captured::new(max);
        for piece in &pieces {
            captured.push(piece);
        }
        prop_assert!(captured.take().len() <= max.max(64) + 64);
    }
}

#[test]
fn a_capture_that_is_too_large_loses_its_beginning_as_supervisors_does() {
    let kept = |max: usize, pieces: &[&str]| {
        let mut captured = Captured::new(max);
        pieces.iter().for_each(|piece| captured.push(piece.as_bytes()));
        String::from_utf8(captured.take()).unwrap()
    };
    assert_eq!(kept(10, &["12345678", "abcd"]), "5678abcd");
    assert_eq!(kept(10, &["123", "a longer piece"]), "a longer piece");
    assert_eq!(kept(10, &["1234567890"]), "1234567890");
}
