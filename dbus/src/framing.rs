//! What a peer may send, judged byte by byte before anything is reserved for it.
//!
//! A D-Bus message begins with its length, and a reader that believes it reserves up to 128 MiB for 16 bytes received.
//! On a bus the bus daemon stands in front of that; on a socket of our own this does.

use std::io;

/// The largest message a peer may send, in bytes. The longest sensible call names every process by hand.
const MESSAGE_MAX: u64 = 1 << 20;
/// The longest handshake, in bytes.
const HANDSHAKE_MAX: usize = 4096;
/// Bytes of a message after which its length is known (D-Bus Specification, "Message Format").
const HEADER: usize = 16;

/// Where in the stream of a peer we are.
#[derive(Debug)]
pub(crate) enum Frames {
    /// In the handshake: bytes so far, and the beginning of the current line.
    Handshake { seen: usize, line: Vec<u8> },
    /// In the fixed part of a message.
    Header { bytes: [u8; HEADER], have: usize },
    /// In the rest of a message, this many bytes before the next one.
    Rest(u64),
}

impl Frames {
    /// The beginning of a connection.
    pub(crate) fn new() -> Self {
        Self::Handshake { seen: 0, line: Vec::new() }
    }

    /// Follows what was received.
    ///
    /// # Errors
    /// If the peer must not be listened to any longer.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let used = match self {
                Self::Handshake { seen, line } => {
                    if handshake(seen, line, bytes[0])? {
                        *self = Self::header();
                    }
                    1
                }
                Self::Header { bytes: header, have } => {
                    let used = bytes.len().min(HEADER - *have);
                    header[*have..*have + used].copy_from_slice(&bytes[..used]);
                    *have += used;
                    if *have == HEADER {
                        *self = Self::Rest(rest(header)?);
                    }
                    used
                }
                Self::Rest(left) => {
                    let used = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= used as u64;
                    used
                }
            };
            if matches!(self, Self::Rest(0)) {
                *self = Self::header();
            }
            bytes = &bytes[used..];
        }
        Ok(())
    }

    const fn header() -> Self {
        Self::Header { bytes: [0; HEADER], have: 0 }
    }
}

/// Follows one byte of the handshake; true when it was the last one. A line must end in CR LF: the reader behind us
/// indexes before the LF.
fn handshake(seen: &mut usize, line: &mut Vec<u8>, byte: u8) -> io::Result<bool> {
    *seen += 1;
    if *seen > HANDSHAKE_MAX {
        return Err(refused("handshake too long"));
    }
    if byte != b'\n' {
        line.push(byte);
        return Ok(false);
    }
    let whole = std::mem::take(line);
    match whole.strip_suffix(b"\r") {
        None => Err(refused("handshake line without CR")),
        Some(text) => Ok(text == b"BEGIN"),
    }
}

/// Bytes that follow the fixed part of a message.
fn rest(header: &[u8; HEADER]) -> io::Result<u64> {
    let number = |at: usize| {
        let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        match header[0] {
            b'l' => Ok(u64::from(u32::from_le_bytes(bytes))),
            b'B' => Ok(u64::from(u32::from_be_bytes(bytes))),
            _ => Err(refused("not a message")),
        }
    };
    let (body, fields) = (number(4)?, number(12)?);
    let rest = fields.next_multiple_of(8) + body;
    if HEADER as u64 + rest > MESSAGE_MAX {
        return Err(refused("message too long"));
    }
    Ok(rest)
}

fn refused(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HANDSHAKE: &[u8] = b"\0AUTH EXTERNAL 30\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";

    fn message(fields: u32, body: u32) -> Vec<u8> {
        let mut message = vec![b'l', 1, 0, 1];
        message.extend(body.to_le_bytes());
        message.extend(7_u32.to_le_bytes());
        message.extend(fields.to_le_bytes());
        message
    }

    fn whole(fields: u32, body: u32) -> Vec<u8> {
        let mut message = message(fields, body);
        message.resize(16 + fields.next_multiple_of(8) as usize + body as usize, 0);
        message
    }

    #[test]
    fn a_claim_of_much_is_refused_at_its_sixteenth_byte() {
        let claim = message(16, 127 << 20);
        let mut frames = Frames::new();
        frames.feed(HANDSHAKE).unwrap();
        frames.feed(&claim[..15]).unwrap();
        let error = frames.feed(&claim[15..]).unwrap_err();
        assert_eq!(error.to_string(), "message too long");
    }

    #[test]
    fn what_is_no_handshake_is_refused() {
        for (bytes, reason) in [
            (b"\n".as_slice(), "handshake line without CR"),
            (b"\0AUTH\r\n\n", "handshake line without CR"),
            (&[b'x'; HANDSHAKE_MAX + 1], "handshake too long"),
            (b"\0BEGI\r\nBEGIN\r\nGET / HTTP/1.1\r\n\r\n", "not a message"),
        ] {
            let error = Frames::new().feed(bytes).unwrap_err();
            assert_eq!(error.to_string(), reason, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn good_messages_pass_however_they_are_cut(
            sizes in prop::collection::vec((0_u32..300, 0_u32..3000), 0..8),
            cuts in prop::collection::vec(1_usize..400, 1..50),
        ) {
            let mut bytes = HANDSHAKE.to_vec();
            for (fields, body) in &sizes {
                bytes.extend(whole(*fields, *body));
            }
            let mut frames = Frames::new();
            let mut rest = bytes.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                frames.feed(now).unwrap();
                rest = later;
            }
            let at_a_boundary = matches!(frames, Frames::Header { have: 0, .. });
            prop_assert!(at_a_boundary);
        }

        #[test]
        fn any_bytes_are_followed_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let mut frames = Frames::new();
            let _accepted = frames.feed(HANDSHAKE).and_then(|()| frames.feed(&bytes));
        }
    }
}
