"""Sockets in detail: who sends, options with their bounds, requests of ioctl(2); unix(7), ip(7), netdevice(7)."""

from dataclasses import replace

from harness.programs import Program, script

_python = script("/usr/bin/python3", "-uc")

_SCRIPTS = {
    "who sends is told to those who asked before": """
import os, socket, struct
ASK = (socket.SOL_SOCKET, socket.SO_PASSCRED)
def got(end, most=100):
    data, controls, _, _ = end.recvmsg(most, 100)
    told = [struct.unpack('3i', body) for _, kind, body in controls if kind == socket.SCM_CREDENTIALS]
    return data, [(pid and pid == os.getpid(), *ids) for pid, *ids in told]
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    a, b = socket.socketpair(socket.AF_UNIX, kind)
    a.send(b'early'); b.setsockopt(*ASK, 1); a.send(b'asked'); print(got(b), got(b))
    b.setsockopt(*ASK, 0); a.setsockopt(*ASK, 1); a.send(b'told'); b.setsockopt(*ASK, 1); a.setsockopt(*ASK, 0); print(got(b))
    a.sendmsg([b'claimed'], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack('3i', os.getpid(), 0, 0))]); print(got(b))
l = socket.socket(socket.AF_UNIX); l.bind('s'); l.listen(); c = socket.socket(socket.AF_UNIX); c.connect('s')
c.send(b'before accept'); d, _ = l.accept(); c.send(b'after'); d.setsockopt(*ASK, 1); c.send(b'asked'); print(got(d), got(d), got(d))
l.setsockopt(*ASK, 1); c = socket.socket(socket.AF_UNIX); c.connect('s'); d, _ = l.accept(); c.send(b'inherited'); print(got(d), d.getsockopt(*ASK))
""",
    "options of IP have their bounds": """
import errno, socket
def said(call):
    try: return call()
    except OSError as error: return errno.errorcode[error.errno]
IP, IPV6 = socket.IPPROTO_IP, socket.IPPROTO_IPV6
for family, kind, options in (
    (socket.AF_INET, socket.SOCK_DGRAM, [(IP, socket.IP_TTL), (IP, socket.IP_TOS), (IP, socket.IP_MULTICAST_TTL), (IP, socket.IP_MULTICAST_LOOP)]),
    (socket.AF_INET, socket.SOCK_STREAM, [(IP, socket.IP_TTL)]),
    (socket.AF_INET6, socket.SOCK_DGRAM, [(IPV6, socket.IPV6_UNICAST_HOPS), (IPV6, socket.IPV6_MULTICAST_HOPS), (IPV6, socket.IPV6_TCLASS), (IPV6, socket.IPV6_MULTICAST_LOOP)]),
):
    for option in options:
        s = socket.socket(family, kind); out = [s.getsockopt(*option)]
        for value in (-2, -1, 0, 1, 7, 255, 256): out.append((value, said(lambda: s.setsockopt(*option, value)), s.getsockopt(*option)))
        for value in (b'', bytes([9]), bytes([8, 0]), bytes([5, 0, 0]), bytes([6, 0, 0, 0, 1])): out.append((value, said(lambda: s.setsockopt(*option, value)), s.getsockopt(*option)))
        print(option, out)
""",
    "requests of ioctl about interfaces": """
import errno, fcntl, socket
# What needs more than an interface, and devices that no sandbox has: bridges, DLCI, tunnels.
LEFT_OUT = {0x8901, 0x8902, 0x890d, 0x8907, 0x8918, 0x8929, 0x8934, 0x8935, 0x8946, 0x8954, 0x8982, 0x8983, 0x89e0}
for family, kind in ((socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_INET6, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_STREAM)):
    s = socket.socket(family, kind); said = {}
    for request in sorted(set(range(0x8900, 0x8a00)) - LEFT_OUT):
        asked = bytearray(b'lo'.ljust(16, b'\\0') + bytes(240))
        try: fcntl.ioctl(s, request, asked); answer = 'ok'
        except OSError as error: answer = errno.errorcode[error.errno]
        said.setdefault(answer, []).append(hex(request))
    print(family, kind, {answer: said.get(answer) for answer in ('ok', 'EPERM', 'ENOTSUP', 'ENOTTY', 'ENOENT')})
""",
    "the size of a buffer is forced by the administrator alone": """
import errno, socket
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
s = socket.socket()
for name in (SO_SNDBUFFORCE, SO_RCVBUFFORCE):
    try: print(s.setsockopt(socket.SOL_SOCKET, name, 4096))
    except OSError as error: print(errno.errorcode[error.errno])
""",
    "who owns a socket or a pipe is somebody": """
import errno, fcntl, os, socket, struct
def said(call):
    try: return call()
    except OSError as error: return errno.errorcode[error.errno]
FIOSETOWN, SIOCSPGRP, FIOGETOWN, SIOCGPGRP = 0x8901, 0x8902, 0x8903, 0x8904
s = socket.socket(); r, w = os.pipe()
for who in (os.getpid(), -os.getpgrp(), 0, 1 << 22, -(1 << 22), -(1 << 31)):
    for request in (FIOSETOWN, SIOCSPGRP):
        print(who == os.getpid(), said(lambda: fcntl.ioctl(s, request, struct.pack('i', who)) and None))
    print([struct.unpack('i', fcntl.ioctl(s, request, bytes(4)))[0] == who for request in (FIOGETOWN, SIOCGPGRP)])
    print(said(lambda: fcntl.fcntl(r, fcntl.F_SETOWN, who)), who < 0 or fcntl.fcntl(r, fcntl.F_GETOWN) == who)
print(said(lambda: fcntl.ioctl(r, FIOSETOWN, struct.pack('i', 0))))
""",
    "groups are joined, reached and left": """
import errno, socket, struct
def said(call):
    try: return call()
    except OSError as error: return errno.errorcode[error.errno]
GROUP, IP = '239.7.7.7', socket.IPPROTO_IP
def mreq(group, interface='127.0.0.1'): return socket.inet_aton(group) + socket.inet_aton(interface)
def receiver(address, port=0):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind((address, port)); s.settimeout(5)
    return s
def left(s):
    s.setblocking(False); return said(lambda: s.recv(100))
one = receiver(''); port = one.getsockname()[1]; other = receiver(GROUP, port); away = receiver('127.0.0.1', port); s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(s.getsockopt(IP, socket.IP_MULTICAST_IF), said(lambda: s.setsockopt(IP, socket.IP_MULTICAST_IF, socket.inet_aton('10.99.99.99'))))
s.setsockopt(IP, socket.IP_MULTICAST_IF, socket.inet_aton('127.0.0.1')); print(s.getsockopt(IP, socket.IP_MULTICAST_IF, 4))
s.sendto(b'to nobody', (GROUP, port)); print([left(r) for r in (one, other, away)]); one.settimeout(5); other.settimeout(5)
print(said(lambda: other.setsockopt(IP, socket.IP_ADD_MEMBERSHIP, mreq(GROUP))), said(lambda: other.setsockopt(IP, socket.IP_ADD_MEMBERSHIP, mreq(GROUP))))
s.sendto(b'to both', (GROUP, port)); print(one.recvfrom(100)[0], other.recvfrom(100)[1][0], left(away)); one.settimeout(5); other.settimeout(5)
one.setsockopt(IP, 49, 0); s.sendto(b'to members', (GROUP, port)); print(other.recv(100), left(one))
s.setsockopt(IP, socket.IP_MULTICAST_LOOP, 0); s.sendto(b'not looped', (GROUP, port)); print(left(other)); s.setsockopt(IP, socket.IP_MULTICAST_LOOP, 1)
for value in (mreq('10.0.0.1'), mreq(GROUP, '10.99.99.99'), b'short'): print(said(lambda: one.setsockopt(IP, socket.IP_ADD_MEMBERSHIP, value)))
print(said(lambda: other.setsockopt(IP, socket.IP_DROP_MEMBERSHIP, mreq(GROUP))), said(lambda: other.setsockopt(IP, socket.IP_DROP_MEMBERSHIP, mreq(GROUP))))
request = struct.pack('=I4xHH4s', 1, socket.AF_INET, 0, socket.inet_aton(GROUP)) + bytes(120)
print(said(lambda: one.setsockopt(IP, 42, request)), said(lambda: one.setsockopt(IP, 42, request)), said(lambda: one.setsockopt(IP, 45, request)))
v6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); value = socket.inet_pton(socket.AF_INET6, 'ff02::fb') + struct.pack('I', 1)
print(*(said(lambda: v6.setsockopt(socket.IPPROTO_IPV6, name, value)) for name in (socket.IPV6_JOIN_GROUP, socket.IPV6_JOIN_GROUP, socket.IPV6_LEAVE_GROUP, socket.IPV6_LEAVE_GROUP)))
print(said(lambda: socket.socket().setsockopt(IP, socket.IP_ADD_MEMBERSHIP, mreq(GROUP))), said(lambda: socket.socket(socket.AF_UNIX).setsockopt(IP, socket.IP_ADD_MEMBERSHIP, mreq(GROUP))))
""",
    "msync tells what is mapped": """
import ctypes, errno, mmap
libc = ctypes.CDLL(None, use_errno=True); libc.mmap.restype = ctypes.c_void_p
at = libc.mmap(None, ctypes.c_size_t(5 * 4096), 3, 0x22, -1, ctypes.c_size_t(0))
libc.munmap(ctypes.c_void_p(at + 2 * 4096), ctypes.c_size_t(4096))
ASYNC, INVALIDATE, SYNC = 1, 2, 4
def msync(offset, length, flags):
    done = libc.msync(ctypes.c_void_p(at + offset), ctypes.c_size_t(length), flags)
    return 'ok' if done == 0 else errno.errorcode[ctypes.get_errno()]
for flags in (0, ASYNC, SYNC, INVALIDATE, SYNC | INVALIDATE, ASYNC | SYNC, 8): print(flags, msync(0, 4096, flags))
for offset, length in ((0, 0), (0, 8192), (0, 8193), (4096, 8192), (8192, 1), (8192, 0), (1, 1), (12288, 8192), (0, (1 << 64) - 1)): print(offset, length, msync(offset, length, SYNC))
f = open('f', 'w+b'); f.truncate(8192); m = mmap.mmap(f.fileno(), 8192); m[0:3] = b'abc'; m.flush(); print(f.read(3))
""",
}

# What natively needs a right that root has and a sandbox's root has not is asked by an ordinary user.
_AS_USER = "import os\nos.setgroups([]); os.setresgid(1000, 1000, 1000); os.setresuid(1000, 1000, 1000)\n"
_PRIVILEGED = ("requests of ioctl about interfaces", "the size of a buffer is forced by the administrator alone")

PROGRAMS: list[Program] = [
    replace(_python(name, _AS_USER + text), as_root=True) if name in _PRIVILEGED else _python(name, text)
    for name, text in _SCRIPTS.items()
]
