//! `echo_supervisord_conf` and `pidproxy`: the real ones and ours.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use visor_tests::{binary, run, wait_until};

/// A program of Supervisor's: the real one, and ours under that name.
struct Pair {
    directory: TempDir,
    programs: [PathBuf; 2],
}

impl Pair {
    fn new(name: &str, ours: &str) -> Option<Self> {
        let reference = crate::reference()?.with_file_name(name);
        let directory = tempfile::tempdir().expect("a directory");
        let link = directory.path().join(name);
        symlink(binary(ours), &link).expect("a link");
        Some(Self { directory, programs: [reference, link] })
    }

    /// A place for each, and the program.
    fn places(&self) -> impl Iterator<Item = (PathBuf, &Path)> {
        self.programs.iter().enumerate().map(|(index, program)| {
            let place = self.directory.path().join(index.to_string());
            fs::create_dir(&place).expect("a directory");
            (place, program.as_path())
        })
    }
}

/// What is in force: each section, and each key with its value.
fn in_force(text: &str) -> BTreeSet<String> {
    let mut section = String::new();
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with(';') && !line.trim().is_empty()) {
        match line.split_once(" ;").map_or(line, |(value, _)| value).split_once('=') {
            Some((key, value)) => {
                found.insert(format!("{section}{}={}", key.trim(), value.trim()));
            }
            None => section = line.trim().to_owned(),
        }
    }
    found
}

#[test]
fn the_sample_means_what_supervisors_does() {
    let Some(pair) = Pair::new("echo_supervisord_conf", "visorctl") else { return };
    let [theirs, ours] =
        pair.programs.each_ref().map(|program| run(Command::new(program).args(["any", "thing"])));
    assert_eq!((theirs.code, ours.code), (0, 0));
    assert_eq!(in_force(&ours.out), in_force(&theirs.out));
    assert!(ours.out.contains("Sample supervisor config file"));

    let file = pair.directory.path().join("s.conf");
    fs::write(&file, &ours.out).expect("a file");
    let meaning = super::theirs(&pair.programs[0].with_file_name("python"), &file);
    assert_eq!(meaning.code, 0, "{}", meaning.err);
}

#[test]
fn pidproxy_is_told_what_to_do_and_ends_well_whatever_the_command_does() {
    let Some(pair) = Pair::new("pidproxy", "visord") else { return };
    for program in &pair.programs {
        for words in [&[][..], &["pid"]] {
            let output = run(Command::new(program).args(words));
            assert_eq!(output.code, 1);
            let usage =
                format!("Usage: {} <pidfile name> <command> [<cmdarg1> ...]\n", program.display());
            assert!(output.out.contains(&usage), "{}", output.out);
        }
    }
    // One waits up to five seconds to see it, so they do so together.
    let commands = [&["pid", "/bin/false"][..], &["pid", "/no/such"], &["pid", "false"]];
    let mut children: Vec<Child> = pair
        .programs
        .iter()
        .flat_map(|program| commands.map(|words| (program, words)))
        .map(|(program, words)| {
            let mut command = Command::new(program);
            command.args(words).current_dir(pair.directory.path()).stderr(Stdio::null());
            command.spawn().expect("pidproxy")
        })
        .collect();
    for child in &mut children {
        assert_eq!(child.wait().expect("its end").code(), Some(0));
    }
}

/// Writes its own pid and argv[0], and what it is told.
const SERVICE: &str = "#!/bin/bash\n\
    for s in HUP USR1 USR2 TERM; do trap \"echo $s >> told\" $s; done\n\
    trap 'echo INT >> told; exit' INT\n\
    echo $$ > pid.new; echo \"$0 $*\" > name; mv pid.new pid\n\
    while [ -e service ]; do sleep 0.02; done\n";

#[test]
fn pidproxy_passes_signals_on() {
    let Some(pair) = Pair::new("pidproxy", "visord") else { return };
    for (place, program) in pair.places() {
        let script = place.join("service");
        fs::write(&script, SERVICE).expect("a script");
        fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("chmod");
        let said = fs::File::create(place.join("said")).expect("a file");
        let mut proxy = Command::new(program)
            .args(["pid", "./service", "a", "b"])
            .current_dir(&place)
            .env("PYTHONUNBUFFERED", "1")
            .stdout(said)
            .spawn()
            .expect("pidproxy");
        let read = |name: &str| fs::read_to_string(place.join(name)).unwrap_or_default();
        wait_until("the service", || place.join("pid").exists().then_some(()));
        let service = Pid::from_raw(read("pid").trim().parse().expect("a pid"));
        assert_eq!(
            read("name"),
            format!("{}/./service a b\n", place.display()).replace("/./", "/")
        );

        let tell = |signal| kill(Pid::from_raw(proxy.id().cast_signed()), signal).expect("a proxy");
        for (signal, word) in
            [(Signal::SIGHUP, "HUP"), (Signal::SIGUSR1, "USR1"), (Signal::SIGUSR2, "USR2")]
        {
            tell(signal);
            wait_until(word, || read("told").ends_with(&format!("{word}\n")).then_some(()));
        }
        fs::rename(place.join("pid"), place.join("away")).expect("a file");
        tell(Signal::SIGTERM);
        let text = "Can't read child pidfile pid!\n";
        wait_until(text, || (read("said") == text).then_some(()));
        fs::rename(place.join("away"), place.join("pid")).expect("a file");
        tell(Signal::SIGTERM);
        let status = wait_until("its end", || proxy.try_wait().expect("wait"));
        assert_eq!(status.code(), Some(0));
        wait_until("TERM", || read("told").ends_with("TERM\n").then_some(()));
        kill(service, Signal::SIGINT).expect("a service that outlives its proxy");
        wait_until("INT", || read("told").ends_with("INT\n").then_some(()));
        assert_eq!(read("told"), "HUP\nUSR1\nUSR2\nTERM\nINT\n", "{}", program.display());
    }
}
