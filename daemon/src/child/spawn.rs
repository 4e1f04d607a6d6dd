//! Launching a process without copying the daemon.
//!
//! fork(2) copies the page tables of the parent: milliseconds for a daemon of some size. Here the child borrows the
//! parent's memory (`CLONE_VM`) and its thread (`CLONE_VFORK`) until it executes, on a stack of its own, and comes with
//! a pidfd. What fails on the way is left in that memory.

use std::arch::asm;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::dup3;

use super::setup::{self, Setup, child_main, set_signal_mask};

pub(crate) use super::setup::{ResourceLimit, Step};

/// Everything about a process that is to be launched.
pub(crate) struct Recipe<'a> {
    /// The program file.
    pub(crate) executable: &'a CStr,
    /// Arguments, from `argv[0]` on.
    pub(crate) words: &'a [CString],
    /// `NAME=value`, each.
    pub(crate) environment: &'a [CString],
    /// What becomes its standard input, output and error.
    pub(crate) stdio: [BorrowedFd<'a>; 3],
    /// Working directory, entered as the user it becomes.
    pub(crate) directory: Option<&'a CStr>,
    /// File mode creation mask.
    pub(crate) umask: Option<u32>,
    /// Whom it runs as.
    pub(crate) account: Account<'a>,
    /// Limits on resources; the others are the daemon's.
    pub(crate) limits: &'a [ResourceLimit],
    /// Nice value; `None` inherits the daemon's.
    pub(crate) nice: Option<i32>,
}

/// Whom a process runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account<'a> {
    /// The daemon's own user.
    Keep,
    /// Another user, which cannot be: the setup of the process fails at this step.
    Refused(Step),
    /// This user.
    Become {
        /// Every group it is in.
        groups: &'a [libc::gid_t],
        /// Primary group.
        gid: libc::gid_t,
        /// User.
        uid: libc::uid_t,
    },
}

/// A process that was launched.
#[derive(Debug)]
pub(crate) struct Child {
    /// Its process id, and that of its process group.
    pub(crate) pid: u32,
    /// Its pidfd.
    pub(crate) pidfd: OwnedFd,
    /// Why its program is not running: it ends, or has ended, with exit code 127.
    pub(crate) failure: Option<(Step, Errno)>,
}

/// What the kernel, or the sandbox around the daemon, lets us use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Abilities {
    /// clone3(2) with `CLONE_CLEAR_SIGHAND`, since Linux 5.5. Sandboxes refuse it because they cannot look into its
    /// arguments; then there is clone(2).
    pub(crate) clone3: bool,
    /// close_range(2), since Linux 5.9.
    pub(crate) close_range: bool,
}

/// Makes processes, one at a time.
pub(crate) struct Spawner {
    abilities: Abilities,
    stack: Stack,
    slots: Slots,
}

impl Spawner {
    /// A spawner that uses what there is.
    ///
    /// # Errors
    /// If there is no memory for its stack, or not one descriptor.
    pub(crate) fn new() -> io::Result<Self> {
        // An empty range at the end of all numbers. That clone3 is refused is found out when it is.
        let (last, flags) = (i64::from(u32::MAX), 0);
        // SAFETY: takes numbers only, and no descriptor can have that one.
        let tried = unsafe { libc::syscall(libc::SYS_close_range, last, last, flags) };
        Self::with(Abilities { clone3: true, close_range: tried == 0 })
    }

    /// A spawner that uses only these.
    ///
    /// # Errors
    /// As for [`Spawner::new`].
    pub(crate) fn with(abilities: Abilities) -> io::Result<Self> {
        Ok(Self { abilities, stack: Stack::new()?, slots: Slots::new()? })
    }

    /// Launches a process and returns when its program runs or its setup has failed.
    ///
    /// # Errors
    /// If no process could be made: `EAGAIN`, `ENOMEM`, `EMFILE` …
    pub(crate) fn spawn(&mut self, recipe: &Recipe<'_>) -> Result<Child, Errno> {
        self.slots.fill(recipe.stdio)?;
        let child = match self.spawn_with_slots(recipe) {
            // EINVAL is Linux 5.3 and 5.4, which do not know CLONE_CLEAR_SIGHAND.
            Err(Errno::ENOSYS | Errno::EPERM | Errno::EINVAL) if self.abilities.clone3 => {
                self.abilities.clone3 = false;
                self.spawn_with_slots(recipe)
            }
            other => other,
        };
        self.slots.clear();
        child
    }

