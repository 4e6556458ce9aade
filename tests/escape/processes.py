"""Other processes: of the machine, of the kernel, of other sandboxes."""

from escape.attempt import Attempt

ATTEMPTS = [
    Attempt(
        "no_number_names_a_process_of_the_machine",
        """
own = {os.getpid(), os.getppid()}
for pid in range(1, 3000):
    if pid in own: continue
    refused(f"kill {pid}", call(62, pid, 0), "ESRCH")
    refused(f"tgkill {pid}", call(234, pid, pid, 0), "ESRCH")
    refused(f"sigqueue {pid}", call(129, pid, 0, bytes(128)), "ESRCH", "EPERM")
    refused(f"pidfd {pid}", call(434, pid, 0), "ESRCH", "EINVAL")
    refused(f"prlimit {pid}", call(302, pid, 7, 0, bytes(16)), "ESRCH")
    refused(f"affinity {pid}", call(203, pid, 8, b"\\1" + bytes(7)), "ESRCH")
    refused(f"priority {pid}", call(251, 1, pid, 0), "ESRCH", "EINVAL", "ENOSYS")
    refused(f"getsid {pid}", call(124, pid), "ESRCH")
""",
    ),
    Attempt(
        "a_signal_to_everybody_reaches_this_sandbox_only",
        "signal.signal(signal.SIGUSR1, signal.SIG_IGN)\n"
        "refused('everybody', call(62, -1, int(signal.SIGUSR1)), 'ESRCH', 'EPERM')",
    ),
    Attempt(
        "the_kernel_cannot_be_traced",
        "for pid in (0, 1, 2, os.getppid()):\n"
        "    for request in (16, 0x4206): refused((request, pid), call(101, request, pid, 0, 0))",
    ),
    Attempt(
        "the_parent_outside_is_nobody",
        "if os.getppid() != 0: gained.append(os.getppid())\nrefused('group', call(109, 1 << 20, 0), 'ESRCH', 'EPERM')",
    ),
    Attempt(
        "schedulers_and_priorities_of_the_machine_stay",
        """
refused("fifo", call(144, 0, 1, struct.pack("i", 50)), "EPERM")
refused("deadline", call(314, 0, struct.pack("IIQiIQQQ", 48, 6, 0, 0, 0, 10**7, 2 * 10**7, 3 * 10**7), 0))
""",
    ),
    Attempt(
        "arguments_beyond_the_limit_are_refused_as_on_linux",
        """
fails("one word", lambda: os.posix_spawn("/bin/true", ["x", "a" * (129 << 10)], {}))
fails("all words", lambda: os.posix_spawn("/bin/true", ["x"] + ["a" * 1000] * 4000, {}))
""",
    ),
    Attempt(
        "a_script_that_runs_itself_is_refused",
        """
open("/tmp/s", "w").write("#!/tmp/s\\n"); os.chmod("/tmp/s", 0o755)
fails("itself", lambda: os.posix_spawn("/tmp/s", ["s"], {}))
open("/tmp/t", "w").write("#!" + "/" * 400 + "bin/true\\n"); os.chmod("/tmp/t", 0o755)
fails("long", lambda: os.posix_spawn("/tmp/t", ["t"], {}))
""",
    ),
    Attempt(
        "broken_programs_are_refused_or_end",
        """
import random
dice = random.Random(7)
whole = open("/bin/true", "rb").read()
for n in range(150):
    data = bytearray(whole)
    for _ in range(dice.randint(1, 8)): data[dice.randrange(64 + 56 * 13)] = dice.randrange(256)
    with open("/tmp/p", "wb") as file: file.write(data)
    os.chmod("/tmp/p", 0o755)
    try: os.waitpid(os.posix_spawn("/tmp/p", ["p"], {}), 0)
    except OSError: pass
    os.unlink("/tmp/p")
""",
        flags=("--memory", "512m"),
    ),
    Attempt(
        "rights_are_not_won_back",
        """
os.setgroups([]); os.setgid(1000); os.setuid(1000)
fails("setuid", lambda: os.setuid(0))
fails("setgid", lambda: os.setgid(0))
refused("capset", call(126, struct.pack("Ii", 0x20080522, 0), struct.pack("IIIIII", *[0xffffffff] * 6)))
fails("chown", lambda: os.chown("/tmp", 1000, 1000))
""",
    ),
]
