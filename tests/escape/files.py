"""Files of the machine, through every way that leads to files."""

from escape.attempt import Attempt

ATTEMPTS = [
    Attempt(
        "proc_shows_this_sandbox_only",
        """
for name in ("root", "cwd", "exe", "fd/0"):
    try: target = os.readlink(f"/proc/1/{name}")
    except OSError: continue
    if target.startswith(("/work", "/root", "/home")): gained.append(target)
for pid in (p for p in os.listdir("/proc") if p.isdigit()):
    line = open(f"/proc/{pid}/cmdline").read()
    if "podvisor" in line.split("\\0")[0]: gained.append(line)
if set(os.listdir("/proc/1/root")) != set(os.listdir("/")): gained.append("another root")
""",
    ),
    *(
        Attempt(f"{path.strip('/').replace('/', '_')}_is_not_the_machines", f"fails({path!r}, lambda: {action})")
        for path, action in {
            "/proc/kcore": "open('/proc/kcore', 'rb').read(64)",
            "/proc/sysrq-trigger": "open('/proc/sysrq-trigger', 'w').write('b')",
            "/proc/sys/kernel/core_pattern": "open('/proc/sys/kernel/core_pattern', 'w').write('|/bin/sh')",
            "/proc/sys/kernel/modprobe": "open('/proc/sys/kernel/modprobe', 'w').write('/tmp/x')",
            "/proc/timer_list": "open('/proc/timer_list').read(64)",
            "/proc/keys": "open('/proc/keys').readline() or open('/none')",
            "/dev/mem": "open('/dev/mem', 'rb').read(64)",
            "/dev/kmsg": "open('/dev/kmsg').read(64)",
            "/dev/kvm": "open('/dev/kvm')",
            "/sys/kernel/debug": "os.listdir('/sys/kernel/debug')[0]",
            "/sys/fs/bpf": "open('/sys/fs/bpf/x', 'w')",
            "/sys/power/state": "open('/sys/power/state', 'w').write('mem')",
        }.items()
    ),
    Attempt(
        "addresses_of_the_host_kernel_are_not_shown",
        """
try: lines = open("/proc/kallsyms").read(4096).splitlines()
except OSError: lines = []
gained += [line for line in lines if int(line.split()[0], 16)]
""",
    ),
    Attempt(
        "private_places_of_the_machine_are_empty",
        """
for path in ("/root", "/home", "/boot", "/var/lib", "/srv", "/etc/ssh", "/etc/ssl/private", "/etc/sudoers.d",
             "/var/log"):
    try: names = os.listdir(path)
    except OSError: continue
    if names: gained.append(f"{path}: {names}")
gained += [f"/run/{name}" for name in os.listdir("/run") if name != "lock" or os.listdir("/run/lock")]
for path in ("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/krb5.keytab", "/etc/machine-id", "/var/run/docker.sock",
             "/run/containerd/containerd.sock", "/run/podman/podman.sock"):
    if os.path.exists(path): gained.append(path)
""",
    ),
    Attempt(
        "dots_lead_to_this_root_only",
        """
here = set(os.listdir("/"))
for path in ("/proc/self/root/../../..", "/usr/../../../..", "/proc/self/cwd/../../../../..", "/dev/fd/../../../.."):
    try: names = set(os.listdir(path))
    except OSError: continue
    if not names <= here | {n for n in os.listdir("/proc")}: gained.append(path)
fd = os.open("/", os.O_RDONLY)
for path in ("..", "../..", "../../etc/shadow"):
    try: found = os.open(path, os.O_RDONLY, dir_fd=fd)
    except OSError: continue
    if os.stat(found).st_ino != os.stat("/").st_ino: gained.append(path)
""",
    ),
    Attempt(
        "device_nodes_are_names_only",
        """
for kind, number in ((0o20000, (1, 1)), (0o20000, (1, 2)), (0o20000, (10, 232)), (0o60000, (8, 0)), (0o60000, (254, 0))):
    try: os.mknod("/tmp/node", kind | 0o666, os.makedev(*number))
    except OSError: continue
    fails(number, lambda: os.open("/tmp/node", os.O_RDWR))
    os.unlink("/tmp/node")
""",
    ),
    Attempt(
        "its_memory_file_writes_to_itself_only",
        """
fd = os.open("/proc/self/mem", os.O_RDWR)
for address in (0xffffffff81000000, 0xffff888000000000, 0xffffffffff600000 - 4096, 1 << 63):
    try:
        if os.pwrite(fd, b"x", address if address < 1 << 63 else (1 << 63) - 1): gained.append(hex(address))
    except (OSError, OverflowError): pass
""",
    ),
    Attempt(
        "the_image_is_never_written_to",
        """
import shutil
before = os.stat("/usr/bin/env").st_ino
with open("/usr/bin/env", "ab") as file: file.write(b"x")
os.unlink("/usr/bin/env")
open("/usr/bin/env", "w").write("mine")
""",
    ),
    Attempt(
        "links_without_end_are_refused",
        """
os.symlink("/tmp/b", "/tmp/a"); os.symlink("/tmp/a", "/tmp/b")
fails("loop", lambda: open("/tmp/a"))
for n in range(300): os.symlink(f"/tmp/l{n + 1}", f"/tmp/l{n}")
open("/tmp/l300", "w").close()
fails("chain", lambda: open("/tmp/l0"))
os.symlink("./" + "m0/" * 2, "/tmp/m1")
""",
    ),
    Attempt(
        "a_mapping_beyond_the_end_hurts_its_program_only",
        """
fd = os.open("/tmp/f", os.O_RDWR | os.O_CREAT)
os.ftruncate(fd, 8192)
libc.mmap.restype = ctypes.c_void_p
at = libc.mmap(None, ctypes.c_size_t(8192), 3, 1, fd, ctypes.c_long(0))
os.ftruncate(fd, 0)
refused("write from it", call(1, fd, at + 4096, 16), "EFAULT")
r, w = os.pipe()
os.write(w, b"x" * 64)
refused("read into it", call(0, r, at + 4096, 16), "EFAULT")
if in_child(lambda: ctypes.memset(at, 1, 1)) != -signal.SIGBUS: gained.append("no SIGBUS")
""",
    ),
    Attempt(
        "a_path_that_changes_under_a_call_gains_no_rights",
        """
import threading
path = ctypes.create_string_buffer(b"/tmp/mine\\0\\0\\0\\0")
open("/tmp/mine", "w").close()
going = True
def flip():
    while going:
        path.value = b"/mnt/theirs"
        path.value = b"/tmp/mine"
thread = threading.Thread(target=flip); thread.start()
for _ in range(3000):
    fd = call(257, -100, ctypes.addressof(path), os.O_RDWR, 0)
    if isinstance(fd, str): continue
    if os.readlink(f"/proc/self/fd/{fd}") != "/tmp/mine": gained.append("opened for writing")
    os.close(fd)
going = False; thread.join()
""",
        flags=("--mount", "{directory}:/mnt:ro"),
    ),
    Attempt(
        "a_mount_shows_nothing_beside_itself",
        """
fd = os.open("/mnt", os.O_RDONLY)
for path in ("..", "link", "link/../..", "../" * 12 + "etc/shadow"):
    try: found = os.open(path, os.O_RDONLY, dir_fd=fd)
    except OSError: continue
    if os.path.exists(f"/proc/self/fd/{found}/beside"): gained.append(path)
if os.path.exists("/mnt/link/beside"): gained.append("link")
""",
        flags=("--mount", "{directory}/inner:/mnt"),
    ),
]
