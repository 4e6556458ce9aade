/* A signal that waits, blocked, ends ppoll(2) under a mask that lets it through. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t handled;

static void handle(int signal)
{
    handled = signal;
}

int main(void)
{
    sigset_t blocked, before;
    struct timespec second = {1, 0};
    signal(SIGUSR1, handle);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    raise(SIGUSR1);
    if (handled || ppoll(NULL, 0, &second, &before) != -1 || errno != EINTR || handled != SIGUSR1)
        return 1;
    puts("interrupted");
    return 0;
}
