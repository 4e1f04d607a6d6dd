//! What a child finds when its program begins.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::resource::{Resource as Kernel, setrlimit};
use nix::unistd::{Gid, Pid, Uid, User as Entry, getgid, setuid};
use visor_units::unit::{
    Gid as Group, Limit, Resource, Resources, SecretEnvironment, UnixGroups, User,
};

use super::super::spawn::{Abilities, Account, Recipe, Spawner, Step};
use super::*;

/// Everything a kernel may have or lack.
const ABILITIES: [Abilities; 4] = [
    Abilities { clone3: true, close_range: true },
    Abilities { clone3: true, close_range: false },
    Abilities { clone3: false, close_range: true },
    Abilities { clone3: false, close_range: false },
];

/// Runs a shell script straight through a spawner. Answers with its output and the step that failed.
fn run_through(
    spawner: &mut Spawner,
    account: Account<'_>,
    script: &str,
) -> (String, Option<Step>) {
    let (stdin, _open) = io::pipe().unwrap();
    let (stdout, writer) = io::pipe().unwrap();
    let recipe = Recipe {
        executable: c"/bin/sh",
        words: &c_strings(&["sh", "-c", script]),
        environment: &c_strings(&["PATH=/usr/bin:/bin"]),
        stdio: [stdin.as_fd(), writer.as_fd(), writer.as_fd()],
        directory: None,
        umask: None,
        account,
        limits: &[],
        nice: None,
    };
    let child = spawner.spawn(&recipe).unwrap();
    drop(writer);
    let text = read_to_end(stdout.into());
    let pid = Pid::from_raw(child.pid.cast_signed());
    let code = if child.failure.is_some() { 127 } else { 0 };
    assert_eq!(waitpid(pid, None), Ok(WaitStatus::Exited(pid, code)), "{text}");
    (text, child.failure.map(|(step, _)| step))
}

fn with_every_ability(account: Account<'_>, script: &str, check: impl Fn(&str, Option<Step>)) {
    for abilities in ABILITIES {
        println!("{abilities:?}");
        let mut spawner = Spawner::with(abilities).unwrap();
        let (text, failure) = run_through(&mut spawner, account, script);
        check(&text, failure);
    }
}

/// Makes the kernel refuse clone3 and close_range from now on, as a sandbox would that does not know them.
fn refuse_new_system_calls(errno: Errno) {
    let load_number = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let jump_if_equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let answer = libc::BPF_RET | libc::BPF_K;
    let refuse = libc::SECCOMP_RET_ERRNO | errno as u32;
    let step = |code: u32, k, jt, jf| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut program = [
        step(load_number, 0, 0, 0),
        step(jump_if_equal, libc::SYS_clone3 as u32, 2, 0),
        step(jump_if_equal, libc::SYS_close_range as u32, 1, 0),
        step(answer, libc::SECCOMP_RET_ALLOW, 0, 0),
        step(answer, refuse, 0, 0),
    ];
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    nix::sys::prctl::set_no_new_privs().unwrap();
    // SAFETY: the filter and what it points to are live, and copied by the kernel.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &filter) };
    assert_eq!(set, 0);
}

#[test]
fn a_sandbox_that_refuses_new_system_calls_is_lived_with() {
    in_own_process(|| {
        let mut before = Spawner::with(ABILITIES[1]).unwrap();
        refuse_new_system_calls(Errno::ENOSYS);
        for spawner in [&mut before, &mut Spawner::new().unwrap()] {
            for _ in 0..2 {
                let (text, failure) = run_through(spawner, Account::Keep, "echo /proc/self/fd/*");
                assert_eq!((text.split(' ').count(), failure), (4, None), "{text}");
            }
        }
    });
}

#[test]
fn a_sandbox_may_also_say_that_it_is_not_permitted() {
    in_own_process(|| {
        refuse_new_system_calls(Errno::EPERM);
        let mut spawner = Spawner::new().unwrap();
        assert_eq!(run_through(&mut spawner, Account::Keep, "echo x"), ("x\n".to_owned(), None));
    });
}

