/* A loop that a timer would have go on a thousand times a second, whatever stops it. Tells of the milliseconds of
 * processor time that it got. Argument: seconds. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCONT};
    struct itimerspec often = {{0, 1000000}, {0, 1000000}};
    struct timespec now, used;
    timer_t timer;
    (void)argc;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer)) return perror("timer_create"), 1;
    if (timer_settime(timer, 0, &often, 0)) return perror("timer_settime"), 1;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t end = now.tv_sec + atoi(argv[1]);
    for (; now.tv_sec < end;) clock_gettime(CLOCK_MONOTONIC, &now);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    printf("%ld\n", used.tv_sec * 1000 + used.tv_nsec / 1000000);
    return 0;
}
