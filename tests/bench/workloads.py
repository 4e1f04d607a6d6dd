"""The measurements. Each takes subjects in turn, again and again, so that a noisy neighbour is noise to all of them."""
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time

import bus
import machine
import programs
from programs import BEGUN, BLOCK, ENDED, STARTED

STORM_PROGRAMS = 200
ROTATION = programs.Log(max_bytes=10 << 20, backups=1000)
NO_ROTATION = programs.Log(max_bytes=0, backups=0)


class Bench:
    """One run: its subjects, its profile (see `run`), and where results go."""

    def __init__(self, subjects, profile, results, directory):
        self.subjects, self.profile, self.results, self.directory = subjects, profile, results, directory
        self.foreign_cores = []

    def run(self, workload):
        """Runs one workload as often as the profile says; what fails for one subject is noted and the rest goes on."""
        for repetition in range(self.profile["repetitions"]):
            for case in self.cases(workload):
                for subject in self.subjects:
                    print(f"{workload} {case}: {subject.name}, {repetition + 1}", file=sys.stderr, flush=True)
                    self.attempt(workload, case, subject)

    def cases(self, workload):
        """What is varied in a workload."""
        few, many = self.profile["few"], self.profile["many"]
        return {"fleet": (few, many), "memory": (0, many), "log": ("plain", "rotated"), "storm": (STORM_PROGRAMS,)}[workload]

    def attempt(self, workload, case, subject):
        """Measures one case of one subject, from a fresh start to its end."""
        begun, foreign = time.monotonic(), machine.foreign_seconds()
        with programs.Stamps(os.path.join(self.directory, "stamps")) as stamps:
            try:
                getattr(self, workload)(subject, stamps, case)
            except Exception as error:  # Whatever it was, it is a line of the report and the run goes on.
                self.results.failed(f"{workload} {case}", subject.name, error)
            finally:
                subject.end()
                machine.end_strays(subject.probe)
        self.foreign_cores.append((machine.foreign_seconds() - foreign) / (time.monotonic() - begun))

    def up(self, subject, stamps, wanted):
        """Starts `subject` and waits for the first act of every program."""
        subject.start(wanted)
        stamps.wait(lambda: len(stamps.pids) == len(wanted), 120, f"start of {len(wanted)} programs")

    def fleet(self, subject, stamps, count):
        """Programs that sleep: start, wake-ups, restart, status."""
        add, name = self.results.add, subject.name
        self.up(subject, stamps, stamps.sleepers(subject.probe, count))
        add(f"start {count}", name, max(stamps.moment(STARTED, n) for n in range(count)) - subject.started)
        time.sleep(self.profile["settle"])
        if count == self.profile["many"]:
            add(f"wakeups {count}", name, self.wakeups(subject))
        add(f"restart {count}", name, *self.restarts(stamps, count))
        if subject.status_command():
            add(f"status {count}", name, *self.status(subject, count))

    def wakeups(self, subject):
        """Voluntary context switches of all its threads, per minute."""
        pids, window = subject.pids(), self.profile["window"]
        before = machine.switches(pids)
        time.sleep(window)
        return machine.woken(before, machine.switches(pids)) * 60 / window

    def status(self, subject, count):
        """Milliseconds of the whole status command, again and again."""
        command = subject.status_command()
        with tempfile.TemporaryFile() as output:
            _run(command, subject.environment(), output)
            output.seek(0)
            shown = output.read()
        if not all(b"p%04d" % n in shown for n in range(count)):
            raise RuntimeError(f"status shows not every program: {shown[-300:]!r}")
        limit = time.monotonic() + self.profile["box"] / 2
        with open(os.devnull, "wb") as nowhere:
            while time.monotonic() < limit:
                yield _run(command, subject.environment(), nowhere) * 1e3

    def restarts(self, stamps, count):
        """Milliseconds from `kill -9` to the first act of the replacement. One victim after the other: whoever ends as
        soon as it is up is not started again at once by everybody."""
        limit = time.monotonic() + self.profile["box"]
        for kills in range(1, self.profile["kills"] + 1):
            time.sleep(random.random() * 0.03)
            number = kills % count
            killed = time.monotonic()
            os.kill(stamps.pids[number], signal.SIGKILL)
            stamps.wait(lambda restarts=kills: stamps.starts == count + restarts, 20, "restart")
            yield (stamps.moment(STARTED, number) - killed) * 1e3
            if time.monotonic() > limit:
                return

    def memory(self, subject, stamps, count):
        """PSS with programs that sleep; visord with a bus connected, where there is a bus daemon."""
        with self.private_bus(subject) as session:
            self.up(subject, stamps, stamps.sleepers(subject.probe, count))
            time.sleep(self.profile["settle"] + 1)
            if session and not session.has_owner("org.visord1"):
                raise RuntimeError("it is not on the bus")
            self.results.add(f"memory {count}", subject.name, machine.pss_kb(subject.pids()))

    @contextlib.contextmanager
    def private_bus(self, subject):
        """A session bus for a subject that has a use for one."""
        if not hasattr(subject, "bus_address") or not shutil.which("dbus-daemon"):
            yield None
            return
        session = bus.PrivateBus(self.directory)
        subject.bus_address = session.address
        try:
            yield session
        finally:
            subject.end()
            subject.bus_address = None
            session.end()

    def log(self, subject, stamps, case):
        """One program's output into a file: how fast, at what cost, and every byte compared."""
        blocks = self.profile["log_mib"] * (1 << 20) // BLOCK
        go = os.path.join(self.directory, "go")
        os.mkfifo(go)
        try:
            writer = programs.Program(0, [subject.probe, "write", stamps.path, "0", go, str(blocks)],
                                      ROTATION if case == "rotated" else NO_ROTATION)
            self.up(subject, stamps, [writer])
            time.sleep(self.profile["settle"])
            pids = subject.pids()
            cpu = machine.cpu_seconds(pids)
            with open(go, "wb"):
                stamps.wait(lambda: (ENDED, 0) in stamps.seen, 120, "end of output")
            complete = max(stamps.moment(ENDED, 0), _complete(subject, writer, blocks * BLOCK))
            time.sleep(0.3)
            cpu = machine.cpu_seconds(pids) - cpu
            programs.verify(subject.log_files(writer), blocks)
        finally:
            os.unlink(go)
        size = blocks * BLOCK
        self.results.add(f"log {case}", subject.name, size / 1e6 / (complete - stamps.moment(BEGUN, 0)))
        self.results.add(f"log {case} cpu", subject.name, cpu * (1 << 30) / size)

    def storm(self, subject, stamps, count):
        """Programs that end at once and are started again at once; meanwhile a question, again and again."""
        self.up(subject, stamps, stamps.crashers(subject.probe, count))
        ask = subject.control("p0003")
        starts, begun, latencies = stamps.starts, time.monotonic(), []
        while time.monotonic() < begun + self.profile["storm"]:
            asked = time.monotonic()
            if ask:
                ask()
                latencies.append((time.monotonic() - asked) * 1e3)
            stamps.take()
            time.sleep(0.005)
        stamps.take()
        self.results.add(f"storm {count} restarts", subject.name, (stamps.starts - starts) / (time.monotonic() - begun))
        if ask:
            self.results.add(f"storm {count}", subject.name, *latencies)


def _run(command, environment, output):
    """Seconds that a whole command takes; raises when it fails."""
    actions = [(os.POSIX_SPAWN_DUP2, output.fileno(), fd) for fd in (1, 2)]
    begun = time.monotonic()
    pid = os.posix_spawnp(command[0], command, environment, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    taken = time.monotonic() - begun
    if status:
        raise RuntimeError(f"{' '.join(command)}: exit status {os.waitstatus_to_exitcode(status)}")
    return taken


def _complete(subject, program, size):
    """Waits until the log files hold `size` bytes; the moment of it, zero when they held them at the first look."""
    seen, limit = 0.0, time.monotonic() + 30
    while _kept(subject, program) < size:
        seen = time.monotonic()
        if seen > limit:
            raise RuntimeError(f"{_kept(subject, program)} of {size} bytes reached the file")
        time.sleep(0.0005)
    return seen


def _kept(subject, program):
    kept = 0
    for path in subject.log_files(program):
        with contextlib.suppress(FileNotFoundError):
            kept += os.path.getsize(path)
    return kept
