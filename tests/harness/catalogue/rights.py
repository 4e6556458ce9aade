"""Credentials of threads, and who may look into a process: credentials(7), ptrace(2), proc_pid(5). Only root can try them."""

from dataclasses import replace

from harness.programs import Program, script

_python = script("/usr/bin/python3", "-uc")

_THREADS = """
import ctypes, os, threading
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {'kill': 62, 'setgroups': 116, 'setresuid': 117, 'setresgid': 119, 'setfsuid': 122, 'capget': 125, 'capset': 126, 'gettid': 186}
def call(name, *args):
    answer = libc.syscall(NUMBERS[name], *args)
    return answer if answer >= 0 else os.strerror(ctypes.get_errno())
def status(of):
    lines = dict(line.rstrip('\\n').split(':\\t', 1) for line in open('/proc/%s/status' % of))
    return lines['Uid'].split(), lines['Gid'].split(), lines['Groups'].split(), int(lines['CapEff'], 16) != 0
def header(tid): return (ctypes.c_uint32 * 2)(0x20080522, tid)
def capabilities(tid):
    data = (ctypes.c_uint32 * 6)()
    return call('capget', header(tid), data), any(data)
def in_thread(work):
    thread = threading.Thread(target=work); thread.start(); thread.join()
def make(name):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY)); return os.stat(name).st_uid
main = call('gettid')
os.setgroups([5]); os.chmod('.', 0o777)
"""

_LOOK = """
import ctypes, errno, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
def said(call):
    try: value = call()
    except OSError as error: return errno.errorcode[error.errno]
    return 'nothing' if value in (b'', [], '') else 'ok'
def reading(path):
    fd = os.open(path, os.O_RDONLY)
    try: return os.read(fd, 8)
    finally: os.close(fd)
def become(uid, dumpable=None, gid=None):
    gid = uid if gid is None else gid
    os.setgroups([]); os.setresgid(gid, gid, gid); os.setresuid(uid, uid, uid)
    if dumpable is not None: libc.prctl(4, dumpable, 0, 0, 0)
def drop_capabilities(): libc.syscall(126, (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
def target(prepare):
    r, w = os.pipe(); pid = os.fork()
    if not pid:
        prepare(); os.write(w, b'1'); signal.pause()
    os.read(r, 1); os.close(r); os.close(w)
    return pid
def observer(prepare, work):
    pid = os.fork()
    if not pid:
        prepare(); work(); os._exit(0)
    os.waitpid(pid, 0)
def end(pid): os.kill(pid, 9); os.waitpid(pid, 0)
def changing(change, after):
    # A process whose rights or program change when it is told to; `after` begins when that is done.
    go, done = os.pipe(), os.pipe(); pid = os.fork()
    if not pid:
        os.set_inheritable(done[1], False); os.close(done[0]); os.read(go[0], 1); change()
        os.close(done[1]); signal.pause()
    os.close(done[1])
    def tell(): os.write(go[1], b'1'); os.read(done[0], 1)
    after(pid, tell); end(pid); [os.close(fd) for fd in (*go, done[0])]
MEMORY = 'environ maps mem smaps smaps_rollup'.split()
"""

_FILES = """
NAMES = '''arch_status auxv cgroup cmdline comm coredump_filter cpuset environ io limits loginuid maps mem mountinfo
mounts mountstats oom_score oom_score_adj personality sched schedstat smaps smaps_rollup stack stat statm status
syscall timers timerslack_ns uid_map wchan clear_refs autogroup'''.split()
def look(pid):
    at = '/proc/%d/' % pid
    for name in NAMES: print(name, said(lambda: reading(at + name)))
    for name in 'cwd exe root fd/0 ns/uts ns/mnt'.split(): print(name, said(lambda: os.readlink(at + name)), said(lambda: os.stat(at + name)))
    for name in '. fd fdinfo task ns net'.split(): print(name, said(lambda: os.listdir(at + name)), os.stat(at + name).st_uid)
    print([os.stat(at + name).st_uid for name in ('stat', 'environ', 'maps', 'task/%d' % pid, 'task/%d/maps' % pid)])
    for name in ('comm', 'oom_score_adj', 'timerslack_ns', 'mem', 'clear_refs'): print(name, said(lambda: os.open(at + name, os.O_WRONLY)))
    print('fdinfo/0', said(lambda: reading(at + 'fdinfo/0')))
    places = open(at + 'stat').read().rsplit(') ', 1)[1].split()
    print([int(places[number - 3]) > 1 for number in (26, 27, 28, 45, 46, 47, 48, 49, 50, 51)])
def show(there, here):
    pid = target(there); observer(here, lambda: look(pid)); end(pid)
"""

