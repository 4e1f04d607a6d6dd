//! How supervisorctl takes names apart and puts them together.

/// `group:process` in two; no process for `group:` and `group:*`. A name without a colon is both.
pub(super) fn split(namespec: &str) -> (&str, Option<&str>) {
    match namespec.split_once(':') {
        Some((group, "" | "*")) => (group, None),
        Some((group, process)) => (group, Some(process)),
        None => (namespec, Some(namespec)),
    }
}

/// `group:process`, or one name where both are equal.
pub(super) fn join(group: &str, process: &str) -> String {
    if group == process { process.to_owned() } else { format!("{group}:{process}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_the_first_colon() {
        for (namespec, parts) in [
            ("web", ("web", Some("web"))),
            ("g:p", ("g", Some("p"))),
            ("g:a:b", ("g", Some("a:b"))),
            ("g:*", ("g", None)),
            ("g:", ("g", None)),
            ("*", ("*", Some("*"))),
        ] {
            assert_eq!(split(namespec), parts);
        }
        assert_eq!((join("a", "a").as_str(), join("a", "b").as_str()), ("a", "a:b"));
    }
}
