"""Calls about files: every call on every kind of path, and what descriptors, locks and permissions do."""

from harness.programs import Program, script

_python = script("/usr/bin/python3", "-c")

# What each script begins with: `show` prints a call's result or the name of its error.
_PRELUDE = """
import ctypes, errno, fcntl, mmap, os, resource, shutil, signal, stat, struct, tempfile
base = tempfile.mkdtemp(); os.chdir(base); os.umask(0o022)
libc = ctypes.CDLL(None, use_errno=True)
def syscall(number, *args):
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    if result < 0: raise OSError(ctypes.get_errno(), '')
    return result
def show(name, call, *args):
    try: result = call(*args)
    except OSError as error: result = errno.errorcode.get(error.errno, error.errno)
    except ValueError as error: result = str(error)
    print(name, '->', result, flush=True)
def write(path, data=b'hello'):
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o666); os.write(fd, data); os.close(fd)
def closed(fd): os.close(fd); return 'opened'
"""

# A file, directories, a FIFO, and links that lead to something, nowhere and to themselves.
_TREE = """
def tree():
    os.chdir(base)
    for name in os.listdir('.'):
        shutil.rmtree(name) if os.path.isdir(name) and not os.path.islink(name) else os.unlink(name)
    write('file'); os.mkdir('dir'); os.mkdir('dir/sub'); os.mkdir('empty'); os.mkfifo('fifo')
    for name, target in [('link', 'file'), ('dirlink', 'dir'), ('dangling', 'nothing'), ('loop', 'loop')]:
        os.symlink(target, name)
def status(name):
    s = os.lstat(name)
    return name, oct(s.st_mode), None if stat.S_ISDIR(s.st_mode) else (s.st_nlink, s.st_size)
paths = ['file', 'dir', 'link', 'dirlink', 'dangling', 'loop', 'fifo', 'file/', 'dir/', 'dirlink/', 'link/', 'dangling/',
         'new/', 'nothing/x', 'file/x', '', '.', 'dir/.', 'dir/..', 'file/..', 'n' * 256]
"""

