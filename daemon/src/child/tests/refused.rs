//! What cannot be launched, and how it is said.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;

use nix::sys::resource::{Resource, setrlimit};

use super::setup::not_spawned;
use super::*;

/// An executable file that no kernel can execute.
fn not_a_program(directory: &tempfile::TempDir) -> String {
    let path = directory.path().join("noise");
    fs::write(&path, [0x7f, 0, 0, 0]).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn a_command_that_cannot_be_found_is_no_process() {
    let refusal = Nursery::new().refusal(launch(program("/no/such"))).await;
    assert_eq!(refusal, "can't find command '/no/such'");
}

#[tokio::test]
async fn a_null_byte_is_refused() {
    let directory = Some("/\0".to_owned());
    let refusal = Nursery::new().refusal(launch(Program { directory, ..shell("") })).await;
    assert_eq!(refusal, "can't spawn 'name': embedded null byte");
}

#[tokio::test]
async fn output_that_can_be_led_nowhere_is_no_process() {
    let launch = Launch { stdout_log: Some("/no/such/log".into()), ..launch(shell("")) };
    let refusal = Nursery::new().refusal(launch).await;
    assert_eq!(refusal, "unknown error making dispatchers for 'name': ENOENT");
}

#[test]
fn running_out_of_descriptors_is_said_and_passes() {
    async_in_own_process(async || {
        let mut nursery = Nursery::new();
        // Descriptors have the lowest numbers there are, and the limit is on the number.
        let lowest_free = File::open("/dev/null").unwrap().as_raw_fd() as u64;
        let limit = |soft| setrlimit(Resource::RLIMIT_NOFILE, soft, 20_000).unwrap();
        // Enough for no pipe, for one, for two, for three, and for these but not for the pidfd.
        for spare in 0..7 {
            limit(lowest_free + spare);
            let refusal = nursery.refusal(launch(shell(""))).await;
            assert_eq!(refusal, "too many open files to spawn 'name'", "{spare}");
        }
        limit(20_000);
        assert_eq!(nursery.output_of(shell("echo again")).await, "again\n");
    });
}

#[test]
fn a_full_process_table_is_said() {
    if !is_root("a user without processes") {
        return;
    }
    async_in_own_process(async || {
        let mut nursery = Nursery::new();
        // A user that nobody is, so that the limit counts only this process: its two threads are the limit.
        nix::unistd::setuid(Uid::from_raw(54_321)).unwrap();
        setrlimit(Resource::RLIMIT_NPROC, 2, 2).unwrap();
        let refusal = nursery.refusal(launch(shell(""))).await;
        assert_eq!(refusal, "Too many processes in process table to spawn 'name'");
    });
}

#[tokio::test]
async fn a_missing_directory_is_said_by_a_process_that_ends_with_127() {
    let program = Program { directory: Some("/no/such".to_owned()), ..shell("echo ran") };
    let done = Nursery::new().run(launch(program)).await;
    assert_eq!(done, not_spawned("couldn't chdir to /no/such: ENOENT"));
}

#[tokio::test]
async fn a_file_that_is_no_program_is_said_by_a_process_that_ends_with_127() {
    let directory = tempfile::tempdir().unwrap();
    let path = not_a_program(&directory);
    let mut nursery = Nursery::new();
    let done = nursery.run(launch(program(&path))).await;
    let expected = not_spawned(&format!("couldn't exec {path}: ENOEXEC"));
    assert_eq!(done, expected);

    let redirected = Program { redirect_stderr: true, ..program(&path) };
    let done = nursery.run(launch(redirected)).await;
    assert_eq!((done.stdout, done.stderr), (expected.stderr, String::new()));
}

#[tokio::test]
async fn a_text_longer_than_a_pipe_does_not_block_the_launcher() {
    let program = Program { directory: Some("x".repeat(100_000)), ..shell("") };
    let done = Nursery::new().run(launch(program)).await;
    assert_eq!(done.status, ExitStatus::Exited(127));
    assert!(done.stderr.starts_with("supervisor: couldn't chdir to xxx"));
    assert!(done.setup_failure.unwrap().ends_with("x: ENAMETOOLONG"));
}
