"""What signals tell of themselves, sigaction(2), also those that come while they are blocked: signal(7)."""

from harness.programs import script

_python = script("/usr/bin/python3", "-c")

_TOLD = """
import ctypes, os, signal, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
names = {0: 'USER', -1: 'QUEUE', -2: 'TIMER', -6: 'TKILL', 0x80: 'KERNEL', 1: 'EXITED', 2: 'KILLED'}
me, known = os.getpid(), {}
def who(pid): return {me: 'me', 0: '0'}.get(pid, known.get(pid, 'other'))
def told(info):
    signo, errno, code = struct.unpack_from('3i', info); pid, uid, value = struct.unpack_from('iIq', info, 16)
    return signo, errno, names.get(code, code), who(pid), uid == os.getuid(), value if code == -1 else ''
def bits(*signals): return ctypes.byref(ctypes.c_uint64(sum(1 << s - 1 for s in signals)))
def wait(*signals, timeout=(0, 0)):
    info = ctypes.create_string_buffer(128); left = timeout and (ctypes.c_long * 2)(*timeout)
    got = libc.sigtimedwait(bits(*signals), info, left)
    return told(info.raw) if got > 0 else os.strerror(ctypes.get_errno())
def queue(pid, number, value): return libc.sigqueue(pid, number, ctypes.c_void_p(value))
def block(*signals): signal.pthread_sigmask(signal.SIG_BLOCK, signals)
def unblock(*signals): signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
def child(work):
    pid = os.fork()
    if not pid:
        try: work()
        finally: os._exit(0)
    known[pid] = 'child'; os.waitpid(pid, 0); return pid
kind = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
seen = []
@kind
def handler(number, info, context): seen.append(told(ctypes.string_at(info, 128)))
def handle(*signals):
    for number in signals: libc.sigaction(number, struct.pack('Q', ctypes.cast(handler, ctypes.c_void_p).value) + bytes(128) + struct.pack('i', 4) + bytes(12), None)
def arrived():
    text, seen[:] = list(seen), []; return text
U1, U2, RT = signal.SIGUSR1, signal.SIGUSR2, signal.SIGRTMIN
"""

_SCRIPTS = {
    "while blocked": """
block(U1, U2, RT)
os.kill(me, U1); print(wait(U1)); signal.raise_signal(U1); print(wait(U1)); queue(me, U1, 7); print(wait(U1))
child(lambda: os.kill(me, U1)); print(wait(U1)); child(lambda: queue(me, U1, -9)); print(wait(U1))
child(lambda: libc.syscall(234, me, me, U1)); print(wait(U1)); print(wait(U1))
""",
    "standard ones wait once": """
block(U1, U2)
os.kill(me, U1); queue(me, U1, 1); child(lambda: os.kill(me, U1)); print(wait(U1), wait(U1))
queue(me, U1, 1); os.kill(me, U1); print(wait(U1), wait(U1))
os.kill(me, U2); os.kill(me, U1); print(wait(U1, U2), wait(U1, U2))
""",
    "real-time ones keep their order": """
block(RT, RT + 1)
for i in range(3): queue(me, RT, i); os.kill(me, RT); child(lambda: queue(me, RT, 10 + i)); child(lambda: os.kill(me, RT))
queue(me, RT + 1, 5)
while isinstance(got := wait(RT, RT + 1), tuple): print(got)
""",
    "after they are let through": """
handle(U1, U2, RT, RT + 1); block(U1, U2, RT, RT + 1)
os.kill(me, U1); child(lambda: os.kill(me, U2)); signal.raise_signal(RT + 1); queue(me, RT, 3); child(lambda: os.kill(me, RT))
print(sorted(signal.sigpending()), arrived()); unblock(U1, U2, RT, RT + 1); print(sorted(arrived(), key=str)); print(signal.sigpending())
""",
    "while their process waits": """
block(U1, RT); r, w = os.pipe()
def send(): [(os.kill(me, U1), os.kill(me, RT), queue(me, RT, 4)) for _ in range(2)]; os.write(w, b'x')
pid = os.fork()
if not pid: send(); os._exit(0)
known[pid] = 'child'; print(os.read(r, 1), sorted(signal.sigpending())); os.waitpid(pid, 0)
print(wait(U1), wait(U1), [wait(RT) for _ in range(5)])
""",
    "while it is waited for": """
block(U1); ready, go = os.pipe()
for send in (lambda: os.kill(me, U1), lambda: queue(me, U1, 6), lambda: libc.syscall(234, me, me, U1)):
    pid = os.fork()
    if not pid: time.sleep(0.02); send(); os._exit(0)
    known[pid] = 'child'; print(wait(U1, timeout=(20, 0))); os.waitpid(pid, 0)
""",
    "children that end": """
block(signal.SIGCHLD)
pid = os.fork()
if not pid: os._exit(3)
known[pid] = 'child'; print(wait(signal.SIGCHLD, timeout=None)); os.waitpid(pid, 0)
pid = os.fork()
if not pid: signal.pause()
os.kill(pid, 9); known[pid] = 'child'; print(wait(signal.SIGCHLD, timeout=None)); os.waitpid(pid, 0)
""",
    "in signalfd": """
block(U1, RT); fd = libc.signalfd(-1, bits(U1, RT), os.O_NONBLOCK)
os.kill(me, U1); child(lambda: os.kill(me, U1)); queue(me, RT, 3); child(lambda: os.kill(me, RT)); signal.raise_signal(RT)
def read():
    signo, errno, code, pid, uid = struct.unpack_from('iiiII', got := os.read(fd, 128)); print(signo, errno, names[code], who(pid), struct.unpack_from('iQ', got, 44) if code == -1 else '')
for _ in range(3): read()
print(wait(RT), wait(RT), wait(U1))
""",
    "threads": """
block(U1, U2, RT); ids, go, done = [], threading.Event(), []
def body(): ids.append(threading.get_native_id()); go.wait(); done.append((wait(U1), wait(RT), wait(RT)))
t = threading.Thread(target=body); t.start()
while not ids: time.sleep(0.001)
libc.syscall(234, me, ids[0], U1); libc.syscall(234, me, ids[0], RT); libc.syscall(234, me, ids[0], RT); child(lambda: os.kill(me, U2))
print(wait(U2), wait(U1)); go.set(); t.join(); print(done)
""",
    "of a timer": """
class Spec(ctypes.Structure): _fields_ = [('v', ctypes.c_long * 4)]
block(U1, signal.SIGALRM); t = ctypes.c_void_p()
libc.timer_create(1, struct.pack('qii', 77, U1, 0) + bytes(48), ctypes.byref(t)); libc.timer_settime(t, 0, (ctypes.c_long * 4)(0, 0, 0, 1), None)
signo, errno, code = wait(U1, timeout=(20, 0))[:3]; print(signo, code)
signal.setitimer(signal.ITIMER_REAL, 0.001); print(wait(signal.SIGALRM, timeout=(20, 0)))
""",
    "of a broken pipe": """
signal.signal(signal.SIGPIPE, signal.SIG_DFL); block(signal.SIGPIPE); r, w = os.pipe(); os.close(r)
try: os.write(w, b'x')
except BrokenPipeError: print(wait(signal.SIGPIPE))
import socket; a, b = socket.socketpair(); b.close()
try: a.send(b'x')
except BrokenPipeError: print(wait(signal.SIGPIPE))
""",
}

PROGRAMS = [_python(f"siginfo {name}", _TOLD + text) for name, text in _SCRIPTS.items()]
