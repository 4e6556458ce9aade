"""Doors of the host's kernel: other entries, calls that a guest has no business with, and native calls bent."""

from escape.attempt import Attempt

ENTRIES = [
    Attempt("the_32_bit_entry_makes_no_call", 'r = run("b814000000cd80c3")\nif r != -38: gained.append(r)'),
    Attempt("the_32_bit_entry_opens_no_file", 'r = run("b80500000031c931d231dbcd80c3")\nif r != -38: gained.append(r)'),
    Attempt("x32_makes_no_call", "refused('getpid', call(0x40000027), 'ENOSYS', 'EPERM')"),
    Attempt("x32_opens_no_file", "refused('open', call(0x40000002, b'/etc/passwd', 0), 'ENOSYS', 'EPERM')"),
    Attempt("x32_has_no_rings", "refused('io_uring_setup', call(0x400001a9, 1, bytes(120)), 'ENOSYS', 'EPERM')"),
    Attempt(
        "sysenter_ends_the_program_that_tries_it",
        "r = in_child(lambda: (run('b8140000000f34c3'), os._exit(7)))\nif r == 7: gained.append('returned')",
    ),
    Attempt(
        "the_vsyscall_page_tells_the_time_at_most",
        """
def vsyscall(entry, *arguments):
    f = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)(0xffffffffff600000 + entry)
    return f(*arguments)
if (r := in_child(lambda: os._exit(7 if vsyscall(0, 8, 0) == 0 else 0))) == 7: gained.append("wrote to address 8")
""",
    ),
    Attempt(
        "uprobe_calls_gain_nothing",
        "for n in (335, 336):\n    in_child(lambda: refused(n, call(n, 0, 0, 0), 'ENOSYS', 'ENXIO', 'EPERM'))",
    ),
]

# Calls by number, with arguments that would do something where the call is there.
FORBIDDEN = {
    "io_uring": "refused('setup', call(425, 8, bytes(120)))\nrefused('enter', call(426, 3, 1, 0, 0, 0, 0))\n"
    "refused('register', call(427, 3, 0, 0, 0))",
    "bpf": "for c in range(40): refused(c, call(321, c, bytes(128), 128))",
    "perf_event_open": "refused('perf', call(298, struct.pack('IIQ', 1, 112, 0) + bytes(112), 0, -1, -1, 0))",
    "userfaultfd": "for f in (0, 1, 0x80000): refused(f, call(323, f))",
    "keys": "refused('add', call(248, b'user', b'x', b'y', 1, -3))\nrefused('request', call(249, b'user', b'x', 0, -3))\n"
    "for o in range(32): refused(o, call(250, o, -3, 0, 0, 0), 'ENOSYS', 'EPERM')",
    "landlock": "refused('create', call(444, struct.pack('QQ', 1, 0), 16, 0))",
    "the_mount_interface": """
refused('mount', call(165, b'none', b'/tmp', b'tmpfs', 0, 0))
refused('proc', call(165, b'proc', b'/tmp', b'proc', 0, 0))
refused('umount2', call(166, b'/proc', 2))
refused('pivot_root', call(155, b'/tmp', b'/tmp'))
refused('open_tree', call(428, -100, b'/', 1))
refused('move_mount', call(429, -1, b'', -100, b'/tmp', 4))
refused('fsopen', call(430, b'tmpfs', 0))
refused('fsconfig', call(431, 0, 6, 0, 0, 0))
refused('fsmount', call(432, 0, 0, 0))
refused('fspick', call(433, -100, b'/', 0))
refused('mount_setattr', call(442, -100, b'/', 0, bytes(32), 32))
refused('statmount', call(457, bytes(24), bytes(512), 512, 0))
refused('listmount', call(458, bytes(24), bytes(512), 8, 0))
""",
    "modules": "refused('init', call(175, b'x', 1, b''))\nrefused('finit', call(313, 0, b'', 0))\n"
    "refused('delete', call(176, b'x', 0))",
    "kexec_and_reboot": "refused('load', call(246, 0, 0, 0, 0))\nrefused('file', call(320, 0, 0, 0, 0, 0))\n"
    "refused('reboot', call(169, 0xfee1dead, 672274793, 0x1234567, 0))",
    "swap_and_accounting": "refused('swapon', call(167, b'/tmp/x', 0))\nrefused('swapoff', call(168, b'/tmp/x'))\n"
    "refused('acct', call(163, b'/tmp/x'))\nrefused('quotactl', call(179, 0, 0, 0, 0))",
    "ports_of_the_machine": "refused('iopl', call(172, 3))\nrefused('ioperm', call(173, 0x80, 1, 1))\n"
    "refused('modify_ldt', call(154, 1, bytes(16), 16))",
    "memory_of_others": "me = os.getppid() or 1\nrefused('vm_writev', call(311, me, 0, 0, 0, 0, 1))\n"
    "refused('process_madvise', call(440, 0, 0, 0, 4, 0))\nrefused('kcmp', call(312, 1, 2, 0, 0, 0))\n"
    "refused('pidfd_getfd', call(438, 0, 0, 0))",
    "handles": "refused('name', call(303, -100, b'/', struct.pack('Ii', 128, 0) + bytes(128), bytes(4), 0))\n"
    "refused('open', call(304, -100, struct.pack('Ii', 8, 1) + bytes(8), 0))",
    "fanotify": "refused('init', call(300, 0, 0))\nrefused('mark', call(301, 0, 1, 1, -100, b'/'))",
    "secret_and_sealed_memory": "refused('memfd_secret', call(447, 0))\nrefused('mseal', call(462, 0x1000, 0x1000, 0))\n"
    "refused('map_shadow_stack', call(453, 0, 0x1000, 0))",
    "futexes_of_the_second_kind": "refused('waitv', call(449, 0, 0, 0, 0, 0))\nrefused('wake', call(454, 0, 0, 0, 0))\n"
    "refused('wait', call(455, 0, 0, 0, 0, 0, 0))\nrefused('requeue', call(456, 0, 0, 0, 0))",
    "clocks_of_the_machine": "refused('settime', call(227, 0, struct.pack('qq', 0, 0)))\n"
    "refused('settimeofday', call(164, struct.pack('qq', 0, 0), 0))\n"
    "refused('adjtimex', call(159, struct.pack('I', 1) + bytes(204)), 'EPERM', 'ENOSYS', 'EINVAL', 'EFAULT')",
    "names_of_the_machine_from_a_user": "os.setuid(1000)\nrefused('hostname', call(170, b'x', 1))\n"
    "refused('domainname', call(171, b'x', 1))",
    "the_log_of_the_machine": "room = ctypes.create_string_buffer(4096)\n"
    "for a in (2, 3, 4): call(103, a, room, 4096)\nif room.raw.strip(b'\\0'): gained.append(room.raw)",
    "namespaces_of_the_host": "refused('unshare', call(272, 0x10000000))\n"
    "for f in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x20000000, 0x40000000, 0x80): refused(f, call(272, f))\n"
    "refused('setns', call(308, 0, 0))",
}

