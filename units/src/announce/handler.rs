//! How a result is judged: Supervisor's default handler, and what stands here for Python functions that visord does not
//! load.

/// `result_handler`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultHandler {
    /// `supervisor.dispatchers:default_handler`: `OK` is good, everything else a rejection.
    Default,
    /// `supervisor_stdout:event_handler` of the supervisor-stdout package, which prints what programs write.
    SupervisorStdout,
    /// Some other Python function. Nobody knows what it would say of a result, so that only the word with which a
    /// listener rejects is a rejection: an event that is rejected for ever is sent for ever.
    Unknown,
}

/// What comes of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The event is done with.
    Good,
    /// It is done with, and this goes to the daemon's standard output.
    Print(Vec<u8>),
    /// The event is to be sent again.
    Rejected,
    /// The result means nothing: the listener is not one.
    Broken,
}

impl ResultHandler {
    /// The name of the default handler.
    pub const DEFAULT_NAME: &str = "supervisor.dispatchers:default_handler";

    /// The handler of that name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            Self::DEFAULT_NAME => Self::Default,
            "supervisor_stdout:event_handler" => Self::SupervisorStdout,
            _ => Self::Unknown,
        }
    }

    /// Judges a result.
    #[must_use]
    pub fn judge(self, result: &[u8]) -> Verdict {
        match self {
            Self::Default if result == b"OK" => Verdict::Good,
            Self::Default => Verdict::Rejected,
            Self::Unknown if result == b"FAIL" => Verdict::Rejected,
            Self::Unknown => Verdict::Good,
            Self::SupervisorStdout => printed(result).map_or(Verdict::Broken, Verdict::Print),
        }
    }
}

/// The output in the result of a supervisor-stdout listener, which is the payload of a `PROCESS_LOG` event: each line with
/// the program and the channel before it.
fn printed(result: &[u8]) -> Option<Vec<u8>> {
    let newline = result.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&result[..newline]).ok()?;
    let value = |key: &str| {
        head.split_whitespace().filter_map(|word| word.split_once(':')).find(|(k, _)| *k == key)
    };
    let ((_, process), (_, channel)) = (value("processname")?, value("channel")?);
    let prefix = format!("{process} {channel} | ");
    let data = &result[newline + 1..];
    let lines = data.strip_suffix(b"\n").unwrap_or(data).split(|byte| *byte == b'\n');
    Some(lines.flat_map(|line| [prefix.as_bytes(), line, b"\n"].concat()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_handler_takes_ok_and_nothing_else() {
        for (result, verdict) in [
            ("OK", Verdict::Good),
            ("FAIL", Verdict::Rejected),
            ("", Verdict::Rejected),
            ("OK\n", Verdict::Rejected),
        ] {
            assert_eq!(ResultHandler::Default.judge(result.as_bytes()), verdict, "{result:?}");
        }
    }

    #[test]
    fn of_a_handler_that_is_not_known_only_the_word_of_rejection_is_known() {
        let handler = ResultHandler::of("my.module:handler");
        assert_eq!(handler.judge(b"FAIL"), Verdict::Rejected);
        assert_eq!(handler.judge(b"{\"done\": true}"), Verdict::Good);
    }

    #[test]
    fn what_supervisor_stdout_answers_is_printed_line_by_line() {
        let handler = ResultHandler::of("supervisor_stdout:event_handler");
        let result = b"processname:web groupname:site pid:7 channel:stderr\none\ntwo\n";
        let printed = b"web stderr | one\nweb stderr | two\n".to_vec();
        assert_eq!(handler.judge(result), Verdict::Print(printed));
        assert_eq!(handler.judge(b"OK"), Verdict::Broken);
        assert_eq!(handler.judge(b"processname:web\nx"), Verdict::Broken);
    }
}
