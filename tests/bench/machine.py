"""What /proc says of a tree of processes, and how such a tree is ended."""
import glob
import os
import signal
import time


def read(path):
    """The bytes of a file of /proc; none when the process is gone."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _state_and_parent(pid):
    fields = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return (fields[0], int(fields[1])) if fields else (b"Z", 0)


def tree(root):
    """The living processes from `root` down, itself included."""
    children, living = {}, set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            state, parent = _state_and_parent(entry)
            if state != b"Z":
                living.add(int(entry))
                children.setdefault(parent, []).append(int(entry))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return [pid for pid in found if pid in living]


def executable(pid):
    """The path of the program that a process runs."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def cpu_seconds(pids):
    """CPU time of all threads, to the nanosecond."""
    files = (path for pid in pids for path in glob.glob(f"/proc/{pid}/task/*/schedstat"))
    return sum(int((read(path).split() or [0])[0]) for path in files) / 1e9


def pss_kb(pids):
    """Proportional set size: pages of its own, and its share of those that it shares."""
    lines = (line for pid in pids for line in read(f"/proc/{pid}/smaps_rollup").splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith(b"Pss:"))


def switches(pids):
    """Voluntary context switches so far, thread by thread."""
    counts = {}
    for path in (path for pid in pids for path in glob.glob(f"/proc/{pid}/task/*/status")):
        for line in read(path).splitlines():
            if line.startswith(b"voluntary_ctxt_switches"):
                counts[path] = int(line.split()[1])
    return counts


def woken(before, after):
    """Wake-ups between two readings of `switches`; a thread that came or went counts as well."""
    return sum(count - before.get(thread, 0) for thread, count in after.items()) + len(before.keys() - after.keys())


def foreign_seconds():
    """CPU time so far of all that is not of this process and its descendants, those still living left out."""
    user, nice, system, _idle, _wait, interrupts, soft = map(int, read("/proc/stat").split(b"\n", 1)[0].split()[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])


def reap():
    """Collects what has ended: orphans come to the benchmark, which is their sub-reaper."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def gone(pids, seconds):
    """Waits until all of `pids` have ended; false when they have not in that time."""
    limit = time.monotonic() + seconds
    while True:
        reap()
        pids = [pid for pid in pids if _state_and_parent(pid)[0] != b"Z"]
        if not pids or time.monotonic() > limit:
            return not pids
        time.sleep(0.002)


def end_tree(root):
    """Kills `root` and all below it, supervisors first held still so that nothing is started again."""
    pids = tree(root)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
    return gone(pids, 10)


def end_strays(program):
    """Ends what is left of `program` below this process: what its supervisor left behind."""
    for pid in tree(os.getpid()):
        if executable(pid) == program:
            end_tree(pid)
