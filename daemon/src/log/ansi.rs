//! `strip_ansi`: takes terminal control sequences out of a stream.

/// The bytes that end a sequence, as in Supervisor.
const ENDS: &[u8] = b"HfABCDRsuJKhlpm";

/// Where in a sequence the stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    /// After an escape character.
    Escape,
    /// Between `ESC [` and the end, with nothing but what may stand there.
    Inside,
    /// Somewhere that only Supervisor takes for the inside of a sequence: what comes before the end is no part of one.
    Lost,
}

/// Removes from `ESC [` to the first of [`ENDS`], or to the end of the piece that was read, as Supervisor does. Unlike it,
/// this goes on with a sequence that is cut in two.
#[derive(Default)]
pub(super) struct Stripper {
    place: Place,
    kept: Vec<u8>,
}

impl Stripper {
    /// What is left of `bytes`.
    pub(super) fn strip(&mut self, bytes: &[u8]) -> &[u8] {
        self.kept.clear();
        for &byte in bytes {
            self.take(byte);
        }
        if self.place == Place::Lost {
            self.place = Place::Outside;
        }
        &self.kept
    }

    /// Gives back the memory of a burst.
    pub(super) fn rest(&mut self) {
        self.kept = Vec::new();
    }

    fn take(&mut self, byte: u8) {
        self.place = match (self.place, byte) {
            (Place::Outside, 0x1b) => Place::Escape,
            (Place::Escape, b'[') => Place::Inside,
            (Place::Escape, 0x1b) => {
                self.kept.push(0x1b);
                Place::Escape
            }
            (Place::Escape, _) => {
                self.kept.extend([0x1b, byte]);
                Place::Outside
            }
            (Place::Outside, _) => {
                self.kept.push(byte);
                Place::Outside
            }
            (Place::Inside | Place::Lost, _) if ENDS.contains(&byte) => Place::Outside,
            // Parameters and intermediate bytes (ECMA-48, 5.4).
            (Place::Inside, 0x20..=0x3f) => Place::Inside,
            (Place::Inside | Place::Lost, _) => Place::Lost,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_go_and_everything_else_stays() {
        for (raw, left) in [
            ("plain", "plain"),
            ("\x1b[31mred\x1b[0m!", "red!"),
            ("\x1b[2J\x1b[1;1Htop", "top"),
            ("\x1b]0;title\x07", "\x1b]0;title\x07"),
            ("\x1b[5GxH y", " y"),
            ("\x1b\x1b[1mb", "\x1bb"),
        ] {
            assert_eq!(Stripper::default().strip(raw.as_bytes()), left.as_bytes(), "{raw:?}");
        }
    }

    #[test]
    fn a_sequence_without_an_end_takes_what_was_read_with_it_and_no_more() {
        let mut stripper = Stripper::default();
        let mut left = Vec::new();
        for part in ["a\x1b[5nX\n", "hello\n", "\x1b[9z", "\x1b[5nXm", "b"] {
            left.extend_from_slice(stripper.strip(part.as_bytes()));
        }
        assert_eq!(left, b"ahello\nb");
    }

    #[test]
    fn a_sequence_cut_in_two_goes_as_well() {
        let mut stripper = Stripper::default();
        let mut left = Vec::new();
        for part in ["a\x1b", "[3", "1mb", "\x1b[0m"] {
            left.extend_from_slice(stripper.strip(part.as_bytes()));
        }
        assert_eq!(left, b"ab");
    }
}