_SCRIPTS = {
    "open on every kind of path": _TREE
    + """
flags = {name: getattr(os, name) for name in ('O_WRONLY', 'O_DIRECTORY', 'O_NOFOLLOW', 'O_PATH', 'O_CREAT', 'O_TRUNC')}
flags |= {'O_RDONLY': 0, 'O_CREAT|O_EXCL': os.O_CREAT | os.O_EXCL, 'O_CREAT|O_RDWR': os.O_CREAT | os.O_RDWR,
          'O_PATH|O_NOFOLLOW': os.O_PATH | os.O_NOFOLLOW, 'O_DIRECTORY|O_RDWR': os.O_DIRECTORY | os.O_RDWR}
for path in paths:
    for name, bits in flags.items():
        tree()
        show(f'open {path[:10]!r} {name}', lambda: closed(os.open(path, bits | os.O_NONBLOCK, 0o600)))
""",
    "every call on every kind of path": _TREE
    + """
calls = {
    'mkdir': os.mkdir, 'rmdir': os.rmdir, 'unlink': os.unlink, 'readlink': os.readlink, 'mkfifo': os.mkfifo, 'mknod': os.mknod,
    'chdir': os.chdir, 'truncate': lambda p: os.truncate(p, 3), 'chmod': lambda p: os.chmod(p, 0o700),
    'utime': lambda p: os.utime(p, (1, 2)), 'stat': lambda p: oct(os.stat(p).st_mode), 'access': lambda p: os.access(p, os.W_OK),
    'symlink': lambda p: os.symlink('target', p), 'link to': lambda p: os.link('file', p),
    'link from': lambda p: os.link(p, 'fresh', follow_symlinks=False), 'rename to': lambda p: os.rename('file', p),
    'rename a directory to': lambda p: os.rename('empty', p), 'rename from': lambda p: os.rename(p, 'fresh'),
}
for name, call in calls.items():
    for path in paths:
        tree()
        show(f'{name} {path[:10]!r}', call, path)
        os.chdir(base)
        print('   ', [status(entry) for entry in sorted(os.listdir('.'))])
""",
    "positions, vectors and holes": """
fd = os.open('file', os.O_CREAT | os.O_RDWR, 0o644)
show('write', os.write, fd, b'0123456789')
for offset, whence in [(0, 1), (-1, 0), (0, 2), (100, 0), (-200, 1), (3, os.SEEK_DATA), (3, os.SEEK_HOLE), (10, os.SEEK_DATA), (0, 9)]:
    show(f'lseek {offset} {whence}', os.lseek, fd, offset, whence)
show('pwrite beyond the end', os.pwrite, fd, b'ab', 20)
show('pread', os.pread, fd, 100, 8)
show('pread at -1', os.pread, fd, 4, -1)
show('writev', os.writev, fd, [b'xx', b'yyy'])
show('readv', lambda: (os.lseek(fd, 0, 0), os.readv(fd, [bytearray(3), bytearray(4)])))
for length in (0, 3, 30, -1):
    show(f'ftruncate {length}', os.ftruncate, fd, length)
    show('size', lambda: os.fstat(fd).st_size)
os.pwrite(fd, b'z' * 20000, 0)
show('punch a hole', lambda: syscall(285, fd, 3, 4096, 4096))
show('around the hole', lambda: os.pread(fd, 3, 4095) + os.pread(fd, 2, 8191))
show('grow without size', lambda: (syscall(285, fd, 1, 30000, 10), os.fstat(fd).st_size))
appending = os.open('file', os.O_WRONLY | os.O_APPEND | os.O_TRUNC)
show('pwrite appends', lambda: (os.write(appending, b'one'), os.pwrite(appending, b'two', 0), open('file').read()))
reader, writer = os.pipe()
for name, call in [('lseek', lambda: os.lseek(reader, 0, 0)), ('pread', lambda: os.pread(reader, 1, 0)),
                   ('ftruncate', lambda: os.ftruncate(writer, 0)), ('fsync', lambda: os.fsync(reader)),
                   ('read of the wrong end', lambda: os.read(writer, 1)), ('write to the wrong end', lambda: os.write(reader, b'x'))]:
    show(f'pipe {name}', call)
write('source', b'Q' * 300000 + b'END')
source, target = os.open('source', os.O_RDONLY), os.open('target', os.O_CREAT | os.O_RDWR)
show('sendfile', os.sendfile, target, source, 0, 400000)
show('copy_file_range', os.copy_file_range, source, target, 5, 0, 300000)
show('copy_file_range onto itself', os.copy_file_range, source, source, 5, 0, 1)
show('splice', lambda: (os.splice(source, writer, 10, offset_src=299995), os.read(reader, 100)))
show('splice without a pipe', os.splice, source, target, 10)
""",
    "descriptors": """
fd = os.open('.', os.O_RDONLY)
for name, call in [('F_GETFL', lambda: oct(fcntl.fcntl(fd, fcntl.F_GETFL))), ('F_GETFD', lambda: fcntl.fcntl(fd, fcntl.F_GETFD)),
                   ('F_DUPFD', lambda: fcntl.fcntl(fd, fcntl.F_DUPFD, 200)),
                   ('F_DUPFD_CLOEXEC', lambda: (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 200), fcntl.fcntl(201, fcntl.F_GETFD))),
                   ('F_DUPFD -1', lambda: fcntl.fcntl(fd, fcntl.F_DUPFD, -1)), ('no such command', lambda: fcntl.fcntl(fd, 9999)),
                   ('dup2 of nothing', lambda: os.dup2(999, 5)), ('dup3 onto itself', lambda: syscall(292, fd, fd, 0)),
                   ('close twice', lambda: (os.close(200), os.close(200))), ('O_PATH', lambda: os.read(os.open('.', os.O_PATH), 1))]:
    show(name, call)
memory = os.memfd_create('name', os.MFD_ALLOW_SEALING)
show('memfd', lambda: (os.readlink(f'/proc/self/fd/{memory}'), os.write(memory, b'data'), os.fstat(memory).st_nlink))
view = mmap.mmap(memory, 4); view[0:1] = b'D'
show('a mapping is the file', os.pread, memory, 4, 0)
show('sealed while mapped', fcntl.fcntl, memory, 1033, 8)
view.close()
show('sealed', fcntl.fcntl, memory, 1033, 8)
show('write when sealed', os.pwrite, memory, b'x', 0)
show('map when sealed', lambda: mmap.mmap(memory, 4))
signal.signal(signal.SIGXFSZ, lambda *_: print('SIGXFSZ'))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
limited = os.open('limited', os.O_CREAT | os.O_WRONLY)
for _ in range(2): show('write to the limit', os.write, limited, b'x' * 1500)
os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')
show('getcwd of a removed directory', os.getcwd)
show('a file in it', lambda: os.open('x', os.O_CREAT))
show('its link', lambda: os.readlink('/proc/self/cwd').replace(base, ''))
""",
    "locks": """
write('file')
one, two = os.open('file', os.O_RDWR), os.open('file', os.O_RDWR)
for name, fd, how in [('exclusive', one, fcntl.LOCK_EX), ('a second', two, fcntl.LOCK_EX), ('a shared one', two, fcntl.LOCK_SH),
                      ('weaker', one, fcntl.LOCK_SH), ('now shared', two, fcntl.LOCK_SH), ('stronger', one, fcntl.LOCK_EX)]:
    show(f'flock {name}', fcntl.flock, fd, how | fcntl.LOCK_NB)
record = struct.Struct('hhqqi4x')
def locked(command, kind, start, length):
    kind, whence, start, length, pid = record.unpack(fcntl.fcntl(two, command, record.pack(kind, 0, start, length, 0)))
    return kind, start, length, min(pid, 1)
show('lock 5-15', fcntl.lockf, one, fcntl.LOCK_EX, 10, 5)
show('unlock 8-9', fcntl.lockf, one, fcntl.LOCK_UN, 1, 8)
show('own locks do not conflict', locked, 5, 1, 0, 0)
show('a description sees them', locked, 36, 1, 0, 0)
show('between them', locked, 36, 1, 8, 1)
show('behind the hole', locked, 36, 1, 9, 100)
show('it may not lock there', locked, 37, 1, 0, 6)
if not os.fork():
    show('a child does not inherit them', locked, 5, 1, 0, 0)
    os._exit(0)
os.wait()
os.close(os.open('file', os.O_RDONLY))
show('a close of the file takes them', locked, 36, 1, 0, 0)
""",
    "a FIFO hangs up on readers": """
import select
def polled(fd):
    with select.epoll() as it:
        it.register(fd, select.EPOLLIN)
        return [events for _, events in it.poll(0)]
os.mkfifo('fifo')
early = os.open('fifo', os.O_RDONLY | os.O_NONBLOCK)
print('before any writer', polled(early))
writer = os.open('fifo', os.O_WRONLY)
late = os.open('fifo', os.O_RDONLY | os.O_NONBLOCK)
print('while one is there', polled(early), polled(late))
os.write(writer, b'x'); os.close(writer)
print('it wrote and went', polled(early), polled(late), os.read(late, 9))
print('it was there before, or came later', polled(late), polled(early))
""",
}

PROGRAMS: list[Program] = [
    _python(name, _PRELUDE + text + "\nos.chdir('/'); shutil.rmtree(base)") for name, text in _SCRIPTS.items()
]
