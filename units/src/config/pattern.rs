//! Paths that match a pattern, as Python's `glob` finds them.

use crate::name::wildcard;

/// The directory of a machine, as far as patterns need it.
pub trait Listing {
    /// The names in a directory; none if it cannot be listed. The empty path is the working directory.
    fn names(&self, directory: &str) -> Vec<String>;
    /// Whether something of that path is there, be it a link to nowhere.
    fn exists(&self, path: &str) -> bool;
}

/// Paths that match `pattern`, sorted. `*`, `?` and `[…]` stay within one part of a path, `**` is no more than `*`, and a
/// leading dot is matched only by a dot.
#[must_use]
pub fn glob(pattern: &str, machine: &impl Listing) -> Vec<String> {
    let root = if pattern.starts_with('/') { "/" } else { "" };
    let parts = pattern.split('/').filter(|part| !part.is_empty());
    parts.fold(vec![root.to_owned()], |found, part| {
        found.iter().flat_map(|directory| in_directory(directory, part, machine)).collect()
    })
}

fn in_directory(directory: &str, part: &str, machine: &impl Listing) -> Vec<String> {
    let joined = |name: &str| match directory {
        "" | "/" => format!("{directory}{name}"),
        _ => format!("{directory}/{name}"),
    };
    if !part.contains(['*', '?', '[']) {
        return Some(joined(part)).filter(|path| machine.exists(path)).into_iter().collect();
    }
    let hidden = |name: &str| name.starts_with('.') && !part.starts_with('.');
    let names = machine.names(directory).into_iter();
    let mut found: Vec<String> = names
        .filter(|name| !hidden(name) && wildcard(part, name))
        .map(|name| joined(&name))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree;

    const PATHS: [&str; 7] =
        ["/c", "/c/b.conf", "/c/a.conf", "/c/.hidden.conf", "/c/x.ini", "/c/sub", "/c/sub/d.conf"];

    impl Listing for Tree {
        fn names(&self, directory: &str) -> Vec<String> {
            let inside = |path: &str| {
                let rest = path.strip_prefix(directory.trim_end_matches('/'))?.strip_prefix('/')?;
                (!rest.contains('/')).then(|| rest.to_owned())
            };
            PATHS.iter().filter_map(|path| inside(path)).collect()
        }

        fn exists(&self, path: &str) -> bool {
            PATHS.contains(&path)
        }
    }

    #[test]
    fn patterns_match_part_by_part() {
        for (pattern, found) in [
            ("/c/*.conf", vec!["/c/a.conf", "/c/b.conf"]),
            ("/*/*/*.conf", vec!["/c/sub/d.conf"]),
            ("/c/**/*.conf", vec!["/c/sub/d.conf"]),
            ("/c/[!a].c?nf", vec!["/c/b.conf"]),
            ("/c/.h*", vec!["/c/.hidden.conf"]),
            ("/c//a.conf", vec!["/c/a.conf"]),
            ("/c/z.conf", vec![]),
            ("/c/[", vec![]),
        ] {
            assert_eq!(glob(pattern, &Tree), found, "{pattern}");
        }
    }
}
