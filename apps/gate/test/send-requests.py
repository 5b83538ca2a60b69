"""Sends requests to the program that is named, of which most are none, and says what came of them as one line of JSON."""
import json, os, random, socket, struct, subprocess, sys, time

program, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
dice = random.Random(seed)
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
child = subprocess.Popen([program, str(theirs.fileno())], pass_fds=[theirs.fileno()], env={"PATH": "/nowhere"}, stderr=subprocess.PIPE)
theirs.close()

def request(op=1, id=1, flags=0, argc=1, envc=1, text=b"/\0/bin/true\0A=b\0"):
    return b"SBXH\1" + bytes([op, 0, flags]) + struct.pack(">IHH", id, argc, envc) + text

def word():
    return bytes(dice.randrange(1, 256) for _ in range(dice.choice([0, 1, 3, 40])))

def any_request():
    kind = dice.randrange(6)
    if kind == 0: return bytes(dice.randrange(256) for _ in range(dice.choice([1, 4, 15, 16, 17, 300])))
    if kind == 1: return request(op=dice.randrange(256), id=dice.randrange(2**32), flags=dice.randrange(256), text=b"")
    if kind == 2: return request(argc=dice.choice([0, 1, 2, 0xffff]), envc=dice.choice([0, 1, 2, 0xffff]), flags=dice.randrange(2))
    if kind == 3: return request(argc=dice.choice([3, 300]), envc=dice.choice([0, 4]), text=b"\0".join(word() for _ in range(dice.choice([1, 3, 7, 303]))) + dice.choice([b"", b"\0"]))
    if kind == 4:
        whole = bytearray(request(flags=dice.randrange(2)))
        for _ in range(dice.randrange(1, 4)): whole[dice.choice([*range(16), len(whole) - 1])] = dice.randrange(256)
        return bytes(whole)
    return request(text=b"/\0" + b"x" * dice.choice([65000, 65517, 65518, 65519, 70000]) + b"\0A=b\0")

owed = 0
def send(bytes, count):
    global owed
    pipes = [os.pipe() for _ in range((count + 1) // 2)]
    ends = [end for pair in pipes for end in pair]
    if dice.randrange(2): ends.reverse()
    try:
        socket.send_fds(ours, [bytes], ends[:count])
        owed += len(bytes) >= 16 and bytes[:6] == b"SBXH\1\1"
    except OSError: pass
    for end in ends: os.close(end)

answers, wrong = {1: 0, 2: 0, 3: 0}, 0
def take(wait):
    global wrong
    ours.settimeout(wait)
    try: got = ours.recv(100)
    except (TimeoutError, BlockingIOError): return None
    if len(got) == 16 and got[:5] == b"SBXH\1" and got[5] in answers and got[6:8] == b"\0\0": answers[got[5]] += 1
    else: wrong += 1
    return got

for _ in range(count):
    try: send(any_request(), dice.choice([0, 1, 2, 3, 3, 4, 4, 5, 60]))
    except BrokenPipeError: break
    while take(0): pass

# What is a request is still carried out, and nothing of the others is left open.
code, deadline = None, time.monotonic() + 30
while code is None and child.poll() is None and time.monotonic() < deadline:
    out, err = os.pipe(), os.pipe()
    try:
        socket.send_fds(ours, [request(id=0x7fffffff, argc=3, text=b"/\0/bin/sh\0-c\0exit 7\0A=b\0")], [out[1], err[1]])
        owed += 1
    except BlockingIOError: pass # What was sent before still fills the socket; the answers below make room.
    for end in out + err: os.close(end)
    until = time.monotonic() + 1
    while code is None and time.monotonic() < until:
        got = take(0.2)
        if got and got[5] == 3 and got[8:12] == b"\x7f\xff\xff\xff": code = struct.unpack(">i", got[12:16])[0]
# Its three streams, its connection and its empty input.
left = lambda: len(os.listdir("/proc/%d/fd" % child.pid)) if child.poll() is None else -1
deadline = time.monotonic() + 20
while left() > 5 and time.monotonic() < deadline: time.sleep(0.05)
still_open = left()
ours.close()
said = child.communicate(timeout=60)[1].decode("utf8", "replace")
both = answers[1] > 0 and answers[2] > 0
print(json.dumps({"unanswered": owed - answers[1] - answers[2], "wrong": wrong, "both": both, "code": code, "open": still_open, "ended": child.returncode, "said": said[-3000:]}))
