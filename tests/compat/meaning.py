"""Prints what the real Supervisor makes of a configuration file, as JSON, in the shape of `visord --check --json`.

Usage: meaning.py FILE, with the Python that has supervisor 4.3.0. Exit status 0 accepted, 2 refused (the text on stderr).
"""

import json
import os
import sys

from supervisor import datatypes, options

PROCESS_KEYS = """name command directory umask priority autostart startsecs startretries uid stdout_logfile
    stdout_capture_maxbytes stdout_events_enabled stdout_syslog stdout_logfile_backups stdout_logfile_maxbytes
    stderr_logfile stderr_capture_maxbytes stderr_events_enabled stderr_syslog stderr_logfile_backups
    stderr_logfile_maxbytes redirect_stderr stopsignal stopwaitsecs stopasgroup killasgroup exitcodes environment
    serverurl""".split()
DAEMON_KEYS = """nodaemon silent logfile logfile_maxbytes logfile_backups loglevel pidfile identifier minfds minprocs
    umask directory strip_ansi nocleanup""".split()
AUTORESTART = {
    datatypes.RestartUnconditionally: "true",
    datatypes.RestartWhenExitUnexpected: "unexpected",
    False: "false",
}


def plain(value):
    """A value as JSON can carry it."""
    return "<AUTO>" if value is datatypes.Automatic else value


def process(config):
    row = {key: plain(getattr(config, key)) for key in PROCESS_KEYS}
    row["stopsignal"] = int(row["stopsignal"])
    row["autorestart"] = AUTORESTART[config.autorestart]
    return row


def group(config):
    return {
        "group": config.name,
        "priority": config.priority,
        "procs": [process(member) for member in config.process_configs],
    }


def main(path):
    found = options.ServerOptions()
    found.realize(["-c", path], doc="")
    meaning = {
        "groups": [group(config) for config in found.process_group_configs],
        "supervisord": {key: plain(getattr(found, key)) for key in DAEMON_KEYS},
    }
    json.dump(meaning, sys.stdout, sort_keys=True)


os.chdir("/")
main(sys.argv[1])
