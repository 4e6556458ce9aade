/* A signal that comes while all are blocked fails no pthread_create(3): an internal code of the kernel's is no errno. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile int over;
static pthread_t first;

static void ignore(int number)
{
    (void)number;
}

static void *send(void *unused)
{
    while (!over) {
        pthread_kill(first, SIGURG);
        usleep(50);
    }
    return unused;
}

static void *nothing(void *unused)
{
    return unused;
}

int main(void)
{
    struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    sigset_t all, before;
    pthread_t sender, made;
    int bad = 0;
    first = pthread_self();
    sigaction(SIGURG, &action, NULL);
    sigfillset(&all);
    pthread_create(&sender, NULL, send, NULL);
    for (int round = 0; round < 2000; round++) {
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int error = pthread_create(&made, NULL, nothing, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        bad += error != 0;
        if (error == 0)
            pthread_join(made, NULL);
    }
    over = 1;
    pthread_join(sender, NULL);
    printf("%d failed\n", bad);
    return 0;
}
