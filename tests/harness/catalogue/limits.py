"""Resource limits, setrlimit(2), as programs run into them."""

from harness.programs import script

_python = script("/usr/bin/python3", "-c")
_bash = script("bash", "-c")

_ENDS = """
import os, resource, signal, sys
def ends(work):
    pid = os.fork()
    if not pid:
        try: work()
        except BaseException as e: print(type(e).__name__, flush=True)
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
def spin():
    while True: pass
def set(name, soft, hard=-1): resource.setrlimit(getattr(resource, 'RLIMIT_' + name), (soft, hard))
"""

_SCRIPTS = {
    "processor time": """
def at_once(): set('CPU', 0, 5); spin()
def for_good(): set('CPU', 0, 0); spin()
def patient():
    seen = []
    signal.signal(signal.SIGXCPU, lambda *a: (seen.append(1), print('SIGXCPU', resource.getrlimit(resource.RLIMIT_CPU), flush=True)))
    set('CPU', 0, 1); spin()
print(ends(at_once), ends(for_good), ends(patient))
""",
    "address space": """
import mmap
def take(size): return lambda: print(len(mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)), flush=True)
def small(): set('AS', 300 << 20); take(400 << 20)()
def smaller(): set('AS', 300 << 20); take(1 << 20)()
def raised(): set('AS', 300 << 20); set('AS', -1); take(400 << 20)()
def inherited(): set('AS', 300 << 20); print(ends(take(400 << 20)), flush=True)
def file():
    set('AS', 300 << 20); f = open('f', 'w+b'); f.truncate(400 << 20); mmap.mmap(f.fileno(), 0)
def shared():
    set('AS', 300 << 20); mmap.mmap(-1, 400 << 20)
def told(): set('AS', 300 << 20); print(resource.getrlimit(resource.RLIMIT_AS), [l.split() for l in open('/proc/self/limits') if 'address' in l], flush=True)
for work in small, smaller, raised, inherited, file, shared, told: print(work.__name__, ends(work), flush=True)
""",
    "data": """
import mmap
def take(protection): return lambda: print(len(mmap.mmap(-1, 400 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, protection)), flush=True)
def written(): set('DATA', 300 << 20); take(mmap.PROT_READ | mmap.PROT_WRITE)()
def readable(): set('DATA', 300 << 20); take(mmap.PROT_READ)()
def heap():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True); libc.sbrk.restype = ctypes.c_long
    set('DATA', 300 << 20); print(libc.sbrk(ctypes.c_long(400 << 20)), ctypes.get_errno(), flush=True)
for work in written, readable, heap: print(work.__name__, ends(work), flush=True)
""",
    "stack": """
def deep(): sys.setrecursionlimit(10**6); down(1000)
def down(n): [n].sort(key=lambda n: n and down(n - 1))
def shallow(): set('STACK', 256 << 10); deep()
def inherited(): set('STACK', 256 << 10); print(ends(deep), flush=True)
print(ends(deep), ends(shallow), ends(inherited))
def arguments(size): return lambda: os.execv('/bin/true', ['true'] + ['x' * 99] * (size // 100))
def many(): set('STACK', 1 << 20); arguments(300 << 10)()
def few(): set('STACK', 1 << 20); arguments(100 << 10)()
def least(): set('STACK', 64 << 10); arguments(200 << 10)()
def long(size):
    set('STACK', size); text = "import sys; sys.setrecursionlimit(10**6)\\ndef down(n): [n].sort(key=lambda n: n and down(n - 1))\\ndown(1000)"
    os.execv('/usr/bin/python3', ['python3', '-c', text] + ['x' * 99] * 1000)
def narrow(): long(512 << 10)
def wide(): long(8 << 20)
for work in many, few, least, narrow, wide: print(work.__name__, ends(work), flush=True)
""",
    "who may change": """
def other():
    r, w = os.pipe(); pid = os.fork()
    if not pid: os.close(w); os.read(r, 1); os._exit(0)
    print(resource.prlimit(pid, resource.RLIMIT_CPU, (3, 4)), resource.prlimit(pid, resource.RLIMIT_CPU), flush=True); os.close(w); os.wait()
def user():
    os.setgid(1000); os.setuid(1000); set('AS', 1 << 30, 2 << 30)
    for soft, hard in ((2 << 30, 2 << 30), (1 << 30, 3 << 30), (3 << 30, 2 << 30)):
        try: set('AS', soft, hard); print(resource.getrlimit(resource.RLIMIT_AS), flush=True)
        except (OSError, ValueError) as e: print(e, flush=True)
for work in other, user: print(work.__name__, ends(work), flush=True)
""",
    "file size": """
def blocked():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGXFSZ]); set('FSIZE', 10)
    for attempt in (lambda: os.ftruncate(f, 11), lambda: os.pwrite(f, b'x', 10)):
        try: attempt()
        except OSError as e: print(e.errno, flush=True)
        i = signal.sigwaitinfo([signal.SIGXFSZ]); print(i.si_code, i.si_pid == os.getpid(), i.si_uid == os.getuid(), flush=True)
def fatal(): signal.signal(signal.SIGXFSZ, signal.SIG_DFL); set('FSIZE', 10); print(os.write(f, b'x' * 20), flush=True); os.write(f, b'x')
f = os.open('f', os.O_RDWR | os.O_CREAT)
print(ends(blocked), ends(fatal))
""",
}

PROGRAMS = [_python(f"limit of {name}", _ENDS + text) for name, text in _SCRIPTS.items()] + [
    _bash("ulimit holds over exec", "ulimit -v 200000; exec python3 -c 'bytearray(400 << 20)' 2>&1 | tail -1"),
    _bash(
        "too little to load a program",
        "{ (ulimit -v 1000; exec python3 -c 1); } >/dev/null 2>&1; test $? -gt 125; echo $?",
    ),
]
