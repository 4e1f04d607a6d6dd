//! What is installed beside the binaries, judged by the programs that will read it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use visor_tests::{binary, run};

use super::{has, root, text};

const SERVICE: &str = "packaging/systemd/visord.service";
const POLICY: &str = "packaging/dbus/org.visord1.conf";

/// The values of a key of the service, in order.
fn settings(key: &str) -> Vec<String> {
    let text = text(SERVICE);
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).collect()
}

/// A root directory with the service, what it orders itself by, and something to execute under the names of its commands.
fn installed() -> TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    let units = root.path().join("usr/lib/systemd/system");
    let bin = root.path().join("usr/bin");
    for directory in [&units, &bin] {
        fs::create_dir_all(directory).expect("a directory");
    }
    fs::write(units.join("visord.service"), text(SERVICE)).expect("the service");
    let ordered_by = ["Wants", "After", "WantedBy"].map(settings).concat().join(" ");
    let given = "sysinit.target basic.target shutdown.target";
    for unit in ordered_by.split(' ').chain(given.split(' ')) {
        let is_socket = Path::new(unit).extension().is_some_and(|kind| kind == "socket");
        let text = if is_socket { "[Socket]\nListenStream=/run/socket\n" } else { "[Unit]\n" };
        fs::write(units.join(unit), text).expect("a unit");
    }
    for name in ["visord", "visorctl"] {
        fs::write(bin.join(name), "#!/bin/sh\n").expect("a program");
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    root
}

#[test]
fn the_service_is_accepted_by_systemd() {
    if !has("systemd-analyze") {
        return;
    }
    let root = installed();
    let output = run(Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=yes", "visord.service"])
        .arg(format!("--root={}", root.path().display())));
    assert_eq!((output.code, output.err.as_str()), (0, ""));
}

#[test]
fn the_service_says_of_everything_it_leaves_open_why() {
    if !has("systemd-analyze") {
        return;
    }
    let output = run(Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--json=short", "--no-pager"])
        .arg(root().join(SERVICE)));
    let judged: Vec<serde_json::Value> = serde_json::from_str(&output.out).expect("JSON");
    let open: Vec<&str> = judged
        .iter()
        .filter(|item| item["set"] == false)
        .filter_map(|item| item["name"].as_str())
        .collect();
    assert!(open.contains(&"NoNewPrivileges="), "{open:?}");
    let text = text(SERVICE);
    let comments: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix('#')).collect();
    let explained: Vec<&str> = comments
        .iter()
        .flat_map(|line| line.split(' '))
        .map(|word| word.trim_end_matches(':'))
        .collect();
    // A filter is one thing to explain, a capability or an address family is one each.
    let is_explained = |name: &str| {
        let (key, value) = name.split_once('=').expect("a key");
        let value = Some(value).filter(|value| value.starts_with('~') && key != "SystemCallFilter");
        let word = value.map_or_else(|| format!("{key}="), str::to_owned);
        explained.iter().any(|found| *found == word || found.ends_with(&format!("={word}")))
    };
    let missing: Vec<_> =
        open.iter().flat_map(|name| name.split('/')).filter(|name| !is_explained(name)).collect();
    assert!(missing.is_empty(), "not explained in {SERVICE}: {missing:?}");
}

#[test]
fn the_manual_pages_that_the_service_names_are_there() {
    let pages = settings("Documentation").join(" ");
    for page in pages.split(' ') {
        let name = page.strip_prefix("man:").and_then(|page| page.strip_suffix(')'));
        let file = name.expect("man:NAME(SECTION)").replace('(', ".");
        assert!(root().join("packaging/man").join(&file).exists(), "{file}");
    }
}

/// The commands of the service with the configuration of the server's example, which needs nothing of this machine.
#[test]
fn the_commands_of_the_service_are_understood() {
    let configuration = root().join("packaging/examples/server/visord.conf");
    let configuration = configuration.to_str().expect("UTF-8");
    let words = |key: &str| {
        let command = settings(key).concat().replace("/etc/visord/visord.conf", configuration);
        command.split(' ').skip(1).map(str::to_owned).collect::<Vec<String>>()
    };
    let check = ["--check", "--no-host"];
    let start = run(Command::new(binary("visord")).args(words("ExecStart")).args(check));
    assert_eq!(start.code, 0, "{}{}", start.out, start.err);
    let reload = run(Command::new(binary("visorctl")).args(words("ExecReload")).arg("--help"));
    assert_eq!(reload.code, 0, "{}", reload.err);
}

/// With what it says in comments too, and a program beside it.
#[test]
fn the_configurations_that_are_installed_have_no_problems() {
    for name in ["packaging/etc/visord.conf", "packaging/supervisor/supervisord.conf"] {
        let place = tempfile::tempdir().expect("a temporary directory");
        let file = place.path().join("visord.conf");
        let is_setting =
            |line: &str| line.starts_with(|first: char| first == '[' || first.is_ascii_lowercase());
        let settings = text(name).lines().fold(String::new(), |all, line| {
            let setting = line.strip_prefix(';').filter(|line| is_setting(line));
            all + setting.unwrap_or(line) + "\n"
        });
        fs::write(&file, settings).expect("a configuration");
        fs::create_dir(place.path().join("conf.d")).expect("conf.d");
        fs::write(place.path().join("conf.d/web.conf"), "[program:web]\ncommand=web\n")
            .expect("a program");
        let check = ["--check", "--strict", "--no-host", "-c"];
        let output = run(Command::new(binary("visord")).args(check).arg(&file));
        assert_eq!(output.code, 0, "{name}: {}{}", output.out, output.err);
    }
}

#[test]
fn the_bus_policy_is_well_formed() {
    if !has("xmllint") {
        return;
    }
    let output = run(Command::new("xmllint").args(["--noout", "--nonet"]).arg(root().join(POLICY)));
    assert_eq!((output.code, output.err.as_str()), (0, ""));
}

#[test]
fn the_bus_policy_is_accepted_by_the_bus_without_a_word() {
    if !has("dbus-daemon") {
        return;
    }
    let place = tempfile::tempdir().expect("a temporary directory");
    let configuration = place.path().join("bus.conf");
    let text = format!(
        "<busconfig><type>system</type><auth>EXTERNAL</auth><listen>unix:path={}/bus</listen>\
         <include>{}</include></busconfig>",
        place.path().display(),
        root().join(POLICY).display()
    );
    fs::write(&configuration, text).expect("a bus configuration");
    let mut bus = Command::new("dbus-daemon")
        .args(["--nofork", "--nopidfile", "--nosyslog", "--print-address=1"])
        .arg(format!("--config-file={}", configuration.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("dbus-daemon");
    let mut address = String::new();
    let stdout = bus.stdout.as_mut().expect("its output");
    BufReader::new(stdout).read_line(&mut address).expect("its address");
    drop(bus.kill());
    let output = bus.wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&output.stderr);
    // Where a user may not have many descriptors it says that too, whatever the policy.
    let said: Vec<&str> = said.lines().filter(|line| !line.contains("fd limit")).collect();
    assert!(said.is_empty(), "{said:?}");
    assert!(address.starts_with("unix:"), "{address}");
}
