/* What single operations cost: prints "name median" in nanoseconds, one line each.
   Each figure is the median over batches, each batch the mean over its operations. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCHES = 31 };

static char block[4096];
static int file, ends[2];
static char *self;

static void getppid_(void) { syscall(SYS_getppid); }
static void pread_(void) { if (pread(file, block, sizeof block, 0) != sizeof block) abort(); }
static void pwrite_(void) { if (pwrite(file, block, sizeof block, 0) != sizeof block) abort(); }
static void stat_(void) { struct stat s; if (stat("/tmp/podvisor-bench", &s)) abort(); }
static void open_close(void) { close(open("/tmp/podvisor-bench", O_RDONLY)); }
static void pipe_(void) { char c = 0; if (write(ends[1], &c, 1) != 1 || read(ends[0], &c, 1) != 1) abort(); }
static void mmap_touch_munmap(void)
{
    enum { SIZE = 64 * 4096 };
    char *m = mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < SIZE; i += 4096) m[i] = 1;
    munmap(m, SIZE);
}
static void fork_wait(void)
{
    pid_t pid = fork();
    if (!pid) _exit(0);
    waitpid(pid, 0, 0);
}
static void fork_exec_wait(void)
{
    pid_t pid = fork();
    if (!pid) { execl(self, self, "exit", (char *)0); _exit(1); }
    waitpid(pid, 0, 0);
}

static const struct { const char *name; void (*run)(void); int times; } operations[] = {
    {"getppid", getppid_, 200}, {"pread 4 KB", pread_, 200}, {"pwrite 4 KB", pwrite_, 200}, {"stat", stat_, 200},
    {"open+close", open_close, 100}, {"pipe write+read", pipe_, 100}, {"mmap+touch+munmap", mmap_touch_munmap, 20},
    {"fork+wait", fork_wait, 5}, {"fork+exec+wait", fork_exec_wait, 3},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "exit")) return 0;
    self = argv[0];
    file = open("/tmp/podvisor-bench", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || pipe(ends) || write(file, block, sizeof block) != sizeof block) { perror("calls"); return 1; }
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        double batches[BATCHES];
        for (int b = 0; b < BATCHES; b++) {
            double began = now();
            for (int n = 0; n < operations[i].times; n++) operations[i].run();
            batches[b] = (now() - began) / operations[i].times;
        }
        qsort(batches, BATCHES, sizeof *batches, ascending);
        printf("%s\t%.0f\n", operations[i].name, batches[BATCHES / 2]);
        fflush(stdout);
    }
    unlink("/tmp/podvisor-bench");
    return 0;
}
