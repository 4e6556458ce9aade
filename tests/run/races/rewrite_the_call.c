/* A thread whose `syscall` becomes a jump to itself while it forks is the end of its process, and of nothing else: a
 * second process hears the clock all the time. Its longest silence is told where it is more than the kernel's patience. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const unsigned char fork_and_return[] = {0xb8, 57, 0, 0, 0, 0x0f, 0x05, 0xc3}; /* mov eax, 57; syscall; ret */
static volatile unsigned char *code;
static volatile int forking;

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void *rewrite(void *unused)
{
    for (;;) {
        while (!forking)
            ;
        for (volatile int wait = 0; wait < 20000; wait++)
            ;
        *(volatile unsigned short *)(code + 5) = 0xfeeb; /* jmp self */
        usleep(3000);
        *(volatile unsigned short *)(code + 5) = 0x050f;
        forking = 0;
    }
    return unused;
}

static void attack(void)
{
    pthread_t thread;
    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy((void *)code, fork_and_return, sizeof fork_and_return);
    pthread_create(&thread, NULL, rewrite, NULL);
    for (int round = 0; round < 40; round++) {
        forking = 1;
        long child = ((long (*)(void))code)();
        if (child == 0)
            syscall(SYS_exit_group, 0);
        if (child > 0)
            waitpid(child, NULL, 0);
        while (forking)
            ;
    }
    _exit(0);
}

int main(void)
{
    long longest = 0;
    for (int round = 0; round < 8; round++) {
        pid_t attacker = fork();
        if (attacker == 0)
            attack();
        long last = now();
        while (waitpid(attacker, NULL, WNOHANG) == 0) {
            if (now() - last > longest)
                longest = now() - last;
            last = now();
        }
    }
    printf("%s\n", longest < 3000 ? "heard all the time" : "silence");
    return 0;
}
