/* What handlers learn of a signal, sigaction(2): code, sender and value are Linux's, whatever the thread does. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile siginfo_t got;
static volatile int count;

static void handle(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    got = *info;
    count++;
}

static void want(const char *what, int code, pid_t pid, int value)
{
    while (!count)
        usleep(1000);
    count = 0;
    if (got.si_code != code || (pid && (got.si_pid != pid || got.si_uid != getuid())) || (value && got.si_value.sival_int != value)) {
        printf("%s: code %d pid %d uid %d value %d, wanted code %d pid %d\n", what, got.si_code, got.si_pid, got.si_uid,
               got.si_value.sival_int, code, pid);
        exit(1);
    }
}

static pid_t child_that(int how)
{
    pid_t parent = getppid(), child = fork();
    if (child)
        return child;
    parent = getppid();
    if (how == 0)
        kill(parent, SIGUSR1);
    if (how == 1)
        sigqueue(parent, SIGUSR1, (union sigval){.sival_int = 77});
    if (how == 2)
        syscall(SYS_tgkill, parent, parent, SIGUSR1);
    _exit(3);
}

static void *signals(void *first)
{
    usleep(2000);
    pthread_kill(*(pthread_t *)first, SIGUSR1);
    return NULL;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 55};
    struct itimerspec soon = {.it_value.tv_nsec = 2000000};
    pthread_t thread, first = pthread_self();
    timer_t timer;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    pid_t child = child_that(0);
    want("kill", SI_USER, child, 0);
    child = child_that(1);
    want("sigqueue", SI_QUEUE, child, 77);
    child = child_that(2);
    want("tgkill", SI_TKILL, child, 0);
    kill(getpid(), SIGUSR1);
    want("kill of itself", SI_USER, getpid(), 0);
    raise(SIGUSR1);
    want("raise", SI_TKILL, getpid(), 0);
    pthread_create(&thread, NULL, signals, &first);
    want("tgkill of a thread that sleeps", SI_TKILL, getpid(), 0);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, signals, &first);
    while (!count)
        ;
    want("tgkill of a thread that computes", SI_TKILL, getpid(), 0);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, signals, &first);
    pthread_join(thread, NULL);
    want("tgkill of a thread that joins", SI_TKILL, getpid(), 0);
    pthread_create(&thread, NULL, signals, &first);
    pause();
    want("tgkill of a thread that pauses", SI_TKILL, getpid(), 0);
    pthread_join(thread, NULL);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer))
        return 2;
    timer_settime(timer, 0, &soon, NULL);
    want("timer", SI_TIMER, 0, 55);
    ualarm(2000, 0);
    want("alarm", SI_KERNEL, 0, 0);
    while (wait(NULL) > 0)
        ;
    sigaction(SIGCHLD, &action, NULL);
    child = child_that(3);
    want("a child that exits", CLD_EXITED, child, 0);
    if (got.si_status != 3)
        return 3;
    puts("all was told");
    return 0;
}
