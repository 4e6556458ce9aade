"""Taking without end, each kind of object that a guest can have kept for it: the sandbox or the program meets a bound."""

from textwrap import indent

from escape.attempt import Attempt

BOUNDED = ("--memory", "96m", "--pids", "40")
ENOUGH = 5_000
"""Of what costs next to nothing this many are let be."""


def hoard(name: str, take: str, setup: str = "") -> Attempt:
    """Taking the `n`th of a thing, over and over, until that is refused, a limit ends it, or it is enough."""
    program = f"""
kept = []
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
def must(result):
    if isinstance(result, str): raise OSError(result)
    return result
{setup}
try:
    for n in range({ENOUGH}):
{indent(take.strip(), " " * 8)}
except (OSError, MemoryError, RuntimeError): pass
"""
    return Attempt(name, program, BOUNDED, may_be_killed=True)


NAMES = [
    hoard("empty_files_are_bounded", "os.close(os.open(f'/tmp/{n}', os.O_CREAT | os.O_WRONLY))"),
    hoard("hard_links_are_bounded", "os.link('/tmp/x', f'/tmp/{\"l\" * 200}{n}')", "open('/tmp/x', 'w').close()"),
    hoard(
        "attributes_are_bounded",
        "open(f'/tmp/{n}', 'w').close()\nos.setxattr(f'/tmp/{n}', 'user.x', bytes(60000))",
    ),
    hoard(
        "record_locks_are_bounded",
        "fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 2 * n)",
        "import fcntl\nfile = open('/tmp/x', 'w')",
    ),
    hoard(
        "watches_are_bounded",
        "os.mkdir(f'/tmp/{n}')\nmust(call(254, queue, f'/tmp/{n}'.encode(), 0xfff))",
        "queue = call(294, 0)",
    ),
    hoard("a_deep_tree_is_bounded", "os.mkdir('d')\nos.chdir('d')", "os.chdir('/tmp')"),
]

BUFFERS = [
    hoard("pipes_are_bounded", "kept.append(os.pipe())\nos.write(kept[-1][1], bytes(65536))"),
    hoard(
        "socket_buffers_are_bounded",
        "kept.append(socket.socketpair())\nkept[-1][0].setblocking(False)\nkept[-1][0].send(bytes(200000))",
    ),
    hoard(
        "datagrams_are_bounded",
        """
if n % 50 == 0:
    kept.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    kept[-1].bind(("127.0.0.1", 0))
kept[-1].sendto(bytes(4000), kept[-1].getsockname())
""",
    ),
    hoard(
        "descriptors_in_flight_are_bounded",
        """
if n % 50 == 0:
    kept.append(socket.socketpair())
    kept[-1][0].setblocking(False)
socket.send_fds(kept[-1][0], [b"x"], [0] * 200)
""",
    ),
    hoard(
        "message_queues_are_bounded",
        """
queue = must(call(68, 0, 0o1600))
while not isinstance(call(69, queue, struct.pack("q", 1) + bytes(8000), 8000, 0o4000), str): pass
""",
    ),
    hoard("memory_files_are_bounded", "kept.append(os.memfd_create('x'))\nos.write(kept[-1], b'x' * (1 << 20))"),
    hoard("mappings_are_bounded", "kept.append(mmap.mmap(-1, 1 << 20))\nkept[-1].write(b'x' * (1 << 20))"),
]

HANDLES = [
    hoard("semaphores_are_bounded", "must(call(64, 0, 32000, 0o1600))"),
    hoard("shared_segments_are_bounded", "must(call(29, 0, 300 << 10, 0o1600))"),
    hoard("timers_are_bounded", "must(call(222, 1, 0, ctypes.create_string_buffer(8)))"),
    hoard("terminals_are_bounded", "kept.append(os.openpty())"),
    hoard("descriptors_are_bounded", "kept.append(os.open('/dev/null', 0))"),
    hoard(
        "event_polls_are_bounded",
        "kept.append(select.epoll())\nif n: kept[-1].register(kept[-2])",
        "import select",
    ),
    hoard("processes_are_bounded", "if os.fork() == 0: signal.pause()"),
    hoard(
        "threads_are_bounded",
        "kept.append(threading.Thread(target=signal.pause, daemon=True))\nkept[-1].start()",
        "import threading\nthreading.stack_size(65536)",
    ),
]

LEFT = [
    Attempt(
        "descriptors_that_nobody_can_receive_are_let_go",
        """
def leave_a_ring():
    left, right = socket.socketpair()
    socket.send_fds(left, [b"x"], [left.fileno(), right.fileno()])
    socket.send_fds(right, [b"x"], [left.fileno(), right.fileno()])
def sockets():
    return len(open("/proc/net/unix").readlines())
before = sockets()
for _ in range(20): in_child(leave_a_ring)
end = time.monotonic() + 30
while sockets() > before and time.monotonic() < end: time.sleep(0.05)
if sockets() > before: gained.append(f"{sockets() - before} sockets")
""",
    ),
]

ABSURD = [
    Attempt(
        "absurd_sizes_are_refused",
        """
fd = os.open("/tmp/s", os.O_RDWR | os.O_CREAT)
try: os.ftruncate(fd, (1 << 63) - 1)
except OSError: pass
refused("poll", call(7, 8, 1 << 40, 0))
refused("readv", call(19, fd, 8, 1 << 20))
refused("getrandom", call(318, 8, 1 << 62, 0), "EFAULT")
refused("epoll_wait", call(232, call(291, 0), 8, 1 << 30, 0), "EINVAL", "EFAULT")
refused("select", call(23, -1, 0, 0, 0, 0), "EINVAL")
refused("setgroups", call(116, 1 << 30, 8))
refused("fallocate", call(285, fd, 0, 0, (1 << 63) - 1), "ENOSPC", "EFBIG", "EOPNOTSUPP")
refused("mq_open", call(240, b"x", 0o102, 0o600, struct.pack("qqqq", 0, 1 << 40, 1 << 40, 0)))
""",
    ),
]

ATTEMPTS = [*NAMES, *BUFFERS, *HANDLES, *LEFT, *ABSURD]
