//! Log files: every byte, rotation, special files, a full disk.

use std::fs;
use std::io::{BufWriter, Read, Write, pipe};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use visor_units::engine::Key;
use visor_units::unit::{LogLevel, OnOffAuto};

use super::again::{again, is_inner, passed};
use super::namespaces::{NAMESPACES, namespaces_can_be_had};
use super::{Fixture, KEY, PID, append, joined, pattern, program};
use crate::log::{Record, Stream};

#[test]
fn every_byte_arrives_and_is_counted() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    let bytes = pattern(3_000_001);
    fixture.run(&program("web", "web"), &file, &bytes);
    fixture.pump.stop();
    assert!(fs::read(&file).expect("read") == bytes);
    assert_eq!(fixture.pump.stats(KEY).log_bytes, bytes.len() as u64);
}

#[test]
fn rotation_loses_nothing_and_keeps_the_newest() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    let mut program = program("web", "web");
    program.stdout.maxbytes = 100_000;
    program.stdout.backups = 50;
    let bytes = pattern(1_500_000);
    append(&file, &bytes[..50_000]);
    fixture.run(&program, &file, &bytes[50_000..]);
    fixture.pump.stop();
    let mut files: Vec<_> = (1..=50).rev().map(|n| fixture.path(&format!("web.log.{n}"))).collect();
    files.retain(|path| path.exists());
    assert!(files.len() > 5, "{files:?}");
    for backup in &files {
        let size = fs::metadata(backup).expect("metadata").len();
        assert!((100_000..=100_000 + 65_536).contains(&size), "{size}");
    }
    files.push(file);
    assert!(joined(&files) == bytes);
}

#[test]
fn only_so_many_backups_are_kept_and_they_stay_private() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    append(&file, b"");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("chmod");
    let mut program = program("web", "web");
    program.stdout.maxbytes = 10_000;
    program.stdout.backups = 2;
    fixture.run(&program, &file, &pattern(1_000_000));
    fixture.pump.stop();
    for name in ["web.log", "web.log.1", "web.log.2"] {
        let mode = fs::metadata(fixture.path(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(!fixture.path("web.log.3").exists());
}

#[test]
fn without_backups_a_full_file_is_emptied() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    let mut program = program("web", "web");
    program.stdout.maxbytes = 4096;
    fixture.run(&program, &file, &pattern(4096));
    let process = fixture.launch(KEY, PID, &program, Some(&file));
    (&process.stdout).write_all(b"fresh\n").expect("write");
    fixture.pump.finish(KEY, PID);
    fixture.pump.stop();
    assert_eq!(fixture.text("web.log"), "fresh\n");
    assert!(!fixture.path("web.log.1").exists());
}

#[test]
fn several_processes_share_a_file_and_its_rotation() {
    let fixture = Fixture::new();
    let file = fixture.path("all.log");
    let mut program = program("g", "w");
    program.stdout.maxbytes = 50_000;
    program.stdout.backups = 100;
    thread::scope(|scope| {
        let processes: Vec<_> =
            (0..8).map(|n| fixture.launch(Key(n), PID, &program, Some(&file))).collect();
        for (n, process) in processes.into_iter().enumerate() {
            scope.spawn(move || {
                // In blocks that end anywhere, as programs write that buffer.
                let mut out = BufWriter::with_capacity(1000, &process.stdout);
                for line in 0..5_000 {
                    writeln!(out, "{n} {line:06}").expect("write");
                }
            });
        }
    });
    for n in 0..8 {
        fixture.pump.finish(Key(n), PID);
    }
    fixture.pump.stop();
    let mut files: Vec<_> =
        (1..=100).rev().map(|n| fixture.path(&format!("all.log.{n}"))).collect();
    files.retain(|path| path.exists());
    files.push(file);
    let text = String::from_utf8(joined(&files)).expect("text");
    for n in 0..8 {
        let prefix = format!("{n} ");
        let own: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
        let wanted: Vec<String> = (0..5_000).map(|line| format!("{line:06}")).collect();
        assert!(own == wanted, "process {n}");
    }
}

#[test]
fn alone_with_its_file_a_program_is_written_as_it_writes() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    let process = fixture.launch(KEY, 1, &program("web", "web"), Some(&file));
    (&process.stdout).write_all(b"no newline").expect("write");
    while fixture.text("web.log") != "no newline" {
        thread::yield_now();
    }
    fixture.pump.stop();
}

