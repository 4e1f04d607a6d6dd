//! A log that is followed: what the server sends is shown as it comes, until Ctrl-C.

use visor_units::config::repr_bytes;

use super::commands::Done;
use super::exception::{Kind, os_error};
use super::session::{Session, write};
use crate::remote::{CallError, Remote};

/// Shows a log of the server's until it ends or Ctrl-C. Neither is a failure.
pub(super) fn follow(session: &mut Session, path: &str) -> Done {
    session.say("==> Press Ctrl-C to exit <==");
    let remote = session.link.remote();
    if session.link.interruptible(stream(&remote, path)).is_err() {
        session.say("");
    }
    Ok(())
}

/// Shows what comes from a path of the server's. What keeps it from coming is told on standard error.
pub(super) async fn stream(remote: &Remote, path: &str) {
    let mut frames = match remote.follow(path).await {
        Ok(frames) => frames,
        Err(error) => return eprintln!("{}{path} {}", remote.url(), refusal(error)),
    };
    let mut text = Text::default();
    while let Some(frame) = frames.next().await {
        write(&text.take(&frame));
    }
}

fn refusal(error: CallError) -> String {
    match error {
        CallError::Status { code, .. } => format!("Cannot read, status code {code}"),
        CallError::Io(error) => {
            let (class, text) = os_error(&error);
            format!("Cannot connect, error: <class '{class}'> ({text})")
        }
        other => {
            let (class, text) = Kind::Call(other).describe();
            format!("Cannot connect, error: <class '{class}'> ({text})")
        }
    }
}

/// Bytes that become text. A character that is cut by the network waits for its rest.
#[derive(Default)]
struct Text {
    rest: Vec<u8>,
}

impl Text {
    fn take(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let whole = match str::from_utf8(&self.rest) {
            Ok(_) => self.rest.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => {
                return format!("Undecodable: {}", repr_bytes(&std::mem::take(&mut self.rest)));
            }
        };
        let text: Vec<u8> = self.rest.drain(..whole).collect();
        String::from_utf8_lossy(&text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_is_cut_waits_for_its_rest() {
        let mut text = Text::default();
        assert_eq!(text.take(b"a\xc3"), "a");
        assert_eq!(text.take(b"\xa9b"), "éb");
        assert_eq!(text.take(b"\x88\n"), "Undecodable: b'\\x88\\n'");
        assert_eq!(text.take(b"c"), "c");
    }
}
