//! What a listener says, cut anywhere: it means the same, and nothing of it breaks anything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use visor_units::announce::{Reader, Said};

/// The most that is kept of what is not understood yet: a line, or a result.
const UNREAD_MAX: usize = 17 * 1024 * 1024;

fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Said> {
    let mut reader = Reader::default();
    let mut all = Vec::new();
    for chunk in chunks {
        reader.feed(chunk);
        while let Some(said) = reader.next_said() {
            if said == Said::Ready {
                reader.send();
            }
            all.push(said);
        }
        assert!(reader.unread() <= UNREAD_MAX);
    }
    all
}

// The first byte says how long the pieces are.
fuzz_target!(|data: &[u8]| {
    let Some((size, bytes)) = data.split_first() else { return };
    let size = usize::from(*size).max(1);
    assert_eq!(read(bytes.chunks(size)), read(std::iter::once(bytes)));
});