CALLS = [Attempt(f"{name}_gains_nothing", program) for name, program in FORBIDDEN.items()]

NATIVE = [
    Attempt(
        "no_flag_of_mmap_takes_a_descriptor_past_the_kernel",
        """
fd = os.open("/etc/passwd", os.O_RDONLY)
for bit in range(32):
    flags = 1 << bit
    address = libc.mmap
    address.restype = ctypes.c_void_p
    for kind in (1, 2, 3):
        found = address(None, ctypes.c_size_t(4096), 3, flags | kind, fd, ctypes.c_long(0))
        if found not in (None, ctypes.c_void_p(-1).value) and kind in (1, 3):
            if not flags & 0x20: gained.append(f"writable and shared with {flags:#x} {kind}")
""",
    ),
    Attempt(
        "huge_pages_are_not_native",
        "r = call(9, 0, 1 << 21, 3, 0x40022, -1, 0)\nif not isinstance(r, str): gained.append('huge page')",
    ),
    Attempt(
        "poisoning_a_page_is_refused",
        """
page = mmap.mmap(-1, 4096)
at = ctypes.addressof(ctypes.c_char.from_buffer(page))
for advice in (100, 101): refused(advice, call(28, at, 4096, advice), "EPERM", "EINVAL")
""",
    ),
    Attempt(
        "priority_inheritance_is_not_native",
        "word = ctypes.create_string_buffer(8)\n"
        "for op in (6, 7, 8, 11, 12, 13): refused(op, call(202, ctypes.addressof(word), op | 128, 0, 0, 0, 0), 'ENOSYS')",
    ),
    Attempt(
        "arch_prctl_changes_registers_of_the_thread_only",
        "for code in (0x1012, 0x5001, 0x4001, 0x4002, 0x1023): "
        "refused(hex(code), call(158, code, 0), 'EINVAL', 'ENODEV', 'ENOSYS', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP')",
    ),
    Attempt(
        "a_read_only_mapping_stays_read_only",
        """
with open("/tmp/f", "wb") as file: file.write(b"a" * 4096)
for path in ("/tmp/f", "/usr/bin/env"):
    fd = os.open(path, os.O_RDONLY)
    shared = mmap.mmap(fd, 4096, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ)
    libc.mmap.restype = ctypes.c_void_p
    at = libc.mmap(None, ctypes.c_size_t(4096), 1, 1, fd, ctypes.c_long(0))
    refused(path, call(10, at, 4096, 3), "EACCES")
    refused(path + " remove", call(28, at, 4096, 9), "EACCES", "EINVAL", "EPERM")
""",
    ),
    Attempt(
        "seals_hold_against_mprotect",
        """
fd = os.memfd_create("x", os.MFD_ALLOW_SEALING)
os.ftruncate(fd, 4096)
libc.mmap.restype = ctypes.c_void_p
at = libc.mmap(None, ctypes.c_size_t(4096), 3, 1, fd, ctypes.c_long(0))
import fcntl
try:
    fcntl.fcntl(fd, 1033, 8)
    gained.append("sealed under a writable mapping")
except OSError: pass
libc.munmap(ctypes.c_void_p(at), ctypes.c_size_t(4096))
fcntl.fcntl(fd, 1033, 16)
at = libc.mmap(None, ctypes.c_size_t(4096), 1, 1, fd, ctypes.c_long(0))
if at not in (None, ctypes.c_void_p(-1).value): refused("future write", call(10, at, 4096, 3))
""",
    ),
    Attempt(
        "children_of_the_host_kernel_are_not_made",
        """
for flags in (0x10000000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, 0x20000, 0x2000000 | 0x10000000):
    refused(hex(flags), call(56, flags | 17, 0, 0, 0, 0))
""",
    ),
    Attempt(
        "the_stubs_private_calls_are_nobodys",
        """
for number in range(0x1000, 0x1010):
    for word in (0, 1, -1): refused(hex(number), call(number, word, word, word, word, word, word), "ENOSYS")
for number in range(0x7ffffff0, 0x7fffffff): refused(hex(number), call(number), "ENOSYS")
""",
    ),
]

ATTEMPTS = [*ENTRIES, *CALLS, *NATIVE]
