/* Calls of many kinds under an interval timer of 300 us fail with what their pages name, never with a code of the
 * kernel's own; half of the time another thread ignores the signal for moments. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int over;
static int worst;

static void ignore(int number)
{
    (void)number;
}

static void note(long result)
{
    if (result < 0 && errno > worst)
        worst = errno;
}

static void *flip(void *unused)
{
    struct sigaction handled = {.sa_handler = ignore}, ignored = {.sa_handler = SIG_IGN};
    while (!over) {
        sigaction(SIGALRM, &ignored, NULL);
        usleep(200);
        sigaction(SIGALRM, &handled, NULL);
        usleep(200);
    }
    return unused;
}

static void *nothing(void *unused)
{
    return unused;
}

int main(void)
{
    struct itimerval storm = {{0, 300}, {0, 300}}, calm = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    int ends[2];
    char byte = 0;
    pthread_t thread, flipper;
    sigaction(SIGALRM, &action, NULL);
    if (pipe(ends))
        return 1;
    for (int round = 0; round < 400; round++) {
        if (round == 200)
            pthread_create(&flipper, NULL, flip, NULL);
        setitimer(ITIMER_REAL, &storm, NULL);
        int error = pthread_create(&thread, NULL, nothing, NULL);
        if (error > worst)
            worst = error;
        if (error == 0)
            pthread_join(thread, NULL);
        note(write(ends[1], &byte, 1));
        note(read(ends[0], &byte, 1));
        note(poll(NULL, 0, 1));
        note(usleep(500));
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        note(child);
        if (child > 0)
            note(waitpid(child, NULL, 0));
    }
    setitimer(ITIMER_REAL, &calm, NULL);
    over = 1;
    pthread_join(flipper, NULL);
    printf(worst <= EINTR || worst == EAGAIN ? "only its own errors\n" : "error %d\n", worst);
    return 0;
}
