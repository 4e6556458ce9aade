/* Shared memory that no page table shows any more, and that is still held. Argument: where it lies. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE = 4 << 20, PIECES = 128 };

static int file_for(const char *kind) {
    int fd = strcmp(kind, "memfd") ? open(kind, O_RDWR | O_CREAT, 0600) : memfd_create("x", 0);
    ftruncate(fd, (off_t)PIECE * PIECES);
    return fd;
}

int main(int argc, char **argv) {
    (void)argc;
    int anonymous = !strcmp(argv[1], "anonymous");
    int fd = anonymous ? -1 : !strcmp(argv[1], "/dev/zero") ? open(argv[1], O_RDWR) : file_for(argv[1]);
    int flags = MAP_SHARED | MAP_NORESERVE | (anonymous ? MAP_ANONYMOUS : 0);
    char *all = mmap(0, (size_t)PIECE * PIECES, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (all == MAP_FAILED) return perror("mmap"), 1;
    for (int i = 0; i < PIECES; i++) {
        memset(all + (size_t)i * PIECE, 1, PIECE);
        madvise(all + (size_t)i * PIECE, PIECE, MADV_DONTNEED);
    }
    usleep(500000);
    puts("all of it");
    return 0;
}
