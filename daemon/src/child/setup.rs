//! What a new child does between clone(2) and execve(2).
//!
//! It shares all memory with the daemon, whose other threads go on meanwhile, and borrows the thread-local storage of
//! the launcher thread, which stands still. So it makes bare system calls on what was prepared for it, and nothing
//! else: no allocation, no lock, no panic, no C library function that knows of threads (`setuid` of glibc would change
//! the daemon's own user).

use std::convert::Infallible;
use std::ffi::{c_char, c_int, c_long};
use std::ptr;

use libc::{gid_t, uid_t};

/// Everything the child needs, in plain values and pointers that stay valid until it has executed or ended.
pub(super) struct Setup {
    /// The program file.
    pub(super) executable: *const c_char,
    /// Arguments, ending with a null pointer.
    pub(super) argv: *const *const c_char,
    /// Environment, ending with a null pointer.
    pub(super) envp: *const *const c_char,
    /// What becomes descriptors 0, 1 and 2. None of them is below 3.
    pub(super) stdio: [c_int; 3],
    /// Set if the descriptor table is still the daemon's own, to the first descriptor not to be copied out of it.
    pub(super) unshare_from: Option<c_int>,
    /// Working directory, or null.
    pub(super) directory: *const c_char,
    /// File mode creation mask.
    pub(super) umask: Option<u32>,
    /// Whom to become.
    pub(super) account: Account,
    /// Limits on resources.
    pub(super) limits: *const ResourceLimit,
    pub(super) limit_count: usize,
    /// Nice value.
    pub(super) nice: Option<c_int>,
    /// One more than the highest descriptor to be closed, for kernels without close_range(2).
    pub(super) close_below: c_int,
    /// Whether signal handlers of the daemon have to be put back to the default here.
    pub(super) reset_handlers: bool,
    /// The step that failed and its errno. Read by the daemon once the child has executed or ended.
    pub(super) failure: Option<(Step, c_int)>,
}

/// A limit as prlimit(2) takes it.
#[derive(Clone, Copy)]
pub(crate) struct ResourceLimit {
    /// `RLIMIT_…`.
    pub(crate) resource: c_int,
    /// Soft and hard limit.
    pub(crate) value: libc::rlimit64,
}

/// [`super::spawn::Account`] in plain values.
pub(super) enum Account {
    Keep,
    Refused(Step),
    Become { groups: *const gid_t, group_count: usize, gid: gid_t, uid: uid_t },
}

/// What can go wrong in a child before its program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Making it the leader of its own process group.
    ProcessGroup,
    /// Getting a descriptor table of its own.
    Descriptors,
    /// Putting its standard streams in place.
    Streams,
    /// It has to become another user, and the daemon is not root.
    NotRoot,
    /// Setting its supplementary groups.
    Groups,
    /// Setting its group.
    Group,
    /// Setting its user.
    User,
    /// Setting this limit (`RLIMIT_…`).
    Limit(c_int),
    /// Setting its nice value.
    Nice,
    /// Entering its working directory.
    Directory,
    /// Executing the program file.
    Execute,
}

type Outcome = Result<Infallible, (Step, c_int)>;

/// Where a new child begins. It ends as Supervisor's children do when their program cannot be run: with code 127.
pub(super) unsafe extern "C" fn child_main(setup: *mut Setup) -> ! {
    // SAFETY: the caller of clone hands in a valid `Setup` and stands still while this runs.
    let setup = unsafe { &mut *setup };
    // SAFETY: see the head of this file; this is that child.
    let Err(failure) = unsafe { set_up(setup) };
    setup.failure = Some(failure);
    loop {
        // SAFETY: ends this process alone; no memory is involved.
        unsafe { libc::syscall(libc::SYS_exit_group, 127 as c_long) };
    }
}

/// The order is Supervisor's, and matters: descriptors before the user, the user before the directory. What needs the
/// rights of the daemon stands before the user.
unsafe fn set_up(setup: &Setup) -> Outcome {
    // SAFETY: every pointer in `setup` is valid by its contract.
    unsafe {
        check(Step::ProcessGroup, libc::syscall(libc::SYS_setpgid, 0, 0))?;
        unshare_descriptors(setup.unshare_from)?;
        streams(&setup.stdio)?;
        close_from_3(setup.close_below);
        set_limits(setup.limits, setup.limit_count)?;
        if let Some(nice) = setup.nice {
            let process = libc::PRIO_PROCESS as c_long;
            check(Step::Nice, libc::syscall(libc::SYS_setpriority, process, 0, nice))?;
        }
        become_user(&setup.account)?;
        if !setup.directory.is_null() {
            check(Step::Directory, libc::syscall(libc::SYS_chdir, setup.directory))?;
        }
        if let Some(mask) = setup.umask {
            libc::syscall(libc::SYS_umask, mask as c_long);
        }
        default_signals(setup.reset_handlers);
        let (file, argv, envp) = (setup.executable, setup.argv, setup.envp);
        Err((Step::Execute, errno_of(libc::syscall(libc::SYS_execve, file, argv, envp))))
    }
}

