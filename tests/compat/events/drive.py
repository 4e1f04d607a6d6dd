"""Lets things happen in a daemon, over XML-RPC: drive.py SOCKET RECORD."""

import os
import sys
import time
import xmlrpc.client

from supervisor.xmlrpc import SupervisorTransport


def supervisor():
    """A connection of its own for every call: one that failed cannot be used again."""
    transport = SupervisorTransport("", "", "unix://" + sys.argv[1])
    return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor


def until(what, condition):
    for _ in range(600):
        try:
            if condition():
                return
        except (OSError, xmlrpc.client.Fault):
            pass
        time.sleep(0.1)
    sys.exit("waited in vain for " + what)


def reaches(name, state):
    until(name + " " + state, lambda: supervisor().getProcessInfo(name)["statename"] == state)


def told(*parts):
    """Waits for a line of the record with all of these."""
    def found():
        return any(all(part in line for part in parts) for line in open(sys.argv[2]))
    until(" ".join(parts), found)


for name in ("recorder", "states:judge", "garbage", "rejecting", "good", "echo", "once", "brief", "talk", "bytes"):
    reaches(name, "RUNNING")
open(os.path.join(os.path.dirname(sys.argv[2]), "go"), "w").close()
for name, state in [("once", "EXITED"), ("crash", "FATAL"), ("missing", "FATAL"), ("brief", "EXITED"),
                    ("talk", "EXITED"), ("bytes", "EXITED")]:
    reaches(name, state)
told("PROCESS_STATE_FATAL", "processname:crash")
supervisor().sendRemoteCommEvent("kind", "d\u00e4ta: with words\nand lines")
told("REMOTE_COMMUNICATION")
supervisor().sendProcessStdin("echo", "s\u00e9nt\n")
told("PROCESS_LOG_STDOUT", "processname:echo")
supervisor().stopProcess("good")
supervisor().removeProcessGroup("good")
supervisor().addProcessGroup("good")
reaches("good", "RUNNING")
supervisor().startProcess("late")
supervisor().stopProcessGroup("late")
told("PROCESS_STATE_STOPPED", "processname:late")
told("TICK_5")
supervisor().shutdown()
