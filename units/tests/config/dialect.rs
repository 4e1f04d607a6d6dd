//! The INI dialect: comments, continuations, headers, duplicates.

use crate::host::{MAIN, Table, accepted, program, refused};

#[test]
fn comments_begin_first_or_after_white_space() {
    for (line, directory) in [
        ("directory=/tmp;x", "/tmp;x"),
        ("directory=/tmp ;x", "/tmp"),
        ("directory=/tmp #x", "/tmp"),
        ("directory=/tmp#x", "/tmp#x"),
        ("directory=/tmp\t;x", "/tmp"),
        ("directory=;x", ";x"),
        ("directory= ;x", ""),
        // The two prefixes are searched in lock-step: the first round finds `#b` and `;d`, of which the second is valid.
        ("directory=a#b #c ;d", "a#b #c"),
        ("directory=a;b ;c #d", "a;b ;c"),
        ("directory=a #c ;d", "a"),
    ] {
        assert_eq!(program(line).directory.as_deref(), Some(directory), "{line}");
    }
}

#[test]
fn lines_that_go_on_are_indented_deeper_than_their_option() {
    for (lines, command) in [
        ("command=a\n  b\n  c", "a\nb\nc"),
        ("command=a\n  ; comment\n  b", "a\nb"),
        ("command=a\n\n  b", "a\n\nb"),
        ("command=a\n\n\nautostart=true", "a"),
        ("command=a\n  user=b", "a\nuser=b"),
        ("command=a\n  [program:b]", "a\n[program:b]"),
        ("command=\n  a", "\na"),
        ("command=a\n\u{a0}b", "a\nb"),
    ] {
        assert_eq!(program(lines).command, command, "{lines:?}");
    }
}

#[test]
fn keys_and_delimiters() {
    for (line, directory) in [
        ("directory:/tmp", Some("/tmp")),
        ("DIRECTORY = /tmp", Some("/tmp")),
        ("directory\t=\t/tmp", Some("/tmp")),
        ("directory=a=b:c", Some("a=b:c")),
        ("directory=/a\ndirectory=/b", Some("/b")),
        // Deeper than the option above it.
        ("  directory=/tmp", None),
    ] {
        assert_eq!(program(line).directory.as_deref(), directory, "{line:?}");
    }
}

#[test]
fn headers_end_at_the_last_bracket() {
    let names = |text: &str| -> Vec<String> {
        let plan = accepted(&format!("[supervisord]\n{text}"));
        plan.groups.iter().map(|group| group.name.to_string()).collect()
    };
    assert_eq!(names("[program:a] junk\ncommand=x\n"), ["a"]);
    assert_eq!(names("[program:a]b]\ncommand=x\n"), ["a]b"]);
    assert_eq!(names("  [program:a]\n  command=x\n"), ["a"]);
    assert_eq!(names("[program: a]\ncommand=x\n"), ["a"]);
    assert_eq!(names("[program:]\ncommand=x\n"), [""]);
    assert_eq!(names("[PROGRAM:a]\ncommand=x\n"), [] as [&str; 0]);
    assert_eq!(
        names("[program:a]\ncommand=x\n[program:b]\ncommand=x\n[program:a]\nuser=0\n"),
        ["a", "b"]
    );
}

#[test]
fn equal_sections_are_merged_and_defaults_reach_every_section() {
    let plan = accepted(
        "[DEFAULT]\nstartsecs=7\n[supervisord]\n[program:a]\ncommand=x\ndirectory=/1\n\
         [program:b]\ncommand=x\nstartsecs=8\n[program:a]\ndirectory=/2\n",
    );
    let [a, b] = [0, 1].map(|at: usize| plan.groups[at].programs[0].clone());
    assert_eq!((a.directory.as_deref(), a.startsecs, b.startsecs), (Some("/2"), 7, 8));
}

#[test]
fn lines_end_as_on_any_system() {
    for end in ["\n", "\r\n", "\r"] {
        let text = format!("[supervisord]{end}[program:x]{end}command=a{end}  b{end}");
        assert_eq!(accepted(&text).groups[0].programs[0].command, "a\nb", "{end:?}");
    }
}

#[test]
fn what_cannot_be_read_has_pythons_text() {
    for (text, refusal) in [
        (
            "[supervisord]\nfoo\n",
            "Source contains parsing errors: '/etc/sv/main.conf'\n\t[line  2]: 'foo\\n'",
        ),
        (
            "[supervisord]\nrem x\na=1\n=2\n[x]\nlast",
            "Source contains parsing errors: '/etc/sv/main.conf'\n\t[line  2]: 'rem x\\n'\
             \n\t[line  4]: '=2\\n'\n\t[line  6]: 'last'",
        ),
        (
            "\n a=b\n[supervisord]\n",
            "File contains no section headers.\nfile: '/etc/sv/main.conf', line: 2\n' a=b\\n'",
        ),
        (
            "\u{feff}[supervisord]\n",
            "File contains no section headers.\nfile: '/etc/sv/main.conf', line: 1\n\
             '\\ufeff[supervisord]\\n'",
        ),
        (
            "[]\n[supervisord]\n",
            "File contains no section headers.\nfile: '/etc/sv/main.conf', line: 1\n'[]\\n'",
        ),
        ("", ".ini file does not include supervisord section"),
        ("[program:x]\ncommand=x\n", ".ini file does not include supervisord section"),
    ] {
        assert_eq!(refused(text), refusal);
    }
    let loaded = Table::new(&b"[supervisord]\n# \x88\n"[..]).load();
    assert_eq!(
        loaded.refusal.as_deref(),
        Some("'utf-8' codec can't decode byte 0x88 in position 16: invalid start byte")
    );
    let span = loaded.diagnostics[0].span.clone().expect("a place");
    assert_eq!((span.file.as_str(), span.line, span.column), (MAIN, 2, 3));
}
