"""CPython: threads, processes, event loops, sockets, files, a database, a virtual environment."""

from harness.programs import Program, script

_python = script("/usr/bin/python3", "-c")
_sh = script("sh", "-c")

_SCRIPTS = {
    "hello": "import sys; print('hello', sys.platform); sys.exit(4)",
    "stdin": "import sys; print(sorted(sys.stdin.read().split()))",
    "traceback": "import sys; sys.tracebacklimit = 0; raise ValueError('bad')",
    "the first thread ends before the others": """
import ctypes, os, threading, time
libc = ctypes.CDLL(None)
def last():
    while open('/proc/self/stat').read().split()[2] != 'Z': time.sleep(0.001)
    r, w = os.pipe()
    os.write(w, b'still here'); print(os.read(r, 100), os.stat('/').st_ino > 0, os.getcwd() != '', flush=True)
    try: os.execv('/bin/echo', ['echo', 'another program'])
    except OSError as e: print(e)
threading.Thread(target=last).start()
libc.pthread_exit(None)
""",
    "threads": """
import threading, queue
q, done = queue.Queue(), []
lock = threading.Lock()
def work():
    while (item := q.get()) is not None:
        with lock:
            done.append(item * item)
threads = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in threads]
[q.put(i) for i in range(2000)]
[q.put(None) for _ in threads]
[t.join() for t in threads]
print(len(done), sum(done))
""",
    "many threads": """
import threading
barrier = threading.Barrier(50)
out = []
def work(i):
    barrier.wait(); out.append(i)
ts = [threading.Thread(target=work, args=(i,)) for i in range(50)]
[t.start() for t in ts]; [t.join() for t in ts]
print(sorted(out) == list(range(50)))
""",
    "subprocess": """
import subprocess, sys
print(subprocess.run(['sh', '-c', 'echo out; echo err >&2; exit 3'], capture_output=True))
print(subprocess.check_output(['tr', 'a-z', 'A-Z'], input=b'shout'))
p = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(p.communicate(b'x' * 300000)[0].count(b'x'))
print(subprocess.run(['sh', '-c', 'kill -9 $$']).returncode)
try: subprocess.run(['sleep', '100'], timeout=0.05)
except subprocess.TimeoutExpired: print('timed out')
try: subprocess.run(['/no/such'])
except FileNotFoundError as e: print(e)
print(subprocess.run(['pwd'], cwd='/', stdout=subprocess.PIPE, start_new_session=True).stdout)
""",
    "fork and wait": """
import os
for code in (0, 7):
    pid = os.fork()
    if not pid: os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
r, w = os.pipe()
if not os.fork():
    os.close(r); os.write(w, b'from the child'); os._exit(0)
os.close(w); print(os.read(r, 100)); os.wait()
try: os.wait()
except ChildProcessError as e: print(e)
""",
    "posix_spawn": """
import os
pid = os.posix_spawn('/bin/sh', ['sh', '-c', 'echo spawned; exit 5'], os.environ)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
""",
    "multiprocessing": """
import multiprocessing as mp
def square(x): return x * x
def child(q, e): e.wait(); q.put('from the child')
if __name__ == '__main__':
    mp.set_start_method('fork')
    with mp.Pool(3) as pool: print(sum(pool.map(square, range(200))))
    q, e = mp.Queue(), mp.Event()
    p = mp.Process(target=child, args=(q, e)); p.start(); e.set(); print(q.get()); p.join(); print(p.exitcode)
    v = mp.Value('i', 0)
    def add():
        for _ in range(100):
            with v.get_lock(): v.value += 1
    ps = [mp.Process(target=add) for _ in range(3)]
    [p.start() for p in ps]; [p.join() for p in ps]; print(v.value)
""",
    "shared memory": """
from multiprocessing import shared_memory
import os
s = shared_memory.SharedMemory(create=True, size=4096)
if not os.fork():
    s.buf[:5] = b'hello'; os._exit(0)
os.wait(); print(bytes(s.buf[:5])); s.close(); s.unlink()
""",
    "mmap shared between processes": """
import mmap, os
m = mmap.mmap(-1, 8192)
if not os.fork():
    m[0:3] = b'abc'; os._exit(0)
os.wait(); print(m[0:3])
with open('f', 'w+b') as f:
    f.truncate(4096)
    n = mmap.mmap(f.fileno(), 4096); n[10:14] = b'file'; n.flush(); f.seek(10); print(f.read(4))
    f.seek(0); f.write(b'by write'); f.flush(); print(n[0:8]); n.close()
""",
    "asyncio": """
import asyncio
async def main():
    p = await asyncio.create_subprocess_shell('echo sub; exit 2', stdout=asyncio.subprocess.PIPE)
    print((await p.communicate())[0], p.returncode)
    async def echo(r, w):
        while data := await r.read(1000): w.write(data.upper()); await w.drain()
        w.close()
    server = await asyncio.start_server(echo, '127.0.0.1', 0)
    async def client(i):
        r, w = await asyncio.open_connection(*server.sockets[0].getsockname())
        w.write(b'hello%d' % i); w.write_eof(); return await r.read()
    print(sorted(await asyncio.gather(*map(client, range(20))))[:3])
    print(await asyncio.wait_for(asyncio.to_thread(sum, range(1000)), 10))
    try: await asyncio.wait_for(asyncio.Event().wait(), 0.02)
    except asyncio.TimeoutError: print('timeout')
    loop = asyncio.get_running_loop(); e = asyncio.Event()
    import os, signal
    loop.add_signal_handler(signal.SIGUSR1, e.set); os.kill(os.getpid(), signal.SIGUSR1); await e.wait(); print('signalled')
asyncio.run(main())
""",
    "sqlite": """
import sqlite3, threading
c = sqlite3.connect('db', check_same_thread=False)
print(c.execute('pragma journal_mode=wal').fetchone())
c.execute('create table t (a integer primary key, b text)')
with c: c.executemany('insert into t(b) values (?)', [(str(i),) for i in range(1000)])
print(c.execute('select count(*), sum(a) from t').fetchone())
d = sqlite3.connect('db')
print(d.execute('select b from t where a = 500').fetchone())
d.execute('begin immediate')
try: sqlite3.connect('db', timeout=0).execute('begin immediate')
except sqlite3.OperationalError as e: print(e)
d.rollback(); c.close(); d.close()
""",
    "every address to listen on": """
import socket
found = socket.getaddrinfo(None, 8080, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
print(sorted(address[:2] for *_, address in found))
""",
    "http server and urllib": """
import http.server, threading, urllib.request, urllib.error
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/missing': return self.send_error(404)
        body = b'x' * 200000 if self.path == '/big' else self.path.encode()
        self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))[::-1]
        self.send_response(200); self.end_headers(); self.wfile.write(body)
    def log_message(self, *a): pass
s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)
threading.Thread(target=s.serve_forever, daemon=True).start()
u = 'http://127.0.0.1:%d' % s.server_port
get = lambda p, d=None: urllib.request.urlopen(u + p, d).read()
print(get('/a'), len(get('/big')), get('/', b'abc'))
try: get('/missing')
except urllib.error.HTTPError as e: print(e.code)
s.shutdown(); s.server_close()
try: get('/a')
except urllib.error.URLError as e: print(e.reason)
""",
    "sockets": """
import socket, os, struct
a, b = socket.socketpair(); a.sendall(b'pair'); print(b.recv(10)); a.close(); print(b.recv(10))
u = socket.socket(socket.AF_UNIX); u.bind('s'); u.listen(); print(os.stat('s').st_mode >> 12)
c = socket.socket(socket.AF_UNIX); c.connect('s'); d, _ = u.accept(); c.sendall(b'unix'); print(d.recv(10))
r, w = os.pipe(); socket.send_fds(c, [b'x'], [w]); _, fds, _, _ = socket.recv_fds(d, 10, 4); os.write(fds[0], b'passed'); print(os.read(r, 10))
print(struct.unpack('3i', d.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0] == os.getpid())
x, y = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in 'xy'); x.bind(('127.0.0.1', 0)); y.sendto(b'datagram', x.getsockname()); print(x.recvfrom(100)[0])
l = socket.create_server(('127.0.0.1', 0)); k = socket.create_connection(l.getsockname()); m, peer = l.accept(); print(peer == k.getsockname())
k.sendall(b'y' * 1000000) if os.fork() else (print(len(m.recv(1000000, socket.MSG_WAITALL)), flush=True), os._exit(0))
os.wait(); k.shutdown(socket.SHUT_WR); print(m.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b'' or 'rest')
try: socket.create_connection(('127.0.0.1', 1), 1)
except ConnectionRefusedError as e: print(e)
k.settimeout(0.02)
try: k.recv(1)
except TimeoutError as e: print(e)
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); print(s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR))
try: s.bind(l.getsockname())
except OSError as e: print(e)
print(socket.getaddrinfo('localhost', 80, socket.AF_INET, socket.SOCK_STREAM)[0][4])
""",
    "poll, epoll and select": """
import select, os, socket
r, w = os.pipe()
p = select.poll(); p.register(r, select.POLLIN); print(p.poll(0)); os.write(w, b'x'); print(p.poll()[0][1])
e = select.epoll(); e.register(r, select.EPOLLIN | select.EPOLLET); print(len(e.poll())); print(e.poll(0)); os.write(w, b'y'); print(len(e.poll()))
print([len(x) for x in select.select([r], [w], [], 0)]); os.read(r, 10); print([len(x) for x in select.select([r], [w], [], 0)])
os.close(w); print(p.poll()[0][1] & select.POLLHUP == select.POLLHUP)
a, b = socket.socketpair(); e.register(a, select.EPOLLIN | select.EPOLLRDHUP); b.close(); print(e.poll()[0][1] & select.EPOLLRDHUP == select.EPOLLRDHUP)
""",
    "signals": """
import signal, os, time, threading
got = []
signal.signal(signal.SIGUSR1, lambda s, f: got.append(s)); os.kill(os.getpid(), signal.SIGUSR1); print(got)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2]); os.kill(os.getpid(), signal.SIGUSR2); print(signal.sigpending()); print(signal.sigwait([signal.SIGUSR2]))
signal.signal(signal.SIGALRM, lambda s, f: got.append('alarm')); signal.setitimer(signal.ITIMER_REAL, 0.02); signal.pause(); print(got[-1])
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
while got.count('alarm') < 4: signal.pause()
signal.setitimer(signal.ITIMER_REAL, 0); print('ticks')
print(signal.sigtimedwait([signal.SIGUSR2], 0.01))
t = threading.Thread(target=lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)); t.start(); t.join(); print(got[-1])
r, w = os.pipe(); pid = os.fork()
if not pid: time.sleep(0.05); os.kill(os.getppid(), signal.SIGUSR1); time.sleep(0.05); os.write(w, b'!'); os._exit(0)
print(os.read(r, 1), len(got) > 5); os.wait()
class Stop(Exception): pass
def stop(*a): raise Stop
signal.signal(signal.SIGALRM, stop); signal.setitimer(signal.ITIMER_REAL, 0.02)
try: time.sleep(100)
except Stop: print('interrupted')
""",
    "files": """
import os, tempfile, shutil, errno, fcntl
with open('f', 'w') as f: f.write('line\\n' * 1000)
print(os.path.getsize('f'), sum(1 for _ in open('f')))
fd = os.open('f', os.O_RDWR); print(os.pread(fd, 4, 5), os.pwrite(fd, b'LINE', 0), os.read(fd, 4), os.lseek(fd, 0, os.SEEK_END)); os.ftruncate(fd, 3); print(os.fstat(fd).st_size)
os.rename('f', 'g'); os.link('g', 'h'); print(os.stat('h').st_nlink); os.symlink('h', 's'); print(os.readlink('s'), os.path.samefile('g', 's'))
for attempt in (lambda: os.open('nowhere', 0), lambda: os.mkdir('g'), lambda: os.rmdir('g'), lambda: os.listdir('g'), lambda: os.open('g', os.O_CREAT | os.O_EXCL), lambda: os.open('s', os.O_NOFOLLOW), lambda: os.read(999, 1), lambda: os.lseek(os.pipe()[0], 0, 0), lambda: os.open('.', os.O_WRONLY), lambda: os.unlink('.'), lambda: os.open('g/x', 0)):
    try: attempt()
    except OSError as e: print(errno.errorcode[e.errno])
os.makedirs('d/e/f'); open('d/e/x', 'w').close(); print(sorted((r, sorted(d), f) for r, d, f in os.walk('d'))); shutil.copytree('d', 'c'); shutil.rmtree('d'); print(sorted(os.listdir()))
d = os.open('c', os.O_RDONLY); print(os.listdir(d), os.stat('e', dir_fd=d).st_mode >> 12); os.utime('g', ns=(1, 2)); print(os.stat('g').st_mtime_ns)
with tempfile.TemporaryFile() as t: t.write(b'anonymous'); t.seek(0); print(t.read())
fcntl.lockf(fd, fcntl.LOCK_EX)
if not os.fork():
    n = os.open('h', os.O_RDWR)
    try: fcntl.lockf(n, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e: print(errno.errorcode[e.errno], flush=True)
    os._exit(0)
os.wait(); os.setxattr('g', 'user.k', b'v') if False else None
print(os.statvfs('.').f_namemax, os.access('g', os.W_OK), os.get_inheritable(fd)); print([e.is_file() for e in sorted(os.scandir('.'), key=lambda e: e.name)])
os.copy_file_range(fd, os.open('z', os.O_CREAT | os.O_WRONLY), 3, 0); print(open('z').read()); print(os.sendfile(os.open('y', os.O_CREAT | os.O_WRONLY), fd, 0, 2))
""",
    "event descriptors": """
import os, select, ctypes, time, signal
libc = ctypes.CDLL(None, use_errno=True)
e = os.eventfd(3); print(os.eventfd_read(e)); os.eventfd_write(e, 5); print(os.eventfd_read(e))
m = os.memfd_create('m'); os.write(m, b'memory'); print(os.pread(m, 10, 0))
p = os.pidfd_open(os.getpid()); print(select.select([p], [], [], 0)[0])
pid = os.fork() or os._exit(0); q = os.pidfd_open(pid); select.select([q], [], []); print(os.waitid(os.P_PIDFD, q, os.WEXITED).si_status)
t = libc.timerfd_create(1, 0); spec = (ctypes.c_long * 4)(0, 0, 0, 20_000_000); print(libc.timerfd_settime(t, 0, spec, None), int.from_bytes(os.read(t, 8), 'little'))
mask = (ctypes.c_ulong * 16)(1 << (signal.SIGUSR1 - 1)); signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]); s = libc.signalfd(-1, mask, 0); os.kill(os.getpid(), signal.SIGUSR1); print(int.from_bytes(os.read(s, 128)[:4], 'little'))
i = libc.inotify_init(); print(libc.inotify_add_watch(i, b'.', 0x100)); open('made', 'w').close(); print(os.read(i, 100)[16:20])
""",
    "pty": """
import os, pty, termios, tty, struct, fcntl, signal
m, s = pty.openpty(); print(os.isatty(s), os.ttyname(s)[:9]); os.write(m, b'typed\\n'); print(os.read(s, 100), os.read(m, 100)); os.write(s, b'a\\nb'); print(os.read(m, 100))
fcntl.ioctl(s, termios.TIOCSWINSZ, struct.pack('4H', 30, 90, 0, 0)); print(struct.unpack('4H', fcntl.ioctl(m, termios.TIOCGWINSZ, b'\\0' * 8))[:2])
tty.setraw(s); os.write(m, b'\\x03x'); print(os.read(s, 10))
pid, fd = pty.fork()
if not pid: os.execvp('sh', ['sh', '-c', 'tty >/dev/null && echo terminal; read x; echo "got $x"; trap "echo int; exit 5" INT; echo waiting; read y'])
out = b''
while b'terminal' not in out: out += os.read(fd, 100)
os.write(fd, b'hello\\n')
while b'got hello' not in out: out += os.read(fd, 100)
print(out.split()[:4])
while b'waiting' not in out: out += os.read(fd, 100)
os.write(fd, b'\\x03')
try:
    while True: out += os.read(fd, 100)
except OSError as e: print(e.strerror, b'int' in out)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
""",
    "resource limits": """
import resource, os
resource.setrlimit(resource.RLIMIT_NOFILE, (32, 64)); print(resource.getrlimit(resource.RLIMIT_NOFILE))
fds = []
try:
    while True: fds.append(os.dup(0))
except OSError as e: print(e.strerror, len(fds) > 20)
[os.close(f) for f in fds]
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
f = os.open('f', os.O_CREAT | os.O_WRONLY); print(os.write(f, b'x' * 2000))
try: os.write(f, b'x')
except OSError as e: print(e.strerror)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 1000)
""",
    "clocks": """
import time
a = time.monotonic(); time.sleep(0.02); b = time.monotonic(); print(b - a >= 0.02)
print(time.clock_getres(time.CLOCK_MONOTONIC) <= 0.01, time.time() > 1.6e9, time.process_time() >= 0, time.thread_time() >= 0)
print(abs(time.clock_gettime(time.CLOCK_REALTIME) - time.time()) < 10, time.clock_gettime(time.CLOCK_BOOTTIME) > 0)
""",
    "exec and environment": """
import os
os.environ['PASSED'] = 'yes'
os.execvp('sh', ['sh', '-c', 'echo $PASSED; exit 6'])
""",
    "identity": """
import os, pwd
print(os.getpid() > 0, os.getppid() >= 0, os.getpgid(0) > 0, os.getsid(0) > 0, bool(pwd.getpwuid(os.getuid()).pw_name), os.uname().sysname, os.cpu_count() > 0, len(os.sched_getaffinity(0)) > 0, os.umask(0o22) >= 0)
""",
    "large memory": """
b = bytearray(200_000_000); b[::4096] = b'x' * len(b[::4096]); print(b.count(b'x')); del b
""",
    "tracebacks of a fault": "import ctypes; ctypes.string_at(0)",
    "zip, json, ssl, hashlib": """
import zipfile, json, ssl, hashlib, gzip, lzma, bz2, decimal, uuid, secrets, random
with zipfile.ZipFile('z', 'w', zipfile.ZIP_DEFLATED) as z: z.writestr('a', 'b' * 1000)
print(zipfile.ZipFile('z').testzip(), json.dumps({'a': [1, None]}), hashlib.sha256(b'').hexdigest()[:8], ssl.create_default_context().check_hostname, len(uuid.uuid4().hex), len(secrets.token_bytes(8)))
""",
    "concurrent futures": """
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
import math
with ThreadPoolExecutor(8) as e: print(sum(e.map(math.isqrt, range(1000))))
if __name__ == '__main__':
    with ProcessPoolExecutor(2) as e: print(sum(e.map(math.isqrt, range(100))))
""",
}

PROGRAMS: list[Program] = [
    *(_python(name, text, "beta alpha\n") for name, text in _SCRIPTS.items()),
    _sh(
        "python: venv",
        "/usr/bin/python3 -m venv --without-pip v && v/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'"
        " && . v/bin/activate && python -c 'import sys; print(sys.executable.endswith(\"v/bin/python\"))'",
    ),
    _sh(
        "python: compiled files",
        "echo 'x = 5' >m.py; /usr/bin/python3 -c 'import m; print(m.x)'; ls __pycache__ | wc -l",
    ),
    _sh("python: module from stdin", "echo 'print(6 * 7)' | /usr/bin/python3 -"),
    _sh(
        "python: unittest",
        "printf 'import unittest\\nclass T(unittest.TestCase):\\n  def test(self): self.assertEqual(1, 1)\\n' >t.py; /usr/bin/python3 -m unittest t 2>&1 | grep -c OK",
    ),
]