_SCRIPTS = {
    "each thread has its own credentials": _THREADS
    + """
def work():
    print(call('setgroups', 0, None), call('setresgid', 7, 7, 7), call('setresuid', 1000, 1000, 1000))
    print(os.getresuid(), os.getresgid(), status('thread-self'), status('self'))
    print(make('a'), capabilities(0), capabilities(main), call('setresuid', 0, 0, 0), call('kill', os.getpid(), 0))
    in_thread(lambda: print('made by it', os.getresuid(), status('thread-self')[0]))
    if not os.fork(): print('forked', os.getresuid(), status('self')[0]); os._exit(0)
    os.wait()
in_thread(work)
print(os.getresuid(), os.getresgid(), os.getgroups(), status('self'), make('b'))
in_thread(lambda: print('made by the first', os.getresuid(), status('thread-self')))
""",
    "capset and setfsuid change one thread": _THREADS
    + """
def less():
    print(call('capset', header(main), (ctypes.c_uint32 * 6)()))
    print(call('capset', header(0), (ctypes.c_uint32 * 6)()), capabilities(0), capabilities(main))
    print(call('setfsuid', 1000), call('setfsuid', 1000), os.getresuid(), make('c'))
in_thread(less)
print(capabilities(0), call('setfsuid', 1001), make('d'), call('setfsuid', 0), make('e'))
""",
    "setuid changes threads that wait, exec keeps the caller's": _THREADS
    + """
ready, go, tids = threading.Event(), threading.Event(), []
def wait():
    tids.append(call('gettid')); ready.set(); go.wait(); print('after all changed', os.getresuid(), os.getresgid())
thread = threading.Thread(target=wait); thread.start(); ready.wait()
os.setresgid(8, 8, 8); os.setresuid(1000, 1000, 0); print(status('self/task/%d' % tids[0])[:2]); go.set(); thread.join()
def upper(): call('setresuid', 0, 0, 0); os.execv('/bin/sh', ['sh', '-c', 'grep -E "Uid|Gid" /proc/self/status'])
in_thread(upper)
""",
    "of the same user": _LOOK + _FILES + "show(lambda: become(1000, 1), lambda: become(1000))",
    "of the same user, not dumpable": _LOOK + _FILES + "show(lambda: become(1000, 0), lambda: become(1000))",
    "of another user": _LOOK + _FILES + "show(lambda: become(1001, 1), lambda: become(1000))",
    "of another group": _LOOK + _FILES + "show(lambda: become(1000, 1, 7), lambda: become(1000))",
    "of one with more capabilities": _LOOK + _FILES + "show(lambda: None, drop_capabilities)",
    "of itself, not dumpable": _LOOK + _FILES + "observer(lambda: become(1000), lambda: look(os.getpid()))",
    "files opened before an exec are about the memory of then": _LOOK
    + """
def after(pid, tell):
    files = {name: os.open('/proc/%d/%s' % (pid, name), os.O_RDONLY) for name in MEMORY}
    start = int(open('/proc/%d/maps' % pid).read().split('-')[0], 16)
    files['mem to write'] = os.open('/proc/%d/mem' % pid, os.O_RDWR)
    print('before', said(lambda: os.pread(files['mem'], 8, start)))
    tell()
    start = int(open('/proc/%d/maps' % pid).read().split('-')[0], 16)
    print('fresh', said(lambda: os.pread(os.open('/proc/%d/mem' % pid, os.O_RDONLY), 8, start)))
    for name, fd in files.items(): print(name, said(lambda: os.pread(fd, 8, start if 'mem' in name else 0)))
    print(os.pwrite(files['mem to write'], b'x', start))
changing(lambda: os.execv('/bin/sleep', ['sleep', '1000']), after)
""",
    "files opened before a change of rights": _LOOK
    + """
LATER = 'io personality syscall timerslack_ns status stat'.split()
def after(pid, tell):
    directory = os.open('/proc/%d' % pid, os.O_RDONLY)
    files = {name: os.open(name, os.O_RDONLY, dir_fd=directory) for name in MEMORY + LATER}
    os.read(files['io'], 1)
    def look():
        for name, fd in files.items(): print(name, said(lambda: os.pread(fd, 8, 0)))
        for name in MEMORY + LATER: print('again', name, said(lambda: os.open(name, os.O_RDONLY, dir_fd=directory)))
        for name in ('cwd', 'fd/0'): print(name, said(lambda: os.readlink(name, dir_fd=directory)))
    tell(); observer(drop_capabilities, look)
changing(lambda: become(1000, 1), after)
""",
    "of one that has ended": _LOOK
    + """
def after(pid, tell):
    files = {name: os.open('/proc/%d/%s' % (pid, name), os.O_RDONLY) for name in MEMORY}
    os.kill(pid, 9); os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    for name, fd in files.items(): print(name, said(lambda: os.pread(fd, 8, 0)))
    for name in MEMORY: print('zombie', name, said(lambda: reading('/proc/%d/%s' % (pid, name))))
changing(lambda: None, after)
""",
}

_FOR_ALL = {
    "a thread has no threads": """
import os
at = '/proc/self/task/%d' % os.getpid()
print('task' in os.listdir('/proc/self'), 'task' in os.listdir(at), 'children' in os.listdir(at), os.path.exists('/proc/self/children'))
for name in ('task', 'timers', 'mountstats', 'timerslack_ns', 'autogroup', 'coredump_filter'): print(name, os.path.exists(at + '/' + name))
""",
    "a program is called by the last part of the path that ran it": """
import os, subprocess, sys
os.symlink('/bin/cat', 'a name of its own')
with open('script', 'w') as script: script.write('#!/bin/sh\\ncat /proc/$$/comm\\n')
os.chmod('script', 0o755); os.symlink('script', 'called')
run = lambda *argv: print(subprocess.run(argv, capture_output=True, text=True).stdout, end='')
run('./a name of its own', '/proc/self/comm'); run('./script'); run('./called'); run(sys.executable, '-c', "print(open('/proc/self/comm').read())")
child = os.fork()
if not child: os.execve(os.open('/bin/cat', os.O_RDONLY), ['x', '/proc/self/comm'], {})
os.wait()
""",
    "what a thread opened is read by others": """
import os, threading
files = []
def work(): files.extend(os.open('/proc/' + name, os.O_RDONLY) for name in ('self/stat', 'meminfo', 'self/mounts', 'self/maps'))
thread = threading.Thread(target=work); thread.start(); thread.join()
print([len(os.pread(fd, 100, 0)) > 20 for fd in files])
""",
}

PROGRAMS: list[Program] = [
    *(replace(_python(f"rights: {name}", text), as_root=True) for name, text in _SCRIPTS.items()),
    *(_python(name, text) for name, text in _FOR_ALL.items()),
]
