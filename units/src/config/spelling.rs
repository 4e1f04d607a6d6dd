//! "Did you mean …?"

use strsim::osa_distance;

/// Bytes of the longest word that is compared; no option name is half as long.
const LONGEST: usize = 80;

/// The known words nearest to `word`, if they are near enough to be what was meant: at most a third of its letters off,
/// or, failing that, the known words that have all of its parts (`stdout_maxbytes` for `stdout_logfile_maxbytes`).
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if word.len() > LONGEST {
        return Vec::new();
    }
    let limit = (word.chars().count() / 3).min(3);
    let (mut best, mut found) = (limit, Vec::new());
    let mut composed = Vec::new();
    for candidate in known {
        let distance = distance(word, candidate, best);
        if distance < best {
            (best, found) = (distance, Vec::new());
        }
        if distance == best {
            found.push(candidate);
        } else if has_all_parts(candidate, word) {
            composed.push(candidate);
        }
    }
    let mut found = if found.is_empty() { composed } else { found };
    found.dedup();
    found.truncate(3);
    found
}

/// How far apart two words are, or something above `limit`.
fn distance(word: &str, candidate: &str, limit: usize) -> usize {
    if word.len().abs_diff(candidate.len()) > 4 * limit {
        return usize::MAX;
    }
    osa_distance(word, candidate)
}

fn has_all_parts(candidate: &str, word: &str) -> bool {
    let parts: Vec<&str> = candidate.split('_').collect();
    word.contains('_') && word.split('_').all(|part| parts.contains(&part))
}

/// `did you mean …?` for what [`nearest`] found.
pub(crate) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    match nearest(word, known).as_slice() {
        [] => None,
        found => Some(format!("did you mean `{}`?", found.join("` or `"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 6] = [
        "autostart",
        "autorestart",
        "stopsignal",
        "stopwaitsecs",
        "stdout_logfile_maxbytes",
        "user",
    ];

    #[test]
    fn slips_of_the_pen_are_recognised_and_strangers_are_not() {
        for (word, expected) in [
            ("autorstart", Some("did you mean `autostart` or `autorestart`?")),
            ("stopwatisecs", Some("did you mean `stopwaitsecs`?")),
            ("stopsignail", Some("did you mean `stopsignal`?")),
            ("auto_start", Some("did you mean `autostart`?")),
            ("stdout_maxbytes", Some("did you mean `stdout_logfile_maxbytes`?")),
            ("group", None),
            ("x", None),
        ] {
            assert_eq!(hint(word, KNOWN).as_deref(), expected, "{word}");
        }
    }

    #[test]
    fn an_absurdly_long_word_is_compared_in_bounded_time() {
        assert!(nearest(&"a".repeat(100_000), KNOWN).is_empty());
    }
}
