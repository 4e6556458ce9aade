/* Whatever another thread does to the action of a signal: no wait under a mask leaves that mask to its thread. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int over;

static void handle(int number)
{
    (void)number;
}

static void *flip(void *unused)
{
    struct sigaction handled = {.sa_handler = handle}, ignored = {.sa_handler = SIG_IGN};
    while (!over) {
        sigaction(SIGUSR1, &ignored, NULL);
        sigaction(SIGUSR1, &handled, NULL);
    }
    return unused;
}

static void check(const char *call)
{
    sigset_t own;
    sigprocmask(SIG_BLOCK, NULL, &own);
    if (!sigismember(&own, SIGUSR1) || sigismember(&own, SIGUSR2)) {
        printf("%s did not give the mask back\n", call);
        exit(1);
    }
}

int main(void)
{
    sigset_t blocked, waiting;
    struct timespec moment = {0, 1000000};
    struct epoll_event event;
    pthread_t flipper;
    pid_t first = getpid();
    int epoll = epoll_create1(0);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGALRM, handle);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigemptyset(&waiting);
    sigaddset(&waiting, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    pid_t sender = fork();
    if (sender == 0)
        for (;;) {
            if (kill(first, SIGUSR1) || kill(first, SIGALRM))
                _exit(0);
            usleep(50);
        }
    pthread_create(&flipper, NULL, flip, NULL);
    for (int round = 0; round < 300; round++) {
        ppoll(NULL, 0, &moment, &waiting);
        check("ppoll");
        pselect(0, NULL, NULL, NULL, &moment, &waiting);
        check("pselect");
        epoll_pwait(epoll, &event, 1, 1, &waiting);
        check("epoll_pwait");
        sigsuspend(&waiting);
        check("sigsuspend");
        sigtimedwait(&blocked, NULL, &moment);
        check("sigtimedwait");
    }
    over = 1;
    pthread_join(flipper, NULL);
    kill(sender, SIGKILL);
    waitpid(sender, NULL, 0);
    puts("all gave it back");
    return 0;
}
