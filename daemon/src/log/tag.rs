//! What the lines of one stream of one run are labelled with.

use std::fmt::Write;

use visor_units::invocation::InvocationId;
use visor_units::name::ProcessName;

use super::hub::Stream;
use super::record::escaped;

/// The labels of one stream of one run, for each place its lines go to.
#[derive(Debug, Default)]
pub(super) struct Tag {
    /// Fields for the journal, in its native form.
    pub(super) journal: Option<Vec<u8>>,
    /// The name before each line in syslog.
    pub(super) syslog: Option<String>,
}

/// What is known of a run.
pub(super) struct Identity<'a> {
    /// The section that describes it, without `program:`.
    pub(super) program: &'a str,
    /// Its name.
    pub(super) name: &'a ProcessName,
    /// Its process id.
    pub(super) pid: u32,
    /// Names the run.
    pub(super) invocation: InvocationId,
}

impl Identity<'_> {
    /// The labels of one stream, for the journal and for syslog.
    pub(super) fn tag(&self, stream: Stream, journal: bool, syslog: bool) -> Tag {
        Tag {
            journal: journal.then(|| self.journal_fields(stream)),
            syslog: syslog.then(|| escaped(&self.name.process, false)),
        }
    }

    fn journal_fields(&self, stream: Stream) -> Vec<u8> {
        let mut fields = Vec::with_capacity(320);
        for (name, value) in [
            ("SYSLOG_IDENTIFIER", self.program),
            ("VISORD_PROGRAM", &self.name.process),
            ("VISORD_GROUP", &self.name.group),
            ("VISORD_PROCESS", &self.name.qualified()),
            ("VISORD_STREAM", stream.name()),
            ("VISORD_INVOCATION_ID", &self.invocation.to_string()),
            ("OBJECT_PID", &self.pid.to_string()),
            ("OBJECT_SYSTEMD_UNIT", &unit(self.name)),
        ] {
            put(&mut fields, name, value.as_bytes());
        }
        fields.shrink_to_fit();
        fields
    }
}

/// Adds one field in the journal's native form. A value with a newline is written with its length, so that it cannot
/// pass for further fields.
pub(super) fn put(fields: &mut Vec<u8>, name: &str, value: &[u8]) {
    fields.extend_from_slice(name.as_bytes());
    if value.contains(&b'\n') {
        fields.push(b'\n');
        fields.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        fields.push(b'=');
    }
    fields.extend_from_slice(value);
    fields.push(b'\n');
}

/// The unit under which `journalctl -u visord@NAME` finds a process. Characters that unit names cannot have are written
/// as `journalctl` reads them (`unit_name_mangle` of systemd): `/` as `-`, others as `\xNN`.
pub(super) fn unit(name: &ProcessName) -> String {
    let mut unit = String::from("visord@");
    for byte in name.to_string().bytes() {
        match byte {
            b'/' => unit.push('-'),
            b':' | b'-' | b'_' | b'.' | b'\\' | b'@' => unit.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => unit.push(byte.into()),
            _ => {
                // Writing to a string does not fail.
                let _written = write!(unit, "\\x{byte:02x}");
            }
        }
    }
    unit.push_str(".service");
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_named_as_journalctl_looks_them_up() {
        for (group, process, name) in [
            ("web", "web", "visord@web.service"),
            ("workers", "w_0", "visord@workers:w_0.service"),
            ("my-app", "my-app", "visord@my-app.service"),
            ("a b", "a b", "visord@a\\x20b.service"),
            ("é/x", "é/x", "visord@\\xc3\\xa9-x.service"),
        ] {
            assert_eq!(unit(&ProcessName::new(group, process)), name);
        }
    }

    #[test]
    fn a_name_with_a_newline_makes_no_field_of_its_own() {
        let mut fields = Vec::new();
        put(&mut fields, "VISORD_GROUP", b"a\nPRIORITY=0");
        assert_eq!(fields, b"VISORD_GROUP\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n");
    }
}