#[test]
fn a_child_has_three_descriptors_whatever_the_daemon_has_open() {
    let leak = File::open("/dev/null").unwrap();
    fcntl(&leak, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    assert!(leak.as_raw_fd() > 2);
    // The shell opens the directory itself, as the lowest number that is free.
    with_every_ability(Account::Keep, "echo /proc/self/fd/*", |text, failure| {
        let fds = [0, 1, 2, 3].map(|fd| format!("/proc/self/fd/{fd}")).join(" ");
        assert_eq!((text.trim(), failure), (fds.as_str(), None));
    });
    // What the children closed was theirs.
    assert!(fcntl(&leak, FcntlArg::F_GETFD).is_ok());
}

/// A line of a /proc/…/status, as a number.
fn status_mask(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    u64::from_str_radix(line.trim(), 16).unwrap()
}

#[test]
fn a_child_blocks_no_signal_and_ignores_what_the_daemon_was_started_to_ignore() {
    let sigpipe = 1 << (libc::SIGPIPE - 1);
    let daemons = status_mask(&std::fs::read_to_string("/proc/self/status").unwrap(), "SigIgn:");
    assert_ne!(daemons & sigpipe, 0, "Rust ignores it");
    with_every_ability(Account::Keep, "exec cat /proc/self/status", |text, _| {
        let masks = ["SigBlk:", "SigCgt:", "SigIgn:"].map(|name| status_mask(text, name));
        assert_eq!(masks, [0, 0, daemons & !sigpipe]);
    });
}

#[test]
fn a_child_leads_a_process_group_in_the_daemons_session() {
    let session = nix::unistd::getsid(None).unwrap().to_string();
    let script = "read -r pid name state parent group session rest < /proc/self/stat; \
                  echo $((pid == group)) $session";
    with_every_ability(Account::Keep, script, |text, _| {
        assert_eq!(text.trim(), format!("1 {session}"));
    });
}

#[test]
fn a_child_becomes_the_user_with_exactly_these_groups() {
    if !is_root("becoming another user") {
        return;
    }
    let account = Account::Become { groups: &[77, 4, 24], gid: 77, uid: 66 };
    let script = "grep -E '^([UG]id|Groups):' /proc/self/status";
    with_every_ability(account, script, |text, _| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let ids = ["Uid:", "66", "66", "66", "66", "Gid:", "77", "77", "77", "77"];
        assert_eq!(words, [&ids[..], &["Groups:", "4", "24", "77"]].concat());
    });
    assert!(Uid::current().is_root(), "the daemon itself is as it was");
}

#[test]
fn a_failed_step_is_known_and_the_program_does_not_run() {
    with_every_ability(Account::Refused(Step::NotRoot), "echo ran", |text, failure| {
        assert_eq!((text, failure), ("", Some(Step::NotRoot)));
    });
}

#[tokio::test]
async fn a_program_of_a_named_user_gets_the_groups_the_system_knows() {
    let user = Entry::from_name("daemon").unwrap();
    let Some(user) = user.filter(|_| is_root("a program of another user")) else { return };
    let (name, uid, gid) = (user.name, user.uid.as_raw(), user.gid.as_raw());
    let user = User { name, uid, gid };
    let known = crate::privilege::groups_of(&user).unwrap();
    let text = known.into_iter().map(|group| group.to_string()).collect::<Vec<_>>().join(" ");
    let script = "id -u; id -g; id -G";
    let output = Nursery::new().output_of(Program { user: Some(user), ..shell(script) }).await;
    assert_eq!(output, format!("{uid}\n{gid}\n{text}\n"));
}

#[tokio::test]
async fn a_program_of_the_daemons_own_user_keeps_the_daemons_groups() {
    let user = User { name: "me".to_owned(), uid: Uid::current().as_raw(), gid: 12345 };
    let output = Nursery::new().output_of(Program { user: Some(user), ..shell("id -g") }).await;
    assert_eq!(output, format!("{}\n", Gid::current()));
}

