"""Pseudo-terminals: how much they take, flushing, packet mode, giving the terminal up."""

from harness.programs import Program, script

_python = script("/usr/bin/python3", "-c")

_PAIR = """
import fcntl, os, pty, select, signal, struct, termios, threading, time, tty
def pair():
    m, s = pty.openpty(); tty.setraw(s); os.set_blocking(m, False); os.set_blocking(s, False)
    return m, s
def fill(fd):
    n = 0
    while True:
        try: n += os.write(fd, b'x' * 10)
        except BlockingIOError: return n
def arrives(fd, count):
    while struct.unpack('i', fcntl.ioctl(fd, termios.FIONREAD, b'    '))[0] < count: os.sched_yield()
def drain(fd):
    n = 0
    while select.select([fd], [], [], 0.05)[0]: n += len(os.read(fd, 100000))
    return n
"""

_SCRIPTS = {
    "a full master blocks and others go on": """
m, s = pair()
filled = fill(m)
print(16000 < filled < 24000)
os.set_blocking(m, True); os.set_blocking(s, True)
done, more = [], 100000
def write():
    # Much, as one byte could still find room: Linux moves into the other end's queue a little later.
    left = more
    while left: left -= os.write(m, b'w' * left)
    done.append(more)
writer = threading.Thread(target=write)
writer.start()
# Others are served while it waits.
print([os.system('true') for _ in range(3)], done)
while filled + more > 0: filled -= len(os.read(s, 100000))
writer.join(); print(done)
""",
    "a full terminal blocks and is woken by its reader": """
m, s = pair()
print(16000 < fill(s) < 24000)
os.set_blocking(s, True)
writer = threading.Thread(target=os.write, args=(s, b'w'))
writer.start()
print(drain(m) > 16000)
writer.join()
""",
    "flushing input wakes who waits to write": """
for flush_master in (True, False):
    m, s = pair()
    writer, flusher = (s, m) if flush_master else (m, s)
    fill(writer)
    os.set_blocking(writer, True)
    thread = threading.Thread(target=os.write, args=(writer, b'w'))
    thread.start()
    termios.tcflush(flusher, termios.TCIFLUSH)
    thread.join(); print('woken')
""",
    "flushing output keeps what has arrived": """
for end in (0, 1):
    for queue in (termios.TCIFLUSH, termios.TCOFLUSH, termios.TCIOFLUSH):
        ends = pair()
        fill(ends[0]), fill(ends[1])
        arrives(ends[1], 4095), arrives(ends[0], 4095)
        termios.tcflush(ends[end], queue)
        print(end, queue, [min(drain(fd), 5000) for fd in ends])
""",
    "packet mode tells what the terminal flushed": """
m, s = pair()
fcntl.ioctl(m, termios.TIOCPKT, struct.pack('i', 1))
for end in (s, m):
    for queue in (termios.TCIFLUSH, termios.TCOFLUSH, termios.TCIOFLUSH):
        termios.tcflush(end, queue)
        try: print(os.read(m, 10))
        except BlockingIOError: print('nothing')
""",
    "no part of a character is erased": r"""
IUTF8 = 0o40000
for utf8 in (IUTF8, 0):
    m, s = pty.openpty()
    mode = termios.tcgetattr(s); mode[0] = mode[0] & ~IUTF8 | utf8; mode[3] &= ~termios.ECHO
    termios.tcsetattr(s, termios.TCSANOW, mode)
    for typed in (b'a\xc3\xa9\x7fb\n', b'\xa9\xa9\x7fb\n', b'x\xa9\x7f\x7fb\n', b'\xa9\x15c\n'):
        os.write(m, typed); print(os.read(s, 100))
""",
    "giving the terminal up hangs up the foreground group": """
if not os.fork():
    os.setsid()
    m, s = pty.openpty()
    print(fcntl.ioctl(m, termios.TIOCSCTTY, 0), os.tcgetpgrp(s) == os.getpid())
    wanted = {signal.SIGHUP, signal.SIGCONT}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    child = os.fork()
    if not child:
        print(sorted(signal.sigwait(wanted) for _ in wanted), flush=True)
        os._exit(0)
    for one in (m, s):
        try: print(fcntl.ioctl(one, termios.TIOCNOTTY), flush=True)
        except OSError as error: print(error, flush=True)
    os.waitpid(child, 0)
    print(sorted(signal.sigwait(wanted) for _ in wanted), flush=True)
    os._exit(0)
os.wait()
""",
}


PROGRAMS: list[Program] = [_python(name, _PAIR + text) for name, text in _SCRIPTS.items()]
