"""Terminals whose both ends are written to, read and set without a pause."""

import os
import termios

pairs = [os.openpty() for _ in range(50)]
for pair in pairs:
    for end in pair:
        os.set_blocking(end, False)
while True:
    for master, slave in pairs:
        for end in (master, slave):
            try:
                os.write(end, b"x\ny" * 3000)
                os.read(end, 1 << 16)
            except BlockingIOError:
                termios.tcflush(end, termios.TCIOFLUSH)
            state = termios.tcgetattr(slave)
            state[3] ^= termios.ICANON | termios.ECHO
            termios.tcsetattr(slave, termios.TCSADRAIN if end == master else termios.TCSANOW, state)