    fn spawn_with_slots(&mut self, recipe: &Recipe<'_>) -> Result<Child, Errno> {
        let argv = pointers(recipe.words);
        let envp = pointers(recipe.environment);
        let mut setup = Setup {
            executable: recipe.executable.as_ptr(),
            argv: argv.as_ptr(),
            envp: envp.as_ptr(),
            stdio: self.slots.numbers(),
            unshare_from: self.abilities.close_range.then(|| self.slots.end()),
            directory: recipe.directory.map_or(ptr::null(), CStr::as_ptr),
            umask: recipe.umask,
            account: recipe.account.into(),
            limits: recipe.limits.as_ptr(),
            limit_count: recipe.limits.len(),
            nice: recipe.nice,
            close_below: if self.abilities.close_range { 0 } else { end_of_descriptors() },
            reset_handlers: !self.abilities.clone3,
            failure: None,
        };
        let (pid, pidfd) = self.clone(&mut setup)?;
        let failure = setup.failure.map(|(step, errno)| (step, Errno::from_raw(errno)));
        Ok(Child { pid, pidfd, failure })
    }

    fn clone(&mut self, setup: &mut Setup) -> Result<(u32, OwnedFd), Errno> {
        let mut flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD;
        if setup.unshare_from.is_some() {
            flags |= libc::CLONE_FILES;
        }
        let call = if self.abilities.clone3 { clone3 } else { clone };
        let mut pidfd: c_int = -1;
        // SAFETY: changes the mask of this thread only. A handler must not run in the child, on our memory.
        let mask = unsafe { set_signal_mask(u64::MAX) };
        // SAFETY: the stack is ours alone (`&mut self`), and `setup` with all it points to outlives the call, which
        // returns only when the child uses neither any more.
        let result = unsafe { call(flags, &self.stack, &raw mut pidfd, setup) };
        // SAFETY: as above.
        unsafe { set_signal_mask(mask) };
        let pid = u32::try_from(result).map_err(|_| Errno::from_raw(-(result as c_int)))?;
        // SAFETY: a successful clone with CLONE_PIDFD has stored a new descriptor there, which nobody else has.
        Ok((pid, unsafe { OwnedFd::from_raw_fd(pidfd) }))
    }
}

/// Three descriptors with low numbers, through which the standard streams of a child go.
///
/// With thousands of pipes open, most of the time of a launch would go into copying the descriptor table and closing
/// the copies. So the child borrows the table, and asks for a copy of its beginning only, up to these three.
struct Slots {
    /// What is in them between two launches: a pipe that nobody else has. There need not be a /dev.
    null: OwnedFd,
    slots: [OwnedFd; 3],
}

impl Slots {
    /// Takes the lowest descriptors there are; 0, 1 and 2 are always open, the Rust runtime sees to that.
    fn new() -> io::Result<Self> {
        let null = OwnedFd::from(io::pipe()?.0);
        let slots = [null.try_clone()?, null.try_clone()?, null.try_clone()?];
        Ok(Self { null, slots })
    }

    fn fill(&mut self, streams: [BorrowedFd<'_>; 3]) -> Result<(), Errno> {
        let mut pairs = self.slots.iter_mut().zip(streams);
        pairs.try_for_each(|(slot, stream)| dup3(stream, slot, OFlag::O_CLOEXEC))
    }

    /// A pipe whose end stayed here would never be seen closed. Replacing an open descriptor by another needs nothing
    /// that could be missing; if it fails all the same, the next launch replaces it.
    fn clear(&mut self) {
        for slot in &mut self.slots {
            let _replaced = dup3(&self.null, slot, OFlag::O_CLOEXEC);
        }
    }

    fn numbers(&self) -> [c_int; 3] {
        [&self.slots[0], &self.slots[1], &self.slots[2]].map(AsRawFd::as_raw_fd)
    }

    /// One more than the highest of them.
    fn end(&self) -> c_int {
        self.numbers().into_iter().fold(0, c_int::max) + 1
    }
}

impl From<Account<'_>> for setup::Account {
    fn from(account: Account<'_>) -> Self {
        match account {
            Account::Keep => Self::Keep,
            Account::Refused(step) => Self::Refused(step),
            Account::Become { groups, gid, uid } => {
                Self::Become { groups: groups.as_ptr(), group_count: groups.len(), gid, uid }
            }
        }
    }
}

fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect()
}

/// One more than the highest open descriptor. What another thread opens meanwhile closes itself when the child executes;
/// the ones to be closed are those that visord was started with.
fn end_of_descriptors() -> c_int {
    let limit = || getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft);
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return c_int::try_from(limit()).unwrap_or(c_int::MAX);
    };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.fold(2, c_int::max) + 1
}