#[test]
fn what_a_grandchild_holds_open_is_read_until_the_program_is_reaped() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    let process = fixture.launch(KEY, PID, &program("web", "web"), Some(&file));
    let grandchild = process.stdout.try_clone().expect("clone");
    (&process.stdout).write_all(b"last words\n").expect("write");
    drop(process);
    fixture.pump.finish(KEY, PID);
    fixture.pump.stop();
    assert_eq!(fixture.text("web.log"), "last words\n");
    let error = (&grandchild).write_all(b"too late\n").expect_err("closed");
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
}

#[test]
fn a_process_may_be_reaped_before_it_is_attached_and_after_its_successor() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    let program = program("web", "web");
    fixture.pump.finish(KEY, 1);
    let first = fixture.launch(KEY, 1, &program, Some(&file));
    drop(first);
    let second = fixture.launch(KEY, 2, &program, Some(&file));
    (&second.stdout).write_all(b"second\n").expect("write");
    let third = fixture.launch(KEY, 3, &program, Some(&file));
    (&third.stdout).write_all(b"third\n").expect("write");
    fixture.pump.finish(KEY, 2);
    fixture.pump.finish(KEY, 3);
    fixture.pump.stop();
    assert_eq!(fixture.text("web.log"), "second\nthird\n");
}

#[test]
fn reopening_follows_a_file_that_was_moved_away() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    let process = fixture.launch(KEY, 1, &program("web", "web"), Some(&file));
    fs::rename(&file, fixture.path("moved")).expect("rename");
    fs::rename(fixture.path("main.log"), fixture.path("main.moved")).expect("rename");
    fixture.pump.say(Record::new(LogLevel::Info, "before"));
    fixture.pump.reopen();
    fixture.pump.say(Record::new(LogLevel::Info, "after"));
    (&process.stdout).write_all(b"after\n").expect("write");
    fixture.pump.finish(KEY, 1);
    fixture.pump.stop();
    assert_eq!(fixture.text("moved"), "");
    assert_eq!(fixture.text("web.log"), "after\n");
    assert!(fixture.text("main.moved").ends_with("INFO before\n"));
    assert!(fixture.main_log().ends_with("INFO after\n"));
}

#[test]
fn a_file_that_was_moved_away_is_not_rotated_over_its_successor() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    let mut program = program("web", "web");
    program.stdout.maxbytes = 10;
    program.stdout.backups = 3;
    let process = fixture.launch(KEY, 1, &program, Some(&file));
    fs::rename(&file, fixture.path("moved")).expect("rename");
    append(&file, b"other\n");
    (&process.stdout).write_all(b"0123456789\n").expect("write");
    fixture.pump.finish(KEY, 1);
    fixture.pump.stop();
    assert_eq!(fixture.text("moved"), "0123456789\n");
    assert_eq!(fixture.text("web.log"), "other\n");
    assert!(!fixture.path("web.log.1").exists());
}

