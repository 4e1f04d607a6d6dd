"""The programs under supervision, and what they say of themselves."""
import dataclasses
import fcntl
import os
import select
import struct
import subprocess
import time

import machine

HERE = os.path.dirname(os.path.abspath(__file__))
BLOCK = 4096 * 64
STARTED, BEGUN, ENDED, FAILED = 1, 2, 3, 4
_STAMP = struct.Struct("<4IQ")
_STATIC = "-static -nostdlib -ffreestanding -fno-builtin -fno-stack-protector -fno-tree-loop-distribute-patterns -fno-pie -no-pie -s"


def compile_sources(directory):
    """Builds `probe` and `floor` into `directory`."""
    os.mkdir(directory)
    for name, flags in (("probe", _STATIC), ("floor", "-Wno-format-truncation")):
        subprocess.run(["gcc", "-O2", "-Wall", *flags.split(), "-o", f"{directory}/{name}", f"{HERE}/{name}.c"], check=True)


@dataclasses.dataclass
class Log:
    """Where a program's output goes; `max_bytes` 0 means that the file is never rotated."""
    max_bytes: int
    backups: int


@dataclasses.dataclass
class Program:
    """One program of a configuration."""
    number: int
    command: list
    log: Log | None = None
    ends_at_once: bool = False

    @property
    def name(self):
        return f"p{self.number:04}"


class Stamps:
    """The fifo to which programs write the moments of what they do, by their own clock."""

    def __init__(self, path):
        self.path = path
        os.mkfifo(path)
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, 1 << 20)
        self.seen = {}
        self.pids = {}
        self.starts = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._fd)
        os.unlink(self.path)

    def take(self, seconds=0.0):
        """Reads what has come, waiting at most so long for the first of it."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return
        data = os.read(self._fd, 40_000 * _STAMP.size)
        for kind, number, pid, error, moment in _STAMP.iter_unpack(data):
            if kind == FAILED:
                raise RuntimeError(f"the program could not write: {os.strerror(error)}")
            self.seen[kind, number] = moment / 1e9
            if kind == STARTED:
                self.pids[number] = pid
                self.starts += 1

    def wait(self, condition, seconds, what):
        """Reads stamps until `condition` holds."""
        limit = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > limit:
                raise RuntimeError(f"{what}: not within {seconds} s")
            self.take(0.25)
            machine.reap()

    def moment(self, kind, number):
        """When the program last did so."""
        return self.seen[kind, number]

    def sleepers(self, probe, count):
        """Programs that stamp their start and sleep for ever."""
        return [Program(n, [probe, "sleep", self.path, str(n)]) for n in range(count)]

    def crashers(self, probe, count):
        """Programs that stamp their start and exit with status 1."""
        return [Program(n, [probe, "crash", self.path, str(n)], ends_at_once=True) for n in range(count)]


def expected_output():
    """The blocks that `probe write` writes, one after the other, without end."""
    filler = b" " + bytes(ord("a") + column % 26 for column in range(17, 63)) + b"\n"
    template = b"".join(b"#" * 13 + b"%03x" % line + filler for line in range(4096))
    number = 0
    while True:
        yield template.replace(b"#" * 13, b"%013x" % number)
        number += 1


def verify(paths, blocks):
    """Compares every byte of the log files, oldest first, with what was written; raises when one differs."""
    expected, rest, checked = expected_output(), b"", 0
    for path in paths:
        with open(path, "rb") as file:
            while data := file.read(BLOCK - len(rest)):
                rest += data
                if len(rest) == BLOCK:
                    if rest != next(expected):
                        raise RuntimeError(f"{path}: differs from what was written, in block {checked}")
                    rest, checked = b"", checked + 1
    if rest or checked != blocks:
        raise RuntimeError(f"{checked * BLOCK + len(rest)} bytes kept of {blocks * BLOCK} written")
