/* Shared memory used as it should be: children see it, what is unmapped is given back, whatever the order. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    for (int i = 0; i < 200; i++) {
        size_t size = 8 << 20;
        char *shared = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED) return perror("mmap"), 1;
        memset(shared, 1, size);
        if (i % 50 == 0) {
            if (!fork()) { shared[5] = 7; _exit(0); }
            wait(0);
            if (shared[5] != 7) return puts("not shared"), 1;
        }
        munmap(shared, size);
    }
    for (int i = 0; i < 20; i++) {
        int fd = memfd_create("x", 0);
        ftruncate(fd, 8 << 20);
        char *mapped = mmap(0, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        memset(mapped, 1, 8 << 20);
        munmap(mapped, 8 << 20);
    }
    puts("fine");
    return 0;
}