/// Bytes of the child's stack. It needs a few hundred; a debug build some thousand.
const STACK_BYTES: usize = 64 * 1024;

/// Memory for the child to run on, with an inaccessible page below it.
struct Stack {
    mapping: *mut c_void,
    guard: usize,
}

// SAFETY: the mapping belongs to this value alone and is tied to no thread.
unsafe impl Send for Stack {}

impl Stack {
    fn new() -> io::Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: asks for a page size, then for new memory at an address of the kernel's choice.
        let (guard, mapping) = unsafe {
            let guard = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).unwrap_or(4096);
            (guard, libc::mmap(ptr::null_mut(), guard + STACK_BYTES, protection, flags, -1, 0))
        };
        if mapping == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Self { mapping, guard };
        // SAFETY: the lowest page of the mapping just made.
        if unsafe { libc::mprotect(mapping, guard, libc::PROT_NONE) } == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(stack)
    }

    fn base(&self) -> usize {
        self.mapping as usize + self.guard
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: exactly what was mapped; no child runs on it, as spawning returns only after it.
        unsafe { libc::munmap(self.mapping, self.guard + STACK_BYTES) };
    }
}

/// The child's signal handlers become defaults. libc's constant is an overflowed 0.
const CLONE_CLEAR_SIGHAND: u64 = 1 << 32;

/// # Safety
/// `setup` and all it points to are valid and nobody else uses them or the stack; `flags` share memory and suspend this
/// thread.
unsafe fn clone3(flags: c_int, stack: &Stack, pidfd: *mut c_int, setup: *mut Setup) -> isize {
    let arguments = libc::clone_args {
        flags: flags as u64 | CLONE_CLEAR_SIGHAND,
        pidfd: pidfd as u64,
        child_tid: 0,
        parent_tid: 0,
        exit_signal: libc::SIGCHLD as u64,
        stack: stack.base() as u64,
        stack_size: STACK_BYTES as u64,
        tls: 0,
        set_tid: 0,
        set_tid_size: 0,
        cgroup: 0,
    };
    let (pointer, size) = (&raw const arguments as usize, size_of_val(&arguments));
    // SAFETY: the arguments are live and name a stack of that size; the rest is the caller's promise.
    unsafe { call_then_child_main(libc::SYS_clone3, [pointer, size, 0, 0, 0], setup) }
}

/// # Safety
/// As for [`clone3`].
unsafe fn clone(flags: c_int, stack: &Stack, pidfd: *mut c_int, setup: *mut Setup) -> isize {
    let flags = (flags | libc::SIGCHLD) as usize;
    let top = stack.base() + STACK_BYTES;
    // SAFETY: the stack grows down from `top`; the rest is the caller's promise.
    unsafe { call_then_child_main(libc::SYS_clone, [flags, top, pidfd as usize, 0, 0], setup) }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!(
    "launching a process takes a few instructions that are not written for this processor"
);

/// Makes a system call that returns twice: here, with its result, and on the new stack in [`child_main`].
///
/// # Safety
/// The call is clone3 or clone with memory shared, this thread suspended, and a stack of its own for the child.
#[cfg(target_arch = "x86_64")]
unsafe fn call_then_child_main(number: i64, arguments: [usize; 5], setup: *mut Setup) -> isize {
    let result: isize;
    // SAFETY: the kernel preserves every register but rax, rcx and r11, in both processes; the child never comes back
    // from `child_main`, which it enters with the stack aligned as a call leaves it.
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r9",
            "call {child_main}",
            "ud2",
            "2:",
            child_main = sym child_main,
            inlateout("rax") number as isize => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            in("r9") setup,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    result
}

/// Makes a system call that returns twice: here, with its result, and on the new stack in [`child_main`].
///
/// # Safety
/// The call is clone3 or clone with memory shared, this thread suspended, and a stack of its own for the child.
#[cfg(target_arch = "aarch64")]
unsafe fn call_then_child_main(number: i64, arguments: [usize; 5], setup: *mut Setup) -> isize {
    let result: isize;
    // SAFETY: the kernel preserves every register but x0, in both processes; the child never comes back from
    // `child_main`.
    unsafe {
        asm!(
            "svc #0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x30, xzr",
            "mov x0, x9",
            "bl {child_main}",
            "brk #1",
            "2:",
            child_main = sym child_main,
            in("x8") number,
            inlateout("x0") arguments[0] as isize => result,
            in("x1") arguments[1],
            in("x2") arguments[2],
            in("x3") arguments[3],
            in("x4") arguments[4],
            in("x9") setup,
        );
    }
    result
}
