"""The least of D-Bus: a private bus daemon, and calls with strings whose answers are not looked into."""
import os
import socket
import struct
import subprocess

_RETURN, _ERROR = 2, 3
_FIELDS = {"path": (1, b"o"), "interface": (2, b"s"), "member": (3, b"s"), "destination": (6, b"s")}
_SIGNATURE = 8


class PrivateBus:
    """A session bus for one measurement."""

    def __init__(self, directory):
        self.address = f"unix:path={directory}/session-bus"
        command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address", f"--address={self.address}"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._process.stdout.readline()

    def has_owner(self, name):
        """Whether somebody owns `name`."""
        connection = Connection(self.address.partition("=")[2], 5)
        bus = {"destination": "org.freedesktop.DBus", "path": "/org/freedesktop/DBus", "interface": "org.freedesktop.DBus"}
        connection.call(member="Hello", **bus)
        return any(connection.call(name, member="NameHasOwner", **bus))

    def end(self):
        """Ends the bus."""
        self._process.terminate()
        self._process.wait()


class Connection:
    """A connection to a bus or to a peer, authenticated as the user who runs this."""

    def __init__(self, path, timeout):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._socket.connect(path)
        self._socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        if not self._socket.recv(4096).startswith(b"OK"):
            raise ConnectionError(f"{path}: not let in")
        self._socket.sendall(b"BEGIN\r\n")
        self._reader = self._socket.makefile("rb")

    def call(self, *arguments, **fields):
        """Calls a method and returns the bytes of the answer's body."""
        self._socket.sendall(_message(arguments, fields))
        while True:
            kind, length, _, header = struct.unpack("<xBxxIII", self._reader.read(16))
            header = self._reader.read(header + -header % 8)
            body = self._reader.read(length)
            if kind == _ERROR:
                raise ConnectionError(f"{fields['member']}: {header + body!r}")
            if kind == _RETURN:
                return body


def _padded(data, boundary):
    return data + b"\0" * (-len(data) % boundary)


def _string(data, text):
    return _padded(data, 4) + struct.pack("<I", len(text)) + text.encode() + b"\0"


def _message(arguments, fields):
    header = b""
    for name, text in fields.items():
        code, kind = _FIELDS[name]
        header = _string(_padded(header, 8) + bytes([code, 1]) + kind + b"\0", text)
    if arguments:
        signature = bytes([len(arguments)]) + b"s" * len(arguments) + b"\0"
        header = _padded(header, 8) + bytes([_SIGNATURE, 1]) + b"g\0" + signature
    body = b""
    for text in arguments:
        body = _string(body, text)
    serial = 1
    return _padded(struct.pack("<cBBBIII", b"l", 1, 0, 1, len(body), serial, len(header)) + header, 8) + body
