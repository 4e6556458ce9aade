/* A second thread spoils the path that the loader stub is started by, after the kernel has looked at it.
   Where the execve fails by that, the first makes the stub's call: it must not get the new credentials. */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STUB ((char *)0x550000000000)
#define HELLO 0x0F000001

enum { REFUSED = 1, CLAIMED = 2 };

static volatile int over;

static void *spoil(void *pause)
{
    volatile char *path = STUB + 8;
    while (!over) {
        *path = 'x';
        for (volatile long i = 0; i < 50; i++)
            ;
        *path = 0;
        for (volatile long i = 0; i < (long)pause; i++)
            ;
    }
    return NULL;
}

static int attempt(long pause)
{
    char *arguments[] = {"true", NULL};
    pthread_t thread;
    mprotect(STUB, 4096, PROT_READ | PROT_WRITE);
    mmap(STUB + 4096, 4096, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_create(&thread, NULL, spoil, (void *)pause);
    execv("/bin/true", arguments);
    over = 1;
    pthread_join(thread, NULL);
    usleep(1000);
    return syscall(HELLO, __builtin_frame_address(0)) < 0 ? REFUSED : CLAIMED;
}

int main(void)
{
    for (long round = 0; round < 200; round++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            _exit(attempt(round % 50));
        waitpid(child, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == CLAIMED)
            return 1;
    }
    puts("never claimed");
    return 0;
}
