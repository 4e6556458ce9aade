/* As many mappings as there may be, a page each, in a process and its children. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAPPINGS = 32000, PAGE = 4096, CHILDREN = 7 };

int main(void) {
    char *all = mmap(0, (size_t)2 * MAPPINGS * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) return 1;
    for (size_t i = 0; i < MAPPINGS; i++) mprotect(all + 2 * i * PAGE, PAGE, PROT_READ);
    for (int child = 0; child < CHILDREN; child++)
        if (fork() == 0) pause();
    usleep(500000);
    puts("all of it");
    return 0;
}
