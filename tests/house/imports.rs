//! Who may import whom, by Cargo's own account.

use std::collections::BTreeSet;
use std::process::Command;

use visor_tests::run;

/// Each crate of ours, and which of ours it may see. The daemon and its client never see each other; `tests` drives the
/// binaries and sees no crate at all.
const MAY_SEE: [(&str, &[&str]); 5] = [
    ("visor-units", &[]),
    ("visor-dbus", &["visor-units"]),
    ("visord", &["visor-dbus", "visor-units"]),
    ("visorctl", &["visor-dbus", "visor-units"]),
    ("visor-tests", &[]),
];

/// What would bring a clock, descriptors or waiting to the crate that decides.
const IMPURE: [&str; 12] = [
    "async-io",
    "futures-core",
    "getrandom",
    "jiff",
    "libc",
    "mio",
    "nix",
    "rustix",
    "sd-notify",
    "tokio",
    "tracing",
    "zbus",
];

/// The packages that `package` reaches over dependencies of these kinds, itself left out.
fn reached(package: &str, kinds: &str) -> BTreeSet<String> {
    let output = run(Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--prefix=none", "--format={p}"])
        .args(["--package", package, "--edges", kinds])
        .current_dir(super::root()));
    assert_eq!(output.code, 0, "{}", output.err);
    let names = output.out.lines().filter_map(|line| line.split(' ').next());
    names.filter(|name| *name != package).map(str::to_owned).collect()
}

#[test]
fn the_crate_that_decides_reaches_nothing_that_acts() {
    let reached = reached("visor-units", "normal,build");
    assert!(reached.contains("serde"), "{reached:?}");
    let impure: Vec<_> = IMPURE.iter().filter(|name| reached.contains(**name)).collect();
    assert!(impure.is_empty(), "units depends on {impure:?}");
}

#[test]
fn imports_run_one_way() {
    let ours: BTreeSet<&str> = MAY_SEE.map(|(name, _)| name).into();
    for (package, allowed) in MAY_SEE {
        let reached = reached(package, "normal,build,dev");
        let seen: Vec<&str> =
            reached.iter().map(String::as_str).filter(|n| ours.contains(n)).collect();
        assert_eq!(seen, allowed, "{package}");
    }
}
