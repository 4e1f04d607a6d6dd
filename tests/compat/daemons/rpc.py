"""Drives one daemon over XML-RPC and raw HTTP, and prints what it answered as JSON: a list of [step, answer].

Usage: rpc.py SOCKET DIRECTORY, with any Python 3. What differs from run to run (process ids, times, temporary names) is
masked.
"""

import http.client
import json
import os
import re
import socket
import sys
import time
import xmlrpc.client

SOCKET, DIRECTORY = sys.argv[1:3]
ANSWERS = []
# A condition that is not met within this many seconds never will be.
PATIENCE = 30


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)


class Transport(xmlrpc.client.Transport):
    def make_connection(self, host):
        return Connection("localhost")


def server():
    return xmlrpc.client.ServerProxy("http://localhost", Transport(), allow_none=True)


def masked(value, key=None):
    if isinstance(value, dict):
        return {name: masked(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool):
        if key in ("start", "stop", "now") and value:
            return "TIME"
        if key == "pid" and value:
            return "PID"
    if isinstance(value, str):
        value = value.replace(DIRECTORY, "DIR")
        value = re.sub(r"-[a-z0-9_]{8}\.log", "-RANDOM.log", value)
        value = re.sub(r"pid \d+, uptime \d:\d\d:\d\d", "pid PID, uptime TIME", value)
        value = re.sub(r"[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M", "DATE", value)
    return value


def answer(call):
    try:
        return masked(call())
    except xmlrpc.client.Fault as fault:
        return {"fault": fault.faultCode, "text": masked(fault.faultString)}
    except xmlrpc.client.ProtocolError as error:
        return {"http": error.errcode}
    except Exception as error:
        return {"exception": type(error).__name__}


def step(name, call):
    ANSWERS.append([name, answer(call)])


def call(text, *arguments):
    """A step whose name is the call itself."""
    name = f"{text}({', '.join(map(repr, arguments))})"
    # A transport whose connection failed is not used again.
    method = server()
    for part in text.split("."):
        method = getattr(method, part)
    step(name.replace(DIRECTORY, "DIR"), lambda: ordered(method(*arguments)))


def ordered(result):
    """What came of each process comes in the order in which they are done, which is a matter of chance."""
    if isinstance(result, list) and all(isinstance(one, dict) and "status" in one for one in result):
        return sorted(result, key=lambda status: (status["group"], status["name"]))
    return result


def until(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited in vain for {what}")
        time.sleep(0.02)


def reaches(name, *states):
    proxy = server().supervisor
    until(f"{name} to be {states}", lambda: proxy.getProcessInfo(name)["statename"] in states)


def raw(name, request, stop=None):
    """Sends bytes and records code, headers and body."""

    def exchange():
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(SOCKET)
            connection.settimeout(PATIENCE)
            connection.sendall(request)
            response = http.client.HTTPResponse(connection, method=request.split(b" ")[0].decode())
            response.begin()
            body = response.read(stop) if stop else response.read()
            headers = sorted((key.lower(), value) for key, value in response.getheaders())
            moving = ("date", "last-modified")
            shown = [[key, "MASKED" if key in moving else value] for key, value in headers]
            return {"code": response.status, "reason": response.reason, "headers": shown, "body": body.decode()}

    step(name, exchange)


def post(body, path=b"/RPC2", more=b""):
    head = b"POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n" % (path, more, len(body))
    return head + body


def unchanging():
    """What can be asked without changing anything."""
    for method in ("getAPIVersion", "getVersion", "getSupervisorVersion", "getIdentification", "getState"):
        call(f"supervisor.{method}")
        call(f"supervisor.{method}", "one too many")
    step("getPID is a number", lambda: server().supervisor.getPID() > 1)
    call("system.listMethods")
    for method in server().system.listMethods():
        call("system.methodSignature", method)
        step(f"methodHelp of {method} is text", lambda: bool(server().system.methodHelp(method)))
    for method in ("nope", "supervisor.nope", "system", ""):
        call("system.methodSignature", method)
        call("system.methodHelp", method)
    for method in ("nope", "supervisor", "supervisor.nope", "system.nope", "supervisor._update", "a.b.c",
                   "supervisor.getState.im_func", "supervisor.supervisord"):
        call(method)
    for name in ("cat", "cat:cat", "web:web_0", "web", "web:", "web:*", "nope", "cat:nope", "nope:*", "*", "", ":",
                 "quiet", "missing", "redirected", "silent"):
        call("supervisor.getProcessInfo", name)
    call("supervisor.getAllProcessInfo")
    call("supervisor.getAllConfigInfo")
    call("supervisor.getProcessInfo")
    call("supervisor.getProcessInfo", 5)


def logs():
    reaches("talker", "RUNNING")
    proxy = server().supervisor
    until("ten bytes", lambda: proxy.readProcessStdoutLog("talker", 0, 0) == "0123456789")
    for offset, length in [(0, 0), (0, 4), (4, 0), (4, 2), (4, 99), (-3, 0), (-30, 0), (-3, 1), (3, -1), (99, 0),
                           (0, "4"), ("4", 0), ("x", 0), (0.9, 0), (True, 0)]:
        call("supervisor.readProcessStdoutLog", "talker", offset, length)
    call("supervisor.readProcessLog", "talker", 2, 3)
    for offset, length in [(0, 5), (5, 5), (0, 10), (0, 20), (3, 100), (10, 10), (0, 0), (-5, 5), (5, -5), (50, 5)]:
        call("supervisor.tailProcessStdoutLog", "talker", offset, length)
    call("supervisor.tailProcessLog", "talker", 0, 3)
    for method in ("readProcessStdoutLog", "readProcessStderrLog", "tailProcessStdoutLog", "tailProcessStderrLog"):
        for name in ("nope", "web:*", "silent", "redirected", "quiet"):
            call(f"supervisor.{method}", name, 0, 10)
        call(f"supervisor.{method}", "cat", 0)
    until("text", lambda: proxy.tailProcessStdoutLog("foreign", 0, 0)[1] == 8)
    call("supervisor.readProcessStdoutLog", "foreign", 0, 0)
    for offset, length in [(0, 2), (0, 1), (1, 1), (-4, 0)]:
        call("supervisor.readProcessStdoutLog", "foreign", offset, length)
    call("supervisor.tailProcessStdoutLog", "foreign", 0, 4)
    step("the daemon's log is text", lambda: len(server().supervisor.readLog(0, 20)))
    step("and under its old name", lambda: len(server().supervisor.readMainLog(-20, 0)))
    call("supervisor.readLog", -3, 1)
    call("supervisor.clearProcessLogs", "nope")
    call("supervisor.clearProcessLogs", "web:*")
    call("supervisor.clearProcessLogs", "talker")
    call("supervisor.readProcessStdoutLog", "talker", 0, 0)
    call("supervisor.clearProcessLog", "quiet")
    call("supervisor.clearAllProcessLogs")
    call("supervisor.clearLog")


def starting_and_stopping():
    for name in ("nope", "nope:*", "missing", "data", "directory", "unbalanced", "cat"):
        call("supervisor.startProcess", name)
    # It may not end by itself: Supervisor collects the dead before it answers, and would answer that it is too late.
    call("supervisor.startProcess", "quits")
    open(DIRECTORY + "/quit", "w").close()
    reaches("quits", "EXITED")
    os.unlink(DIRECTORY + "/quit")
    call("supervisor.getProcessInfo", "quits")
    call("supervisor.startProcess", "unready", True)
    reaches("unready", "FATAL")
    call("supervisor.getProcessInfo", "unready")
    call("supervisor.startProcess", "quiet", False)
    reaches("quiet", "RUNNING")
    call("supervisor.startProcess", "quiet")
    for name in ("nope", "missing", "nope:*", "quiet", "quiet"):
        call("supervisor.stopProcess", name)
    call("supervisor.getProcessInfo", "quiet")
    call("supervisor.startProcessGroup", "nope")
    call("supervisor.stopProcessGroup", "web")
    call("supervisor.stopProcessGroup", "web")
    call("supervisor.stopProcessGroup", "nope")
    call("supervisor.startProcess", "web:*")
    call("supervisor.startProcessGroup", "web")
    call("supervisor.startProcessGroup", "missing")
    call("supervisor.stopProcess", "web:*", False)
    reaches("web:web_0", "STOPPED")
    reaches("web:web_1", "STOPPED")
    call("supervisor.startProcessGroup", "web", True)
    call("supervisor.stopAllProcesses")
    call("supervisor.startAllProcesses")
    call("supervisor.stopAllProcesses", True, True)


def signals():
    for name, signal in [("cat", "FOO"), ("cat", "99"), ("cat", "SIGCONT"), ("cat", "cont"), ("cat", 18), ("cat", "18"),
                         ("nope", "CONT"), ("nope", "FOO"), ("missing", "CONT"), ("missing", "FOO"), ("web:*", "CONT"),
                         ("web:*", "FOO"), ("nope:*", "CONT"), ("cat", "")]:
        call("supervisor.signalProcess", name, signal)
    call("supervisor.signalProcessGroup", "web", "CONT")
    call("supervisor.signalProcessGroup", "nope", "CONT")
    call("supervisor.signalProcessGroup", "web", "FOO")
    call("supervisor.signalAllProcesses", "CONT")
    call("supervisor.signalAllProcesses")


def standard_input():
    call("supervisor.sendProcessStdin", "cat", "h\u00e9llo\n")
    proxy = server().supervisor
    until("an echo", lambda: proxy.tailProcessStdoutLog("cat", 0, 0)[1] == 7)
    call("supervisor.readProcessStdoutLog", "cat", 0, 0)
    binary = xmlrpc.client.Binary(b"bytes\n")
    step("sendProcessStdin of binary", lambda: server().supervisor.sendProcessStdin("cat", binary))
    for name, text in [("nope", "x"), ("web:*", "x"), ("missing", "x"), ("cat", 5), ("missing", 5)]:
        call("supervisor.sendProcessStdin", name, text)
    call("supervisor.sendRemoteCommEvent", "kind", "data")
    call("supervisor.sendRemoteCommEvent", "kind")
    call("supervisor.sendRemoteCommEvent", 5, 1.5)
    call("supervisor.sendRemoteCommEvent", True, None)


def many():
    def multicall(*calls):
        return lambda: server().system.multicall(list(calls))

    step("an empty multicall", multicall())
    step("a multicall", multicall(
        {"methodName": "supervisor.getAPIVersion"},
        {"methodName": "supervisor.getProcessInfo", "params": ["nope"]},
        {"methodName": "supervisor.stopProcess", "params": ["cat"]},
        {"methodName": "supervisor.startProcess", "params": ["cat"]},
        {"methodName": "nope", "params": []},
        {"methodName": "system.multicall", "params": [[]]},
        {"params": []},
        {"methodName": "supervisor.getAPIVersion", "params": [1]},
    ))
    step("a multicall of Python's own", lambda: list(own_multicall()))
    call("system.multicall")


def own_multicall():
    calls = xmlrpc.client.MultiCall(server())
    calls.supervisor.getAPIVersion()
    calls.supervisor.getSupervisorVersion()
    # Python expects one-element arrays; of a bare text it takes the first letter.
    return calls()


def groups():
    call("supervisor.reloadConfig")
    call("supervisor.addProcessGroup", "cat")
    call("supervisor.addProcessGroup", "nope")
    call("supervisor.removeProcessGroup", "cat")
    call("supervisor.removeProcessGroup", "nope")
    call("supervisor.stopProcess", "cat")
    call("supervisor.getProcessInfo", "cat")
    call("supervisor.removeProcessGroup", "cat")
    call("supervisor.getProcessInfo", "cat")
    call("supervisor.reloadConfig")
    call("supervisor.addProcessGroup", "cat")
    reaches("cat", "RUNNING")
    path = f"{DIRECTORY}/visord.conf"
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("[program:quiet]\n", "[program:quiet]\npriority=5\n")
                   .replace("[program:silent]", "[program:fresh]"))
    call("supervisor.reloadConfig")
    call("supervisor.addProcessGroup", "fresh")
    call("supervisor.getAllConfigInfo")
    with open(path, "w") as file:
        file.write(text + "[program:broken]\nstartsecs=soon\ncommand=x\n")
    call("supervisor.reloadConfig")
    with open(path, "w") as file:
        file.write(text)


def requests():
    ok = xmlrpc.client.dumps((), "supervisor.getAPIVersion").encode()
    raw("a call", post(ok))
    raw("a call below the address", post(ok, b"/RPC2/x"))
    raw("a call to an encoded address", post(ok, b"/%52PC2"))
    raw("a call over 1.0", post(ok).replace(b"HTTP/1.1", b"HTTP/1.0"))
    raw("a fault", post(xmlrpc.client.dumps((), "nope").encode()))
    raw("GET of the methods", b"GET /RPC2 HTTP/1.1\r\n\r\n")
    raw("no length", b"POST /RPC2 HTTP/1.1\r\n\r\n")
    raw("no XML", post(b"abc"))
    raw("no method", post(b"<?xml version='1.0'?><methodCall><params/></methodCall>"))
    raw("an empty method", post(b"<?xml version='1.0'?><methodCall><methodName></methodName></methodCall>"))
    raw("no params", post(b"<methodCall><methodName>supervisor.getAPIVersion</methodName></methodCall>"))
    types = b"<methodCall><methodName>supervisor.getProcessInfo</methodName><params><param>%s</param></params></methodCall>"
    for value in (b"<value>nope</value>", b"<value><string>nope</string></value>", b"<value><base64>bm9wZQ==</base64></value>",
                  b"<value><i8>5</i8></value>"):
        raw(f"an argument {value.decode()}", post(types % value))
    for path in ("/nope", "/logtail/nope", "/logtail/cat/stdin", "/logtail/silent", "/logtail/cat:nope", "/logtail/web:*",
                 "/logtail/", "/logtail", "//RPC2"):
        raw(f"GET {path}", f"GET {path} HTTP/1.1\r\n\r\n".encode())
    for path in ("/logtail/cat", "/mainlogtail"):
        raw(f"POST {path}", post(b"", path.encode()))


def tails():
    """What follows a log is cut off after the bytes that must come."""
    log = f"{DIRECTORY}/long.log"
    until("a long log", lambda: len(open(log).read()) == 2500)
    raw("the end of a long log", b"GET /logtail/long HTTP/1.1\r\n\r\n", 1024)
    raw("the same, named in full", b"GET /logtail/long:long/stdout HTTP/1.1\r\n\r\n", 1024)
    raw("the whole of a short log", b"GET /logtailX/foreign HTTP/1.1\r\n\r\n", 1)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(SOCKET)
        connection.settimeout(PATIENCE)
        connection.sendall(b"GET /logtail/cat HTTP/1.1\r\n\r\n")
        response = http.client.HTTPResponse(connection)
        response.begin()
        response.read(len("h\u00e9llo\nbytes\n".encode()))
        server().supervisor.sendProcessStdin("cat", "more\n")
        step("what comes later", lambda: response.read(5).decode())


def ending():
    call("supervisor.startProcess", "stubborn")
    waiting = server()
    call("supervisor.shutdown")
    for method in ("getState", "getPID", "shutdown", "restart", "getAllProcessInfo", "reloadConfig"):
        call(f"supervisor.{method}")
    call("supervisor.sendRemoteCommEvent", "kind", "data")
    call("system.listMethods")
    call("supervisor.getState", "one too many")


reaches("cat", "RUNNING")
reaches("web:web_0", "RUNNING")
reaches("web:web_1", "RUNNING")
reaches("talker", "RUNNING")
reaches("long", "RUNNING")
reaches("foreign", "RUNNING")
for scenario in (unchanging, requests, standard_input, tails, logs, signals, many, starting_and_stopping, groups, ending):
    scenario()
json.dump(ANSWERS, sys.stdout)
