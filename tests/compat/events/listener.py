"""A listener that records every event, and rejects the first few: listener.py FILE [HOW MANY]."""

import json
import sys

record = open(sys.argv[1], "a")
rejections = int(sys.argv[2]) if len(sys.argv) > 2 else 0


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def payload(length):
    """So many characters, which is what `len` counts."""
    raw, text = b"", ""
    while len(text) < length:
        raw += sys.stdin.buffer.read(1)
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            pass
    return text


say("READY\n")
for line in iter(sys.stdin.buffer.readline, b""):
    head = line.decode().rstrip("\n")
    words = dict(word.split(":", 1) for word in head.split(" "))
    record.write(json.dumps({"head": head, "payload": payload(int(words["len"]))}) + "\n")
    record.flush()
    say("RESULT 4\nFAIL" if rejections > 0 else "RESULT 2\nOK")
    rejections -= 1
    say("READY\n")