#[test]
fn a_program_of_another_user_says_that_the_daemon_is_not_root() {
    if !is_root("giving up root") {
        return;
    }
    async_in_own_process(async || {
        setuid(Uid::from_raw(65534)).unwrap();
        let user = User { name: "root".to_owned(), uid: 0, gid: 0 };
        let program = Program { user: Some(user), ..shell("echo ran") };
        let done = Nursery::new().run(launch(program)).await;
        let failure = "couldn't setuid to 0: Can't drop privilege as nonroot user";
        assert_eq!(done, not_spawned(failure));
    });
}

#[tokio::test]
async fn directory_and_umask_are_the_configured_ones() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().canonicalize().unwrap().display().to_string();
    let directory = Some(path.clone());
    let program = Program { directory, umask: Some(0o027), ..shell("pwd; umask") };
    assert_eq!(Nursery::new().output_of(program).await, format!("{path}\n0027\n"));
}

#[tokio::test]
async fn the_limit_on_descriptors_is_the_one_programs_are_to_have() {
    let settings = Settings { nofile: Some((100, 200)), ..Settings::default() };
    let script = "ulimit -S -n; ulimit -H -n";
    let done = Nursery::new().run(launch_with(settings, shell(script))).await;
    assert_eq!(done.stdout, "100\n200\n");
}

#[tokio::test]
async fn a_limit_of_its_own_goes_before_that_of_all_programs() {
    let settings = Settings { nofile: Some((100, 200)), ..Settings::default() };
    let limit = |soft, hard| Limit { soft, hard };
    let limits = vec![
        (Resource::Nofile, limit(50, 150)),
        (Resource::Core, limit(0, Limit::INFINITY)),
        (Resource::Cpu, limit(600, 700)),
    ];
    let resources = Resources { limits, nice: Some(7) };
    let script = "ulimit -S -n; ulimit -H -n; ulimit -S -c; ulimit -S -t; ulimit -H -t; nice";
    let program = Program { resources, ..shell(script) };
    let done = Nursery::new().run(launch_with(settings, program)).await;
    assert_eq!(done.stdout, "50\n150\n0\n600\n700\n7\n");
}

#[tokio::test]
async fn groups_of_its_own_replace_or_join_those_of_the_account() {
    if !is_root("changing groups") {
        return;
    }
    let user = Some(User { name: String::new(), uid: 54_321, gid: 54_322 });
    let groups = |primary: Option<u32>, more: &[u32]| UnixGroups {
        primary: primary.map(Group),
        supplementary: more.iter().copied().map(Group).collect(),
    };
    let own = getgid().as_raw();
    for (user, groups, expected) in [
        (user.clone(), groups(Some(777), &[]), "54321 777 777"),
        (user.clone(), groups(None, &[888, 999]), "54321 54322 54322 888 999"),
        (user, groups(Some(777), &[888]), "54321 777 777 888"),
        (None, groups(Some(777), &[]), &format!("0 777 777 {own}")),
    ] {
        let program = Program { user, groups, ..shell("echo $(id -u) $(id -g) $(id -G)") };
        let mut printed = Nursery::new().output_of(program).await;
        // What else the daemon's own account is in, wherever this runs.
        let expected: Vec<&str> = expected.split(' ').collect();
        printed = printed.trim().to_owned();
        let words: Vec<&str> = printed.split(' ').collect();
        assert_eq!(words[..2], expected[..2], "{printed}");
        assert!(expected.iter().all(|word| words.contains(word)), "{printed}");
        assert!(expected[0] == "0" || words.len() == expected.len(), "{printed}");
    }
}

