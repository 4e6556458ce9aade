"""Two processes that send each other signals without end, each answered by a handler."""

import os
import signal

for number in (signal.SIGUSR1, signal.SIGUSR2, *range(40, 60)):
    signal.signal(number, lambda *_: None)
other = os.fork() or os.getppid()
while True:
    for number in (signal.SIGUSR1, signal.SIGUSR2, *range(40, 60)):
        os.kill(other, number)
