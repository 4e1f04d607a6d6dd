//! Where a configuration is looked for when none is named.

use super::python::{dirname, join};

/// The paths to try, in order, for a program started as `argv0`. Under the name of visord its own places come first;
/// the rest is Supervisor's list, which includes the working directory.
#[must_use]
pub fn default_paths(argv0: &str) -> Vec<String> {
    let name = argv0.rsplit('/').next().unwrap_or_default();
    let own: &[&str] = match name {
        "visord" | "visorctl" => &["/etc/visord/visord.conf", "/etc/visord/visord.toml"],
        _ => &[],
    };
    let prefix = dirname(dirname(argv0));
    let mut paths: Vec<String> = own.iter().map(|path| (*path).to_owned()).collect();
    paths.push(join(prefix, "etc/supervisord.conf"));
    paths.push(join(prefix, "supervisord.conf"));
    for path in [
        "supervisord.conf",
        "etc/supervisord.conf",
        "/etc/supervisord.conf",
        "/etc/supervisor/supervisord.conf",
    ] {
        paths.push(path.to_owned());
    }
    paths
}

/// The first of [`default_paths`] that exists.
///
/// # Errors
/// Supervisor's text, with every path that was tried.
pub fn find(argv0: &str, exists: impl Fn(&str) -> bool) -> Result<String, String> {
    let paths = default_paths(argv0);
    paths.iter().find(|path| exists(path)).cloned().ok_or_else(|| {
        format!(
            "No config file found at default paths ({}); use the -c option to specify a config \
             file at a different path",
            paths.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supervisors_places_are_tried_in_supervisors_order() {
        assert_eq!(
            default_paths("/opt/sv/bin/supervisord"),
            [
                "/opt/sv/etc/supervisord.conf",
                "/opt/sv/supervisord.conf",
                "supervisord.conf",
                "etc/supervisord.conf",
                "/etc/supervisord.conf",
                "/etc/supervisor/supervisord.conf",
            ]
        );
    }

    #[test]
    fn visords_own_place_comes_first_under_its_name() {
        let found = find("visord", |path| path.starts_with("/etc/"));
        assert_eq!(found.as_deref(), Ok("/etc/visord/visord.conf"));
        let found = find("supervisord", |path| path.starts_with("/etc/"));
        assert_eq!(found.as_deref(), Ok("/etc/supervisord.conf"));
        let refusal = find("supervisord", |_| false).expect_err("nothing exists");
        assert!(refusal.starts_with(
            "No config file found at default paths (etc/supervisord.conf, supervisord.conf, "
        ));
    }
}
