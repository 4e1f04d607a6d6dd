//! Stories that need the standard places of a machine (`/run/systemd/journal`, `/run/dbus`): they run themselves again in
//! a mount namespace of their own, with a real journald and a real system bus in it.

use std::env;
use std::process::Command;

/// Set inside the namespace.
const INSIDE: &str = "VISOR_TESTS_INSIDE";

/// Proof that a story runs inside.
pub struct Sandbox(());

/// Runs `story` inside a namespace of its own. `name` is the full name of the calling test. Needs root, `unshare`,
/// journald and dbus-daemon: where one is missing the story is skipped, and says so.
///
/// # Panics
/// If the story fails inside.
pub fn sandboxed(name: &str, story: impl FnOnce(&Sandbox)) {
    if env::var_os(INSIDE).is_some() {
        story(&Sandbox(()));
        return;
    }
    if let Some(missing) = missing() {
        crate::skip(&format!("needs {missing}"));
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/inside");
    let inside = crate::run(
        Command::new("unshare")
            .args(["--mount", "--propagation", "private", script])
            .arg(env::current_exe().expect("the path of this test"))
            .args(["--exact", name, "--nocapture"])
            .env(INSIDE, "1"),
    );
    // Shown only now: the lines of a second runner among those of the first would be counted as its own.
    let passed = inside.code == 0 && inside.out.contains("1 passed");
    assert!(passed, "{name} failed inside:\n{}{}", inside.out, inside.err);
}

/// Whether namespaces can be made here: for root, and in a container only for one that is let.
#[must_use]
pub fn may_unshare() -> bool {
    let tried = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--mount-proc", "true"])
        .output();
    tried.is_ok_and(|output| output.status.success())
}

fn missing() -> Option<&'static str> {
    if !nix::unistd::geteuid().is_root() {
        return Some("root");
    }
    if !may_unshare() {
        return Some("unshare (util-linux) and the right to use it");
    }
    let there = |path: &str| std::path::Path::new(path).exists();
    [
        ("/lib/systemd/systemd-journald", "systemd-journald (systemd)"),
        ("/usr/bin/dbus-daemon", "dbus-daemon (dbus)"),
        ("/usr/bin/busctl", "busctl (systemd)"),
    ]
    .into_iter()
    .find_map(|(path, name)| (!there(path)).then_some(name))
}

impl Sandbox {
    /// Everything the journal holds that matches, as JSON objects, after what was sent has been stored.
    ///
    /// # Panics
    /// If journalctl does not run.
    #[must_use]
    pub fn journal(&self, matches: &[&str]) -> Vec<serde_json::Value> {
        let synced = crate::run(Command::new("journalctl").arg("--sync"));
        assert_eq!(synced.code, 0, "journalctl --sync: {}", synced.err);
        let found = crate::run(
            Command::new("journalctl")
                .args(["-o", "json", "--all", "--no-pager", "-q"])
                .args(matches),
        );
        found.out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Runs busctl on the system bus of the sandbox.
    #[must_use]
    pub fn busctl(&self, words: &[&str]) -> crate::Output {
        crate::run(Command::new("busctl").args(["--system", "--no-pager"]).args(words))
    }
}
