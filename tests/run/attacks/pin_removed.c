/* Files that are mapped untouched and removed: nothing names them, no page table shows them. Argument: whether they
 * stay mapped. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 16 << 20 };

int main(int argc, char **argv) {
    static char bytes[1 << 20];
    int stays = atoi(argv[1]);
    (void)argc;
    for (int i = 0; i < 40; i++) {
        int low = open("/tmp/x", O_RDWR | O_CREAT, 0600);
        for (int done = 0; done < SIZE; done += sizeof bytes)
            if (write(low, bytes, sizeof bytes) <= 0) return perror("write"), 1;
        int fd = dup2(low, 100 + i);
        void *there = mmap(0, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
        if (!stays) munmap(there, SIZE);
        close(low);
        close(fd);
        unlink("/tmp/x");
    }
    puts("all of it");
    return 0;
}
