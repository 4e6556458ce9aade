/* Calls that cost the caller little and the kernel much. */
#include <poll.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

int main(int argc, char **argv) {
    enum { MANY = 500000 };
    struct rlimit files = {MANY, MANY};
    struct pollfd *entries = calloc(MANY, sizeof *entries);
    struct timespec now;
    int calls = 0;
    (void)argc;
    setrlimit(RLIMIT_NOFILE, &files);
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t end = now.tv_sec + atoi(argv[1]);
    for (; now.tv_sec < end; clock_gettime(CLOCK_MONOTONIC, &now)) calls += poll(entries, MANY, 0) >= 0;
    printf("%d\n", calls);
    return 0;
}
