"""What is measured: visord, Supervisor, the bare floor, and others where they are installed."""
import glob
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
import xmlrpc.client

import bus
import machine

TIMEOUT = 20


class Subject:
    """One supervisor: how it is configured, started, asked and ended."""
    name = note = ""

    def __init__(self, work, probe):
        self.directory = os.path.join(work, self.name)
        self.probe = probe
        self.process = None
        self.started = 0.0

    def configure(self, programs):
        """Writes the configuration of `programs` below `self.directory`."""
        raise NotImplementedError

    def command(self):
        """The words that start it in the foreground."""
        raise NotImplementedError

    def status_command(self):
        """The words that show all programs, or None."""
        return None

    def control(self, _name):
        """The lightest question about one program, as a function; None where nobody answers."""
        return None

    def environment(self):
        """The same few variables for all."""
        return {"PATH": os.environ["PATH"], "HOME": self.directory, "LANG": "C.UTF-8", "USER": "root"}

    def log_path(self, program):
        """The file that holds the newest output."""
        return os.path.join(self.directory, "log", program.name)

    def log_files(self, program):
        """Every file of the program's output, oldest first."""
        path = self.log_path(program)
        backups = glob.glob(path + ".*")
        return sorted(backups, key=lambda file: -int(file.rpartition(".")[2])) + [path]

    def start(self, programs):
        """Starts it on `programs`; `started` is the moment just before."""
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(os.path.join(self.directory, "log"))
        self.configure(programs)
        with open(os.path.join(self.directory, "terminal"), "wb") as terminal:
            self.started = time.monotonic()
            self.process = subprocess.Popen(self.command(), env=self.environment(), cwd=self.directory,
                                            stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, start_new_session=True)

    def pids(self):
        """Its own processes: all below it that are not programs under supervision."""
        return [pid for pid in machine.tree(self.process.pid) if machine.executable(pid) != self.probe]

    def ask_to_end(self):
        """Asks it to stop everything and end."""
        self.process.send_signal(signal.SIGTERM)

    def end(self):
        """Ends it: asked first, killed when it does not listen."""
        if not self.process:
            return
        pids = machine.tree(self.process.pid)
        if self.process.poll() is None:
            self.ask_to_end()
        if not machine.gone(pids, 30):
            machine.end_tree(self.process.pid)
        self.process.wait()
        self.process = None
        shutil.rmtree(self.directory)

    def write(self, name, text, mode=0o644):
        """Writes a file below `self.directory`."""
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)


class Floor(Subject):
    """The least that a supervisor can do (floor.c)."""
    name, note = "floor", "floor.c: launch, reap, copy output; no control socket"

    def configure(self, programs):
        def line(program):
            log = program.log
            where = f"{self.log_path(program)} {log.max_bytes} {log.backups}" if log else "- 0 0"
            return f"1 {where} {' '.join(program.command)}\n"
        self.write("floor.conf", "".join(map(line, programs)))

    def command(self):
        return [f"{os.path.dirname(self.probe)}/floor", f"{self.directory}/floor.conf"]


class Supervisor(Subject):
    """Supervisor in a virtual environment."""
    name = "supervisor"

    def __init__(self, work, probe, environment):
        super().__init__(work, probe)
        self.bin = os.path.join(environment, "bin")
        version = subprocess.check_output([f"{self.bin}/python", f"{self.bin}/supervisord", "--version"], text=True)
        self.note = f"{version.strip()}; `startsecs=0`, so that a program is started again at once"

    @property
    def configuration(self):
        return f"{self.directory}/supervisord.conf"

    def daemon_sections(self, count):
        """All that is not a program. Supervisor closes `minfds` descriptors in every child: no more than are needed."""
        where = self.directory
        return (f"[unix_http_server]\nfile={where}/http\n"
                f"[supervisord]\nlogfile={where}/supervisord.log\npidfile={where}/supervisord.pid\nminfds={1024 + 4 * count}\n"
                "[rpcinterface:supervisor]\n"
                "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
                f"[supervisorctl]\nserverurl=unix://{where}/http\n")

    def configure(self, programs):
        def section(program):
            log = program.log
            where = self.log_path(program) if log else "NONE"
            # For visord, which else starts it ten times a second; Supervisor does not know the key.
            pace = "restart_delay=1ms\n" if program.ends_at_once else ""
            rotation = f"stdout_logfile_maxbytes={log.max_bytes}\nstdout_logfile_backups={log.backups}\n" if log else ""
            return (f"[program:{program.name}]\ncommand={' '.join(program.command)}\nautorestart=true\nstartsecs=0\n"
                    f"{pace}stderr_logfile=NONE\nstdout_logfile={where}\n{rotation}")
        self.write("supervisord.conf", self.daemon_sections(len(programs)) + "".join(map(section, programs)))

    def command(self):
        return [f"{self.bin}/python", f"{self.bin}/supervisord", "-n", "-c", self.configuration]

    def status_command(self):
        return [f"{self.bin}/python", f"{self.bin}/supervisorctl", "-c", self.configuration, "status"]

    def control(self, name):
        server = xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_UnixTransport(f"{self.directory}/http"))
        return lambda: server.supervisor.getProcessInfo(name)


