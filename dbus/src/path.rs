//! Object paths. A name becomes one label of a path by systemd's rule (sd_bus_path_encode(3)): whatever is not an
//! ASCII letter or digit, and a digit at the beginning, is written `_` and two hex digits; the empty name is `_`.

use visor_units::name::ProcessName;
use zbus::ObjectPath;

use crate::ROOT_PATH;

/// The directory of process objects below the root.
const PROGRAM: &str = "program";

/// An object, or a directory of objects, as a path names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// `/` or `/org`: only a way down to this child.
    Above(&'static str),
    /// The manager.
    Manager,
    /// The directory of all processes.
    Programs,
    /// A process, which may or may not exist.
    Program(ProcessName),
}

/// The path of a process: the label of `group:process`.
#[must_use]
pub fn program_path(name: &ProcessName) -> String {
    format!("{ROOT_PATH}/{PROGRAM}/{}", escape(&name.qualified()))
}

/// The process that a path is made from; `None` if the path is no process's.
#[must_use]
pub fn program_name(path: &str) -> Option<ProcessName> {
    match parse(path)? {
        Node::Program(name) => Some(name),
        Node::Above(_) | Node::Manager | Node::Programs => None,
    }
}

/// What a path means; `None` if nothing here has such a path.
pub(crate) fn parse(path: &str) -> Option<Node> {
    match path {
        "/" => return Some(Node::Above("org")),
        "/org" => return Some(Node::Above("visord1")),
        ROOT_PATH => return Some(Node::Manager),
        _ => {}
    }
    let below = path.strip_prefix(ROOT_PATH)?.strip_prefix('/')?;
    match below.split_once('/') {
        None => (below == PROGRAM).then_some(Node::Programs),
        Some((PROGRAM, label)) => {
            let qualified = unescape(label)?;
            let (group, process) = qualified.split_once(':')?;
            Some(Node::Program(ProcessName::new(group, process)))
        }
        Some(_) => None,
    }
}

/// The path of a process, as a value.
pub(crate) fn object_path(name: &ProcessName) -> ObjectPath<'static> {
    // Labels hold only letters, digits and underscores, so this is a path always.
    ObjectPath::from_string_unchecked(program_path(name))
}

/// Makes one label of a path from any name.
#[must_use]
pub fn escape(name: &str) -> String {
    if name.is_empty() {
        return "_".to_owned();
    }
    let mut label = String::with_capacity(name.len() + 8);
    for (index, byte) in name.bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (byte.is_ascii_digit() && index > 0) {
            label.push(char::from(byte));
        } else {
            label.push('_');
            label.extend([hex(byte >> 4), hex(byte & 15)]);
        }
    }
    label
}

/// The name that [`escape`] makes exactly this label from; `None` for every other text, so that an object has one path.
#[must_use]
pub fn unescape(label: &str) -> Option<String> {
    if label == "_" {
        return Some(String::new());
    }
    let mut name = Vec::with_capacity(label.len());
    let mut rest = label.bytes();
    while let Some(byte) = rest.next() {
        name.push(if byte == b'_' {
            unhex(rest.next()?)? << 4 | unhex(rest.next()?)?
        } else {
            byte
        });
    }
    let name = String::from_utf8(name).ok()?;
    (escape(&name) == label).then_some(name)
}

fn hex(nibble: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(nibble & 15)])
}

fn unhex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_are_systemds() {
        for (name, label) in [
            ("", "_"),
            ("web", "web"),
            ("0day", "_30day"),
            ("dbus.service", "dbus_2eservice"),
            ("g:w_01", "g_3aw_5f01"),
            ("ü", "_c3_bc"),
            ("a\0b", "a_00b"),
        ] {
            assert_eq!(escape(name), label, "{name:?}");
        }
    }

    #[test]
    fn what_no_name_escapes_to_is_no_label() {
        for label in ["", "0day", "a.b", "_", "_3", "_zz", "_3A", "_41", "_ff", "a_"] {
            let name = unescape(label);
            assert!(name.is_none() || label == "_", "{label:?} read as {name:?}");
        }
    }

    #[test]
    fn every_object_has_its_path() {
        let name = ProcessName::new("workers", "w_0");
        for (path, node) in [
            ("/", Some(Node::Above("org"))),
            ("/org", Some(Node::Above("visord1"))),
            ("/org/visord1", Some(Node::Manager)),
            ("/org/visord1/program", Some(Node::Programs)),
            ("/org/visord1/program/workers_3aw_5f0", Some(Node::Program(name))),
            ("/org/visord1/program/nocolon", None),
            ("/org/visord1/program/a_3ab/c", None),
            ("/org/visord1/nothing", None),
            ("/org/visord12", None),
            ("/com", None),
        ] {
            assert_eq!(parse(path), node, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_name_survives_the_round_trip(name in ".*") {
            let label = escape(&name);
            prop_assert!(label.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()));
            prop_assert_eq!(unescape(&label), Some(name));
        }

        #[test]
        fn two_labels_are_never_one_name(label in "[A-Za-z0-9_]{0,12}") {
            if let Some(name) = unescape(&label) {
                prop_assert_eq!(escape(&name), label);
            }
        }

        #[test]
        fn any_process_is_found_by_its_path(group in "[^:]*", process in ".*") {
            let name = ProcessName::new(group, process);
            prop_assert_eq!(program_name(&program_path(&name)), Some(name));
        }
    }
}
