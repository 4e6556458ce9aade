#include "silent.h"

static int fill(void *none) {
    enum { PIECE = 4 << 20 };
    (void)none;
    for (int i = 0; i < 128; i++) {
        char *piece = mmap(0, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(piece, 1, PIECE);
    }
    return wait_unseen(0);
}

int main(void) {
    silent_thread(fill, 0);
    rest(20);
    puts("all of it");
    return 0;
}
