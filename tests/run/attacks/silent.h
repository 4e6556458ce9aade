/* Threads that make no call of the kernel's: raw clone(2), memory and futexes only. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STACK = 16384 };

/* Starts `work` on a stack of its own, which must never return; -1 where the kernel refuses. */
static int silent_thread(int (*work)(void *), void *argument) {
    char *stack = mmap(0, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    return clone(work, stack + STACK, flags, argument);
}

/* Waits for ever on the host, unseen. */
static int wait_unseen(void *none) {
    static int never;
    (void)none;
    for (;;) syscall(SYS_futex, &never, FUTEX_WAIT, 0, 0, 0, 0);
}

/* Holds this thread in one call of the kernel's. */
static void rest(int seconds) {
    struct timespec time = {seconds, 0};
    nanosleep(&time, 0);
}
