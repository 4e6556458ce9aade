#include "silent.h"

int main(void) {
    int made = 0;
    while (made < 3000 && silent_thread(wait_unseen, 0) > 0) made++;
    printf("%d\n", made);
    return 0;
}
