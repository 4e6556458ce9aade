/* The first thread forks without pause while another ends the process. */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void *end_soon(void *loops)
{
    for (volatile long i = 0; i < (long)loops; i++)
        ;
    _exit(7);
}

static void fork_on(long loops)
{
    pthread_t thread;
    pthread_create(&thread, NULL, end_soon, (void *)loops);
    for (;;)
        if (fork() == 0)
            _exit(0);
}

int main(void)
{
    for (long round = 0; round < 200; round++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            fork_on(round % 97 * 3000);
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 7)
            return 1;
    }
    puts("all were waited for");
    return 0;
}
