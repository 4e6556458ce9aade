"""A program that calls every system call with arguments that make no sense."""

GARBAGE = """
import ctypes, os, random, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
generator = random.Random(int(sys.argv[1]))
page = ctypes.create_string_buffer(4096)
odd = [0, 1, 2, 3, 7, 63, 64, 4095, 4096, 1 << 31, (1 << 31) - 1, (1 << 32) - 1, 1 << 47, (1 << 64) - 1, (1 << 63), 0xffffffff80000000]
# Calls that end, stop or replace this process, and are no garbage.
spared = {13, 14, 15, 22, 34, 56, 57, 58, 59, 60, 61, 127, 128, 130, 231, 247, 322, 435}
def argument():
    return generator.choice([generator.choice(odd), generator.getrandbits(64), generator.randrange(16), ctypes.addressof(page) + generator.randrange(64)])
for number in generator.sample(range(470), 470):
    if number in spared: continue
    pid = os.fork()
    if not pid:
        signal.alarm(1)
        for _ in range(20): libc.syscall(ctypes.c_long(number), *[ctypes.c_ulong(argument() & (1 << 64) - 1) for _ in range(6)])
        os._exit(0)
    while True:
        try: os.waitpid(pid, 0); break
        except InterruptedError: pass
        except ChildProcessError: break
print('done')
"""
