//! Command lines as Python's getopt reads them, which is how Supervisor's programs read theirs: short options bundled,
//! long ones abbreviable to a unique beginning, and the first word that is no option ends them.

/// One option: its spellings, whether it takes a value, and what `--help` says of it.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// `-x`; `-?` is another spelling of `-h`.
    pub short: Option<char>,
    /// `--name`.
    pub long: &'static str,
    /// What the value is called in help, if there is one.
    pub value: Option<&'static str>,
    /// What it does, in a few words.
    pub help: &'static str,
}

/// An option as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its long name.
    pub long: &'static str,
    /// How messages call it: `-x`, or `--name` in full.
    pub spelling: String,
    /// Its value; empty for an option that takes none.
    pub value: String,
}

/// What a command line says: the options in order, and the words after them.
pub type Parsed = (Vec<Given>, Vec<String>);

/// An option with a short and a long spelling.
#[must_use]
pub const fn flag(
    short: char,
    long: &'static str,
    value: Option<&'static str>,
    help: &'static str,
) -> Flag {
    Flag { short: Some(short), long, value, help }
}

/// An option with a long spelling only.
#[must_use]
pub const fn long(long: &'static str, value: Option<&'static str>, help: &'static str) -> Flag {
    Flag { short: None, long, value, help }
}

/// Reads the words after the program's name.
///
/// # Errors
/// Python's text for what is wrong (`option -x not recognized`).
pub fn parse(flags: &[Flag], words: impl IntoIterator<Item = String>) -> Result<Parsed, String> {
    let mut words = words.into_iter();
    let mut given = Vec::new();
    while let Some(word) = words.next() {
        if word == "--" {
            return Ok((given, words.collect()));
        }
        if let Some(text) = word.strip_prefix("--") {
            given.push(take_long(flags, text, &mut words)?);
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            take_short(flags, letters, &mut words, &mut given)?;
        } else {
            return Ok((given, std::iter::once(word).chain(words).collect()));
        }
    }
    Ok((given, Vec::new()))
}

fn take_long(
    flags: &[Flag],
    text: &str,
    words: &mut impl Iterator<Item = String>,
) -> Result<Given, String> {
    let (name, attached) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    let flag = find_long(flags, name)?;
    let spelling = format!("--{}", flag.long);
    let value = match (flag.value, attached) {
        (None, None) => String::new(),
        (None, Some(_)) => return Err(format!("option {spelling} must not have an argument")),
        (Some(_), Some(value)) => value,
        (Some(_), None) => {
            words.next().ok_or_else(|| format!("option {spelling} requires argument"))?
        }
    };
    Ok(Given { long: flag.long, spelling, value })
}

/// The options of one word: the first that takes a value takes the rest of it, or the next word.
fn take_short(
    flags: &[Flag],
    letters: &str,
    words: &mut impl Iterator<Item = String>,
    given: &mut Vec<Given>,
) -> Result<(), String> {
    for (at, letter) in letters.char_indices() {
        let flag = find_short(flags, letter)?;
        let spelling = format!("-{letter}");
        let attached = &letters[at + letter.len_utf8()..];
        let value = match flag.value {
            None => String::new(),
            Some(_) if !attached.is_empty() => attached.to_owned(),
            Some(_) => {
                words.next().ok_or_else(|| format!("option {spelling} requires argument"))?
            }
        };
        given.push(Given { long: flag.long, spelling, value });
        if flag.value.is_some() {
            break;
        }
    }
    Ok(())
}

fn find_long<'f>(flags: &'f [Flag], name: &str) -> Result<&'f Flag, String> {
    if let Some(flag) = flags.iter().find(|flag| flag.long == name) {
        return Ok(flag);
    }
    let mut candidates = flags.iter().filter(|flag| flag.long.starts_with(name));
    match (candidates.next(), candidates.next()) {
        (Some(flag), None) => Ok(flag),
        (Some(_), Some(_)) => Err(format!("option --{name} not a unique prefix")),
        (None, _) => Err(format!("option --{name} not recognized")),
    }
}

fn find_short(flags: &[Flag], letter: char) -> Result<&Flag, String> {
    let canonical = if letter == '?' { 'h' } else { letter };
    flags
        .iter()
        .find(|flag| flag.short == Some(canonical))
        .ok_or_else(|| format!("option -{letter} not recognized"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: [Flag; 4] = [
        flag('c', "configuration", Some("FILE"), ""),
        flag('n', "nodaemon", None, ""),
        flag('h', "help", None, ""),
        long("no-host", None, ""),
    ];

    fn parsed(line: &str) -> Result<(Vec<String>, Vec<String>), String> {
        let (given, rest) = parse(&FLAGS, line.split_whitespace().map(str::to_owned))?;
        let shown = given.iter().map(|g| format!("{} {}={}", g.spelling, g.long, g.value));
        Ok((shown.collect(), rest))
    }

    #[test]
    fn options_are_bundled_attached_abbreviated_and_separate() {
        for (line, given, rest) in [
            ("-nc x", &["-n nodaemon=", "-c configuration=x"][..], &[][..]),
            ("-cx --conf=y", &["-c configuration=x", "--configuration configuration=y"], &[]),
            ("-? --no-h", &["-? help=", "--no-host no-host="], &[]),
            ("-n word -n", &["-n nodaemon="], &["word", "-n"]),
            ("-n -- -n", &["-n nodaemon="], &["-n"]),
            ("- -n", &[], &["-", "-n"]),
            ("-c -n", &["-c configuration=-n"], &[]),
            ("--configuration=", &["--configuration configuration="], &[]),
        ] {
            let expected = (given, rest);
            let (given, rest) = parsed(line).expect(line);
            assert_eq!(
                (given.as_slice(), rest.as_slice()),
                (&owned(expected.0)[..], &owned(expected.1)[..]),
                "{line}"
            );
        }
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn refusals_are_in_pythons_words() {
        for (line, text) in [
            ("-x", "option -x not recognized"),
            ("-nx", "option -x not recognized"),
            ("--bogus", "option --bogus not recognized"),
            ("--no", "option --no not a unique prefix"),
            ("-c", "option -c requires argument"),
            ("--conf", "option --configuration requires argument"),
            ("--nodaemon=1", "option --nodaemon must not have an argument"),
        ] {
            assert_eq!(parsed(line), Err(text.to_owned()), "{line}");
        }
    }
}
