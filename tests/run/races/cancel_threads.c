/* The C library's own signals arrive as it wants them: pthread_cancel(3) ends threads that wait in every way, and
 * setgroups(2) reaches threads that wait, compute, or block signals for moments. */
#define _GNU_SOURCE
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile int over;
static int ends[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

static void *sleeps(void *unused)
{
    sleep(1000);
    return unused;
}

static void *reads(void *unused)
{
    char byte;
    return read(ends[0], &byte, 1) ? NULL : unused;
}

static void *pauses(void *unused)
{
    pause();
    return unused;
}

static void *waits(void *unused)
{
    pthread_mutex_lock(&lock);
    pthread_cleanup_push((void (*)(void *))pthread_mutex_unlock, &lock);
    pthread_cond_wait(&never, &lock);
    pthread_cleanup_pop(1);
    return unused;
}

static void *computes(void *unused)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (;;)
        ;
    return unused;
}

static void *nothing(void *unused)
{
    return unused;
}

static void *creates(void *unused)
{
    pthread_t made;
    while (!over)
        if (pthread_create(&made, NULL, nothing, NULL) == 0)
            pthread_join(made, NULL);
    return unused;
}

static void *spins(void *unused)
{
    while (!over)
        ;
    return unused;
}

int main(void)
{
    void *(*kinds[])(void *) = {sleeps, reads, pauses, waits, computes};
    gid_t group = 7;
    pthread_t thread, others[3];
    void *result;
    if (pipe(ends))
        return 1;
    for (int round = 0; round < 20; round++) {
        pthread_create(&thread, NULL, kinds[round % 5], NULL);
        usleep(round / 5 * 1000);
        pthread_cancel(thread);
        pthread_join(thread, &result);
        if (result != PTHREAD_CANCELED)
            return 1;
    }
    pthread_create(&others[0], NULL, creates, NULL);
    pthread_create(&others[1], NULL, spins, NULL);
    pthread_create(&others[2], NULL, sleeps, NULL);
    for (int round = 0; round < 50; round++)
        if (setgroups(1, &group))
            return 2;
    over = 1;
    pthread_cancel(others[2]);
    for (int at = 0; at < 3; at++)
        pthread_join(others[at], NULL);
    puts("all were reached");
    return 0;
}
