/* Memory that is shared by fork(2) until all write to it at the same moment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 32 << 20, CHILDREN = 8 };

int main(void) {
    char *all = malloc(SIZE), byte;
    int begin[2];
    memset(all, 1, SIZE);
    if (pipe(begin)) return 1;
    for (int child = 0; child < CHILDREN; child++)
        if (fork() == 0) {
            close(begin[1]);
            if (read(begin[0], &byte, 1) < 0) return 1;
            memset(all, 2, SIZE);
            pause();
        }
    close(begin[1]);
    usleep(500000);
    puts("all of it");
    return 0;
}