#[test]
fn what_the_daemon_may_not_give_is_said_with_what_it_may() {
    if !is_root("giving up root") {
        return;
    }
    async_in_own_process(async || {
        setrlimit(Kernel::RLIMIT_NOFILE, 300, 400).unwrap();
        // The launcher's thread is to be without rights as well.
        setuid(Uid::from_raw(65_534)).unwrap();
        let mut nursery = Nursery::new();
        let limit = |soft, hard| Resources {
            limits: vec![(Resource::Nofile, Limit { soft, hard })],
            nice: None,
        };
        let nice = Resources { nice: Some(-5), ..Resources::default() };
        for (resources, text) in [
            (
                limit(500, Limit::INFINITY),
                "couldn't set RLIMIT_NOFILE to 500:infinity, where the hard limit is 400: EPERM",
            ),
            (nice, "couldn't set nice value -5: EACCES"),
        ] {
            let done = nursery.run(launch(Program { resources, ..shell("echo ran") })).await;
            assert_eq!(done.setup_failure.as_deref(), Some(text));
            assert_eq!((done.status, done.stdout.as_str()), (ExitStatus::Exited(127), ""));
        }
        let primary = Some(Group(777));
        let groups = UnixGroups { primary, ..UnixGroups::default() };
        let done = nursery.run(launch(Program { groups, ..shell("echo ran") })).await;
        assert_eq!(done.setup_failure.as_deref(), Some("couldn't set groups: EPERM"));
        assert_eq!(
            nursery.output_of(Program { resources: limit(100, 400), ..shell("ulimit -n") }).await,
            "100\n"
        );
    });
}

#[tokio::test]
async fn the_environment_is_inherited_then_supervisors_then_configured() {
    let pairs = [("A", "inherited"), ("SUPERVISOR_SERVER_URL", "old"), ("HOME", "/h")];
    let environment = pairs.map(|(name, value)| (name.into(), value.into())).into();
    let settings = Settings { environment, ..Settings::default() };
    let own = [("A", "configured"), ("SUPERVISOR_GROUP_NAME", "mine")];
    let own: BTreeMap<_, _> = own.map(|(name, value)| (name.into(), value.into())).into();
    let secrets = SecretEnvironment([("B".into(), "file".into())].into());
    let printed = async |settings, serverurl: Option<&str>| {
        let serverurl = serverurl.map(str::to_owned);
        let program = Program {
            environment: own.clone(),
            secrets: secrets.clone(),
            serverurl,
            ..program("/usr/bin/env")
        };
        Nursery::new().run(launch_with(settings, program)).await.stdout
    };
    let expected = |url: &str| {
        format!(
            "A=configured\nB=file\nHOME=/h\nSUPERVISOR_ENABLED=1\nSUPERVISOR_GROUP_NAME=mine\n\
             SUPERVISOR_PROCESS_NAME=name\nSUPERVISOR_SERVER_URL={url}\n"
        )
    };
    assert_eq!(printed(settings.clone(), None).await, expected("old"));
    assert_eq!(printed(settings.clone(), Some("own")).await, expected("own"));
    let settings = Settings { server_url: Some("daemons".into()), ..settings };
    assert_eq!(printed(settings.clone(), None).await, expected("daemons"));
    assert_eq!(printed(settings, Some("own")).await, expected("own"));
}

#[tokio::test]
async fn a_program_without_a_slash_is_found_on_its_own_path() {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/bin/echo", directory.path().join("only-here")).unwrap();
    let path = directory.path().display().to_string();
    let environment = BTreeMap::from([("PATH".to_owned(), path)]);
    let program = Program { environment, ..program("only-here 'a  b'") };
    assert_eq!(Nursery::new().output_of(program).await, "a  b\n");
}

#[tokio::test]
async fn with_redirect_stderr_both_streams_are_one_pipe() {
    let program = Program { redirect_stderr: true, ..shell("echo a; echo b >&2; echo c") };
    assert_eq!(Nursery::new().output_of(program).await, "a\nb\nc\n");
}

#[tokio::test]
async fn standard_input_is_a_pipe_that_stays_open_until_the_daemon_closes_it() {
    let mut nursery = Nursery::new();
    let running = nursery.start(launch(shell("read -r line; echo got $line; read -r line"))).await;
    nix::unistd::write(&running.stdin, b"this\n").unwrap();
    drop(running.stdin);
    assert_eq!(read_to_end(running.output.stdout), "got this\n");
    assert_eq!(nursery.reaper.next().await.status, ExitStatus::Exited(1));
}

/// How a program ends that could not be run.
pub(super) fn not_spawned(failure: &str) -> Done {
    Done {
        status: ExitStatus::Exited(127),
        stdout: String::new(),
        stderr: format!("supervisor: {failure}\nsupervisor: child process was not spawned\n"),
        setup_failure: Some(failure.to_owned()),
    }
}
