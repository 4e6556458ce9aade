/* A file mapped under a high number in many processes: each would have a table of half a million descriptors. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

int main(void) {
    struct rlimit most = {524288, 524288};
    setrlimit(RLIMIT_NOFILE, &most);
    int fd = dup2(open("/proc/self/exe", O_RDONLY), 524287);
    void *there = mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    puts(there == MAP_FAILED ? "refused" : *(char *)there == 0x7f ? "mapped" : "another file");
    return 0;
}
