/* The host's own loader starts the stub and nothing else, though a thread holds its process's execve back by rewriting its
 * `syscall`, maps another file under the stub's number, and changes the path word that the call points at.
 * The test looks at /proc/PID/exe from outside meanwhile. The file is a copy of this program, which then spins. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STUB_PAGE ((void *)0x550000000000)

static const unsigned char execve_and_return[] = {0xb8, 59, 0, 0, 0, 0x0f, 0x05, 0xc3}; /* mov eax, 59; syscall; ret */
static volatile unsigned char *code;
static volatile int entering;
static int file;
static char *const none[] = {NULL};

static void *rewrite(void *wait)
{
    while (!entering)
        ;
    for (volatile long at = 0; at < (long)wait; at++)
        ;
    *(volatile unsigned short *)(code + 5) = 0xfeeb; /* jmp self */
    usleep(2000);
    /* The plan of the other thread goes, the number 3 becomes ours, and the path word too. */
    char *page = mmap(STUB_PAGE, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (page == STUB_PAGE)
        strcpy(page + 8, "/proc/self/exe");
    syscall(SYS_execve, "/bin/true", none, none);
    for (int round = 0; round < 200; round++) {
        mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
        if (page == STUB_PAGE)
            memset(page, 0, 64);
        *(volatile unsigned short *)(code + 5) = 0x050f;
    }
    return NULL;
}

static void attack(const char *program, long wait)
{
    pthread_t thread;
    char bytes[65536];
    ssize_t length;
    int from = open(program, O_RDONLY), to = open("/tmp/copy", O_RDWR | O_CREAT, 0755);
    while ((length = read(from, bytes, sizeof bytes)) > 0)
        if (write(to, bytes, length) != length)
            _exit(1);
    dup2(to, 3);
    file = 3;
    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy((void *)code, execve_and_return, sizeof execve_and_return);
    pthread_create(&thread, NULL, rewrite, (void *)wait);
    usleep(1000);
    entering = 1;
    ((long (*)(const char *, char *const *, char *const *))code)("/bin/true", none, none);
    pthread_join(thread, NULL);
    _exit(0);
}

int main(int count, char **arguments)
{
    while (count == 0)
        ;
    for (int round = 0; round < 60; round++) {
        pid_t child = fork();
        if (child == 0)
            attack(arguments[0], 10000L * (round % 30));
        usleep(50000);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    puts("attacked");
    return 0;
}