class _UnixTransport(xmlrpc.client.Transport):
    """XML-RPC over a unix socket, on one connection that is kept."""

    def __init__(self, path):
        super().__init__()
        connection = http.client.HTTPConnection("localhost")
        connection.auto_open = False
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(TIMEOUT)
        connection.sock.connect(path)
        self._kept = connection

    def make_connection(self, _host):
        return self._kept

    def close(self):
        """Is called after every error of the protocol; the connection is kept for what comes after it."""


class Visord(Supervisor):
    """visord, on Supervisor's file and a section of its own."""
    name, note = "visord", "the same file as Supervisor's, and `[visord]`"

    def __init__(self, work, probe, binaries):
        Subject.__init__(self, work, probe)
        self.bin = binaries
        self.bus_address = None

    @property
    def socket(self):
        return f"{self.directory}/bus"

    def daemon_sections(self, count):
        kind = "session" if self.bus_address else "off"
        return super().daemon_sections(count) + f"[visord]\nsocket={self.socket}\nbus={kind}\njournal=off\n"

    def environment(self):
        address = {"DBUS_SESSION_BUS_ADDRESS": self.bus_address} if self.bus_address else {}
        return super().environment() | address

    def command(self):
        return [f"{self.bin}/visord", "-n", "-c", self.configuration]

    def status_command(self):
        return [f"{self.bin}/visorctl", "--socket", self.socket, "status"]

    def control(self, name):
        connection = bus.Connection(self.socket, TIMEOUT)
        return lambda: connection.call(name, path="/org/visord1", interface="org.visord1.Manager", member="GetUnit")


class S6(Subject):
    """s6: one s6-supervise for each program, and one s6-log where output is kept."""
    name, note = "s6", "one s6-supervise per program; it waits a second before it starts one again"

    def configure(self, programs):
        os.makedirs(f"{self.directory}/scan")
        for program in programs:
            self.write(f"scan/{program.name}/run", f"#!/bin/sh\nexec {' '.join(program.command)}\n", 0o755)
            if program.log:
                size = program.log.max_bytes or 268435455
                keep = f"exec s6-log n{max(program.log.backups, 1)} s{size} {self.log_path(program)}"
                self.write(f"scan/{program.name}/log/run", f"#!/bin/sh\n{keep}\n", 0o755)

    def log_files(self, program):
        path = self.log_path(program)
        return sorted(glob.glob(f"{path}/@*")) + [f"{path}/current"]

    def command(self):
        return ["s6-svscan", "-c", "10000", "-t", "0", f"{self.directory}/scan"]

    def status_command(self):
        return ["/bin/sh", "-c", f'for d in {self.directory}/scan/*; do echo "${{d##*/}} $(s6-svstat "$d")"; done']

    def control(self, name):
        return lambda: subprocess.run(["s6-svstat", f"{self.directory}/scan/{name}"], stdout=subprocess.DEVNULL, check=True)

    def ask_to_end(self):
        subprocess.run(["s6-svscanctl", "-t", f"{self.directory}/scan"], check=True)


class Dinit(Subject):
    """dinit, which opens a log file for the program and is not in the way of what is written."""
    name, note = "dinit", "`restart-delay = 0`, no limit of restarts; a program writes its log file by itself"

    def configure(self, programs):
        for program in programs:
            log = f"logfile = {self.log_path(program)}\n" if program.log else ""
            self.write(f"services/{program.name}", f"type = process\ncommand = {' '.join(program.command)}\nrestart = true\n"
                                                   f"restart-delay = 0\nrestart-limit-count = 0\n{log}")
        self.write("services/boot", "type = internal\n" + "".join(f"waits-for: {program.name}\n" for program in programs))

    def command(self):
        return ["dinit", "-u", "-q", "-d", f"{self.directory}/services", "-p", f"{self.directory}/control", "boot"]

    def status_command(self):
        return ["dinitctl", "-p", f"{self.directory}/control", "list"]

    def control(self, name):
        command = ["dinitctl", "-p", f"{self.directory}/control", "status", name]
        return lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