#[test]
fn clearing_empties_the_file_and_keeps_its_backups_and_its_mode() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    append(&file, b"old\n");
    append(&fixture.path("web.log.1"), b"older\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("chmod");
    let process = fixture.launch(KEY, 1, &program("web", "web"), Some(&file));
    drop(fixture.pump.clear(KEY, Stream::Stdout));
    drop(fixture.pump.clear(KEY, Stream::Stderr));
    drop(fixture.pump.clear(Key(99), Stream::Stdout));
    (&process.stdout).write_all(b"new\n").expect("write");
    fixture.pump.finish(KEY, 1);
    fixture.pump.stop();
    assert_eq!(fixture.text("web.log"), "new\n");
    assert_eq!(fixture.text("web.log.1"), "older\n");
    assert_eq!(fs::metadata(&file).expect("metadata").permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_fifo_is_never_rotated_or_emptied() {
    let fixture = Fixture::new();
    let fifo = fixture.path("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("mkfifo");
    let mut program = program("web", "web");
    program.stdout.maxbytes = 10;
    program.stdout.backups = 3;
    let bytes = pattern(500_000);
    let reader = thread::spawn({
        let (fifo, length) = (fifo.clone(), bytes.len());
        move || {
            let mut read = vec![0; length];
            fs::File::open(fifo).expect("open").read_exact(&mut read).expect("read");
            read
        }
    });
    let process = fixture.launch(KEY, 1, &program, Some(&fifo));
    drop(fixture.pump.clear(KEY, Stream::Stdout));
    (&process.stdout).write_all(&bytes).expect("write");
    assert!(reader.join().expect("reader") == bytes);
    fixture.pump.finish(KEY, 1);
    fixture.pump.stop();
    assert!(fs::metadata(&fifo).expect("metadata").file_type().is_fifo());
    assert!(!fixture.path("fifo.1").exists());
}

#[test]
fn a_fifo_that_nobody_reads_holds_its_program_back_and_nobody_else() {
    let fixture = Fixture::new();
    let fifo = fixture.path("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("mkfifo");
    let bytes = pattern(1_000_000);
    let stuck = fixture.launch(Key(1), 1, &program("stuck", "stuck"), Some(&fifo));
    let writer = thread::spawn({
        let bytes = bytes.clone();
        move || (&stuck.stdout).write_all(&bytes)
    });
    // The other one gets through while the first has written more than all buffers hold.
    let file = fixture.path("free.log");
    let free = fixture.launch(Key(2), 2, &program("free", "free"), Some(&file));
    (&free.stdout).write_all(&bytes).expect("write");
    assert!(!writer.is_finished());
    let mut read = vec![0; bytes.len()];
    fs::File::open(&fifo).expect("open").read_exact(&mut read).expect("read");
    assert!(read == bytes);
    writer.join().expect("writer").expect("write");
    fixture.pump.finish(Key(2), 2);
    fixture.pump.stop();
    assert!(fs::read(&file).expect("read") == bytes);
}

#[test]
fn what_a_slow_reader_has_not_taken_is_written_before_the_end() {
    let fixture = Fixture::new();
    let fifo = fixture.path("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("mkfifo");
    let mut options = fs::OpenOptions::new();
    let reader = options.read(true).custom_flags(nix::libc::O_NONBLOCK).open(&fifo).expect("open");
    // More than a pipe holds: the rest is kept by the pump.
    let bytes = pattern(100_000);
    fixture.run(&program("web", "web"), &fifo, &bytes);
    fixture.sync(bytes.len());
    let mut read = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| fixture.pump.stop());
        fcntl(&reader, FcntlArg::F_SETFL(OFlag::empty())).expect("fcntl");
        (&reader).read_to_end(&mut read).expect("read");
    });
    assert!(read == bytes, "{} of {} bytes", read.len(), bytes.len());
}

#[test]
fn inherited_descriptors_are_written_whatever_they_are() {
    let fixture = Fixture::new();
    let (mut pipe_reader, pipe_writer) = pipe().expect("pipe");
    let (mut socket_reader, socket) = UnixStream::pair().expect("socket pair");
    for fd in [pipe_writer.as_raw_fd(), socket.as_raw_fd()] {
        let path = format!("/dev/fd/{fd}");
        let prepared =
            fixture.pump.prepare(KEY, &program("web", "web"), false, Some(path.as_ref()), None);
        drop(prepared.expect("a program may run without its log"));
        let trouble = format!("cannot open log file {path}: Bad file descriptor (os error 9)");
        assert_eq!(
            fixture.pump.stats(KEY).trouble,
            trouble,
            "close-on-exec descriptors are our own"
        );
    }
    let inherited = || FcntlArg::F_SETFD(FdFlag::empty());
    fcntl(&pipe_writer, inherited()).expect("fcntl");
    fcntl(&socket, inherited()).expect("fcntl");
    let mut program = program("web", "web");
    program.stdout.maxbytes = 4;
    let link = fixture.path("link");
    std::os::unix::fs::symlink(format!("/proc/self/fd/{}", socket.as_raw_fd()), &link)
        .expect("link");
    fixture.run(&program, format!("/dev/fd/{}", pipe_writer.as_raw_fd()).as_ref(), b"to a pipe\n");
    fixture.run(&program, &link, b"to a socket\n");
    fixture.pump.stop();
    let mut read = [0; 10];
    pipe_reader.read_exact(&mut read).expect("read");
    assert_eq!(&read, b"to a pipe\n");
    let mut read = [0; 12];
    socket_reader.read_exact(&mut read).expect("read");
    assert_eq!(&read, b"to a socket\n");
    assert!(fs::symlink_metadata(&link).expect("metadata").is_symlink());
}

#[test]
fn a_full_disk_is_said_once_counted_and_got_over() {
    if !is_inner() {
        let test = "log::tests::files::a_full_disk_is_said_once_counted_and_got_over";
        let disk = ["sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt && exec \"$@\"", "sh"];
        if namespaces_can_be_had() {
            passed(&again(test, &[NAMESPACES, &disk].concat()).output().expect("run"));
        }
        return;
    }
    let fixture = Fixture::new();
    let file = Path::new("/mnt/web.log");
    let ballast = Path::new("/mnt/ballast");
    append(ballast, &pattern(40 * 1024));
    let process = fixture.launch(KEY, PID, &program("web", "web"), Some(file));
    let bytes = pattern(1_000_000);
    (&process.stdout).write_all(&bytes).expect("never stalls");
    // Counted before it is written, but what comes first is written first.
    fixture.sync(bytes.len());
    let kept = fs::metadata(file).expect("metadata").len();
    assert!(fs::read(file).expect("read") == bytes[..usize::try_from(kept).expect("size")]);
    fs::remove_file(ballast).expect("remove");
    (&process.stdout).write_all(b"again\n").expect("write");
    fixture.pump.finish(KEY, PID);
    fixture.pump.stop();
    assert!(fs::read_to_string(file).expect("read").ends_with("again\n"));
    let log = fixture.main_log();
    assert_eq!(log.matches("cannot write log file").count(), 1, "{log}");
    let lost = bytes.len() as u64 - kept;
    assert!(log.contains(&format!("can be written again; {lost} bytes were lost\n")), "{log}");
}

#[test]
fn a_device_that_is_full_loses_output_but_not_the_program() {
    let fixture = Fixture::new();
    fixture.run(&program("web", "web"), "/dev/full".as_ref(), &pattern(200_000));
    fixture.pump.stop();
    let log = fixture.main_log();
    assert_eq!(log.matches("cannot write log file /dev/full").count(), 1, "{log}");
    assert!(log.ends_with("could not be written to its end; 200000 bytes were lost\n"), "{log}");
}

#[test]
fn rotation_that_is_refused_is_said_and_the_file_grows_on() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    fs::create_dir(fixture.path("web.log.1")).expect("directory");
    let mut program = program("web", "web");
    program.stdout.maxbytes = 100_000;
    program.stdout.backups = 1;
    let bytes = pattern(150_000);
    fixture.run(&program, &file, &bytes);
    fixture.pump.stop();
    assert!(fs::read(&file).expect("read") == bytes);
    assert_eq!(fixture.main_log().matches("cannot rotate log file").count(), 1);
}

#[test]
fn escape_sequences_are_stripped_on_request() {
    let fixture = Fixture::new();
    fixture.pump.set_strip_ansi(true);
    let file = fixture.path("web.log");
    fixture.run(&program("web", "web"), &file, b"\x1b[31mred\x1b[0m\n");
    fixture.pump.stop();
    assert_eq!(fixture.text("web.log"), "red\n");
}

#[test]
fn at_level_debug_output_is_copied_to_the_daemons_log() {
    let fixture = Fixture::with(LogLevel::Debug, OnOffAuto::Off);
    let file = fixture.path("web.log");
    fixture.run(&program("web", "web"), &file, b"hello\nworld\n");
    fixture.run(&program("web", "web"), &file, b"\x88\n");
    fixture.pump.stop();
    let log = fixture.main_log();
    assert!(log.contains(" DEBG 'web' stdout output:\nhello\nworld\n\n"), "{log}");
    assert!(log.contains(" DEBG 'web' stdout output:\nUndecodable: b'\\x88\\n'\n"), "{log}");
}

#[test]
fn a_directory_that_is_missing_is_made() {
    let fixture = Fixture::new();
    let file = fixture.path("no/such/web.log");
    fixture.run(&program("web", "web"), &file, b"hello\n");
    fixture.pump.stop();
    assert_eq!(fs::read(&file).expect("the file"), b"hello\n");
    assert!(fixture.main_log().contains("made the directory "), "{}", fixture.main_log());
}

#[test]
fn without_its_file_a_program_runs_and_its_latest_output_is_kept() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    fs::create_dir(&file).expect("a directory");
    let process = fixture.launch(KEY, PID, &program("web", "web"), Some(&file));
    (&process.stdout).write_all(b"early\n").expect("write");
    fixture.sync(6);
    let trouble = format!("cannot open log file {}: Is a directory", file.display());
    assert!(fixture.pump.stats(KEY).trouble.starts_with(&trouble));
    fs::remove_dir(&file).expect("the directory");
    fixture.pump.reopen();
    while !file.is_file() {
        thread::yield_now();
    }
    (&process.stdout).write_all(b"late\n").expect("write");
    fixture.pump.finish(KEY, PID);
    fixture.pump.stop();
    assert_eq!(fs::read(&file).expect("the file"), b"late\n");
    assert_eq!(fixture.pump.stats(KEY).trouble, "");
    let log = fixture.main_log();
    assert!(log.contains("web runs without it, its output is not kept"), "{log}");
    assert!(log.contains(&format!("log file {} of web is open now", file.display())), "{log}");
}

