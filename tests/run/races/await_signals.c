/* sigwaitinfo(2) of a container's first process takes a signal that a child sends while it waits. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    sigset_t awaited;
    siginfo_t info;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    for (int round = 0; round < 50; round++) {
        if (fork() == 0) {
            usleep(round % 2 * 2000);
            _exit(sigqueue(getppid(), SIGRTMIN, (union sigval){.sival_int = round}));
        }
        if (sigwaitinfo(&awaited, &info) != SIGRTMIN || info.si_value.sival_int != round)
            return 1;
        wait(NULL);
    }
    puts("taken");
    return 0;
}
