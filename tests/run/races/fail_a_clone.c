/* A clone(2) that the host refuses fails once, with its own error; the calls after it are not touched. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    char stack;
    for (int round = 0; round < 20; round++) {
        long child = syscall(SYS_clone, SIGCHLD | CLONE_SETTLS, &stack, 0, 0, 1UL << 63);
        if (child != -1 || errno != EPERM || syscall(SYS_getppid) < 0 || syscall(SYS_getpid) <= 0)
            return 1;
    }
    puts("failed alone");
    return 0;
}
