/* Fills a sparse file through a mapping, beyond what its file system may hold. Argument: a path there. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PIECE = 1 << 20, PIECES = 512 };

int main(int argc, char **argv) {
    (void)argc;
    int fd = open(argv[1], O_RDWR | O_CREAT, 0600);
    ftruncate(fd, (off_t)PIECE * PIECES);
    char *all = mmap(0, (size_t)PIECE * PIECES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (all == MAP_FAILED) return perror("mmap"), 1;
    for (int i = 0; i < PIECES; i++) memset(all + (size_t)i * PIECE, 1, PIECE);
    usleep(500000);
    puts("all of it");
    return 0;
}
