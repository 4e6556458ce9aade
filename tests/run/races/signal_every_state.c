/* tgkill(2) and sigqueue(3) reach a thread in every state it may be in: none is lost, none comes twice or changed, and
 * those with values come in their order. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 24

static int ends[2];
static sigset_t both, none;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static atomic_int values, plain, over;
static const char *state;

static void fail(const char *what, const siginfo_t *info)
{
    printf("%s: %s: signal %d code %d pid %d value %d after %d\n", state, what, info->si_signo, info->si_code, info->si_pid,
           info->si_value.sival_int, values);
    exit(1);
}

static void take(const siginfo_t *info)
{
    if (info->si_pid != getpid() || info->si_uid != getuid())
        fail("another sender", info);
    if (info->si_signo == SIGRTMIN + 1) {
        if (info->si_code != SI_QUEUE || info->si_value.sival_int != values)
            fail("out of order", info);
        values++;
    } else {
        if (info->si_code != SI_TKILL)
            fail("another code", info);
        plain++;
    }
}

static void handle(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    take(info);
}

static void computes(void) {}

static void blocks(void)
{
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &both, &before);
    for (volatile int turn = 0; turn < 1000; turn++)
        ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void blocks_in_calls(void)
{
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &both, &before);
    getppid();
    usleep(100);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void pauses(void)
{
    pause();
}

static void calls(void)
{
    getppid();
}

static void sleeps(void)
{
    usleep(1000);
}

static void reads(void)
{
    char byte;
    if (read(ends[0], &byte, 1) == 1)
        ;
}

static void waits(void)
{
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 5000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    pthread_mutex_lock(&lock);
    pthread_cond_timedwait(&never, &lock, &soon);
    pthread_mutex_unlock(&lock);
}

static void suspends(void)
{
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &both, &before);
    sigsuspend(&none);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void polls(void)
{
    sigset_t before;
    struct timespec soon = {0, 2000000};
    pthread_sigmask(SIG_BLOCK, &both, &before);
    ppoll(NULL, 0, &soon, &none);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void selects(void)
{
    sigset_t before;
    struct timespec soon = {0, 2000000};
    pthread_sigmask(SIG_BLOCK, &both, &before);
    pselect(0, NULL, NULL, NULL, &soon, &none);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void awaits(void)
{
    sigset_t before;
    siginfo_t info;
    struct timespec soon = {0, 2000000};
    pthread_sigmask(SIG_BLOCK, &both, &before);
    /* The C library's function would tell SI_TKILL as SI_USER. */
    if (syscall(SYS_rt_sigtimedwait, &both, &info, &soon, 8) > 0)
        take(&info);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void *run(void *step)
{
    while (!over)
        ((void (*)(void))step)();
    return NULL;
}

static void reach(const char *name, void (*step)(void))
{
    pthread_t thread;
    siginfo_t info = {.si_signo = SIGRTMIN + 1, .si_code = SI_QUEUE, .si_pid = getpid(), .si_uid = getuid()};
    state = name;
    values = plain = over = 0;
    pthread_create(&thread, NULL, run, step);
    for (int round = 0; round < ROUNDS; round++) {
        info.si_value.sival_int = round;
        pthread_sigqueue(thread, SIGRTMIN + 1, info.si_value);
        pthread_kill(thread, SIGRTMIN + 2);
        if (round % 3 == 0)
            usleep(round * 50);
    }
    while (values < ROUNDS || plain < ROUNDS)
        usleep(200);
    over = 1;
    while (pthread_tryjoin_np(thread, NULL)) {
        pthread_kill(thread, SIGRTMIN + 3);
        usleep(1000);
    }
    if (values != ROUNDS || plain != ROUNDS) {
        printf("%s: %d with a value and %d without of %d\n", name, values, plain, ROUNDS);
        exit(1);
    }
}

static void ignore(int number)
{
    (void)number;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO}, end = {.sa_handler = ignore};
    sigemptyset(&none);
    sigemptyset(&both);
    sigaddset(&both, SIGRTMIN + 1);
    sigaddset(&both, SIGRTMIN + 2);
    sigaction(SIGRTMIN + 1, &action, NULL);
    sigaction(SIGRTMIN + 2, &action, NULL);
    sigaction(SIGRTMIN + 3, &end, NULL);
    if (pipe(ends))
        return 1;
    reach("computing", computes);
    reach("blocking", blocks);
    reach("blocking in calls", blocks_in_calls);
    reach("in short calls", calls);
    reach("in nanosleep", sleeps);
    reach("in read", reads);
    reach("in pause", pauses);
    reach("in sigsuspend", suspends);
    reach("in ppoll", polls);
    reach("in pselect", selects);
    reach("in sigtimedwait", awaits);
    reach("in futex", waits);
    puts("each arrived once");
    return 0;
}