/// Until this has succeeded, closing anything would close it for the daemon.
unsafe fn unshare_descriptors(from: Option<c_int>) -> Result<(), (Step, c_int)> {
    let Some(from) = from else { return Ok(()) };
    let (last, flags) = (c_long::from(u32::MAX), libc::CLOSE_RANGE_UNSHARE);
    // SAFETY: takes numbers only; what it closes it closes in the new table.
    check(Step::Descriptors, unsafe { libc::syscall(libc::SYS_close_range, from, last, flags) })
}

/// dup3 leaves the copies without close-on-exec. The originals are above 2, so none is overwritten before its turn.
unsafe fn streams(sources: &[c_int; 3]) -> Result<(), (Step, c_int)> {
    let [stdin, stdout, stderr] = *sources;
    for (source, target) in [(stdin, 0), (stdout, 1), (stderr, 2)] {
        // SAFETY: takes numbers only.
        check(Step::Streams, unsafe { libc::syscall(libc::SYS_dup3, source, target, 0) })?;
    }
    Ok(())
}

unsafe fn close_from_3(end: c_int) {
    // SAFETY: takes numbers only; the descriptors are the child's own copies.
    unsafe {
        if libc::syscall(libc::SYS_close_range, 3, c_long::from(u32::MAX), 0) == 0 {
            return;
        }
        for fd in 3..end {
            libc::syscall(libc::SYS_close, fd);
        }
    }
}

unsafe fn set_limits(limits: *const ResourceLimit, count: usize) -> Result<(), (Step, c_int)> {
    for at in 0..count {
        // SAFETY: `limits` points to `count` of them by the contract of `Setup`; the kernel reads one.
        unsafe {
            let ResourceLimit { resource, value } = &*limits.add(at);
            let none = ptr::null_mut::<libc::rlimit64>();
            let value = ptr::from_ref(value);
            let result = libc::syscall(libc::SYS_prlimit64, 0, *resource, value, none);
            check(Step::Limit(*resource), result)?;
        }
    }
    Ok(())
}

unsafe fn become_user(account: &Account) -> Result<(), (Step, c_int)> {
    match *account {
        Account::Keep => Ok(()),
        Account::Refused(step) => Err((step, libc::EPERM)),
        // SAFETY: `groups` points to `group_count` numbers by the contract of `Setup`.
        Account::Become { groups, group_count, gid, uid } => unsafe {
            check(Step::Groups, libc::syscall(libc::SYS_setgroups, group_count, groups))?;
            check(Step::Group, libc::syscall(libc::SYS_setgid, gid))?;
            check(Step::User, libc::syscall(libc::SYS_setuid, uid))
        },
    }
}

/// The kernel's `struct sigaction`, as x86_64 and aarch64 have it.
#[repr(C)]
struct KernelAction {
    handler: usize,
    flags: usize,
    restorer: usize,
    mask: u64,
}

/// Bytes of the kernel's signal set.
pub(super) const SIGSET_BYTES: usize = 8;

/// SIGPIPE, which Rust ignores, and SIGXFSZ, which visord does, get their default back, and the mask is emptied; what the daemon itself inherited as
/// ignored stays so. (Under Supervisor programs began with SIGPIPE and SIGXFSZ ignored, which its Python had left so;
/// a pipeline in a shell script then never ended. As systemd does, visord gives programs what programs expect.) Handlers have to go before the mask does: they would run on the daemon's memory.
unsafe fn default_signals(reset_handlers: bool) {
    // SAFETY: the pointers are to live values of the kernel's layout.
    unsafe {
        let default = KernelAction { handler: libc::SIG_DFL, flags: 0, restorer: 0, mask: 0 };
        if reset_handlers {
            for signal in 1..=64 {
                let mut old = KernelAction { handler: 0, flags: 0, restorer: 0, mask: 0 };
                sigaction(signal, ptr::null(), &raw mut old);
                if old.handler != libc::SIG_IGN {
                    sigaction(signal, &raw const default, ptr::null_mut());
                }
            }
        }
        for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
            sigaction(signal, &raw const default, ptr::null_mut());
        }
        set_signal_mask(0);
    }
}

unsafe fn sigaction(signal: c_int, new: *const KernelAction, old: *mut KernelAction) {
    // SAFETY: null or pointing to a live action, as the callers have it.
    unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, new, old, SIGSET_BYTES) };
}

/// Sets the mask of this thread to `mask` and returns the old one. Unlike pthread_sigmask(3) it reaches every signal.
pub(super) unsafe fn set_signal_mask(mask: u64) -> u64 {
    let (new, mut old) = (mask, 0_u64);
    let (how, new, out) = (libc::SIG_SETMASK, &raw const new, &raw mut old);
    // SAFETY: both pointers are to live values of the kernel's size.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, how, new, out, SIGSET_BYTES) };
    old
}

fn check(step: Step, result: c_long) -> Result<(), (Step, c_int)> {
    if result == -1 { Err((step, errno_of(result))) } else { Ok(()) }
}

/// `errno` after a system call. It is the launcher thread's, which does not use it meanwhile.
fn errno_of(_failed: c_long) -> c_int {
    // SAFETY: glibc and musl return a valid pointer for every thread.
    unsafe { *libc::__errno_location() }
}
