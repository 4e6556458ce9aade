/* Segments end at SHMMNI, shmget(2), or at what the kernel can open, and afterwards a process can still be made, known and
 * waited for, or is refused. */
#include <errno.h>
#include <stdio.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int made = 0, status;
    while (shmget(IPC_PRIVATE, 4096, 0600) >= 0)
        made++;
    if (made > 4096 || (errno != ENOSPC && errno != ENFILE))
        return 1;
    for (int round = 0; round < 20; round++) {
        pid_t child = fork();
        if (child == 0)
            _exit(3);
        if (child < 0 || waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 3)
            return 2;
    }
    puts("all are known");
    return 0;
}
