/* A signal that another thread ignores at the moment when ppoll(2) is to let it through stops nobody but its process. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int main(void)
{
    sigset_t blocked, empty, own;
    struct timespec moment = {0, 20000000};
    pthread_t flipper;
    pid_t first = getpid();
    signal(SIGUSR1, SIG_IGN);
    sigemptyset(&empty);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    pid_t sender = fork();
    if (sender == 0) {
        /* Ends by itself where the other one is stuck: then nothing is said, and the test sees that. */
        for (long end = now() + 6000; now() < end;)
            if (kill(first, SIGUSR1))
                break;
        _exit(0);
    }
    pthread_create(&flipper, NULL, flip, NULL);
    for (long end = now() + 5000; now() < end;) {
        ppoll(NULL, 0, &moment, &empty);
        sigprocmask(SIG_BLOCK, NULL, &own);
        if (!sigismember(&own, SIGUSR1)) {
            puts("the mask was not given back");
            exit(1);
        }
    }
    over = 1;
    pthread_join(flipper, NULL);
    kill(sender, SIGKILL);
    waitpid(sender, NULL, 0);
    puts("went on");
    return 0;
}