#[test]
fn a_full_disk_shows_as_long_as_it_lasts() {
    let fixture = Fixture::new();
    let process = fixture.launch(KEY, PID, &program("web", "web"), Some("/dev/full".as_ref()));
    (&process.stdout).write_all(b"lost\n").expect("write");
    while fixture.pump.stats(KEY).trouble.is_empty() {
        thread::yield_now();
    }
    let trouble = fixture.pump.stats(KEY).trouble;
    assert!(trouble.starts_with("cannot write log file /dev/full: No space left"), "{trouble}");
    fixture.pump.finish(KEY, PID);
    fixture.pump.stop();
    assert_eq!(fixture.pump.stats(KEY).trouble, "");
}

#[test]
fn a_program_that_closes_its_output_early_keeps_no_file_open_after_its_end() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    let process = fixture.launch(KEY, PID, &program("web", "web"), Some(&file));
    (&process.stdout).write_all(b"that is all\n").expect("write");
    drop(process);
    fixture.sync(12);
    fixture.pump.finish(KEY, PID);
    fixture.pump.say(Record::new(LogLevel::Info, "finished"));
    while !fixture.main_log().contains("finished") {
        thread::yield_now();
    }
    let open = fs::read_dir("/proc/self/fd").expect("descriptors").flatten();
    let mut targets = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    assert!(!targets.any(|target| target == file));
    fixture.pump.stop();
}

#[test]
fn the_death_of_the_thread_is_noticed() {
    let fixture = Fixture::new();
    fixture.pump.die();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(fixture.pump.lost());
}
