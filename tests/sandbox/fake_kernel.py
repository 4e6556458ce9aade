#!/usr/bin/env python3
"""Speaks the control protocol and runs programs on the host, in no sandbox at all.

For tests of the other side of the protocol. Besides programs it knows commands for what a real kernel does only when
it is broken: `!die`, `!fatal`, `!garbage`, and `!hang`, after which it answers nothing any more; and for ends that are
told in one piece with the answer, of a process 1 as every container has it: `!again CODE`.
"""

import json
import os
import select
import signal
import socket
import sys


class Kernel:
    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.parked: dict[str, int] = {}
        self.running: dict[int, tuple[int, str, bool]] = {}

    def serve(self) -> None:
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        while True:
            for pidfd in self.running:
                poll.register(pidfd, select.POLLIN)
            for fd, _ in poll.poll():
                if fd == self.control.fileno():
                    self.receive()
                else:
                    poll.unregister(fd)
                    self.reap(fd)

    def receive(self) -> None:
        header, descriptors, _, _ = socket.recv_fds(self.control, 4, 253)
        if not header:
            self.end()
        body = b""
        while len(body) < int.from_bytes(header, "little"):
            body += self.control.recv(int.from_bytes(header, "little") - len(body))
        request = json.loads(body)
        answer = getattr(self, request.pop("op"))(descriptors, **request)
        if answer is not None:
            self.send({"id": request["id"], **answer})

    def end(self, code: int = 0) -> None:
        for pid, _, _ in self.running.values():
            os.kill(pid, signal.SIGKILL)
        sys.exit(code)

    def send(self, message: dict) -> None:
        self.control.sendall(framed(message))

    def create(self, descriptors, id, pod):
        return {"ok": {}}

    def attach(self, descriptors, id, key):
        (self.parked[key],) = descriptors
        return {"ok": {}}

    def start(self, descriptors, id, container, process, **rest):
        return self.execute(descriptors, id, container, process, init=True)

    def exec(self, descriptors, id, container, process):
        return self.execute(descriptors, id, container, process, init=False)

    def execute(self, descriptors, id, container, process, *, init):
        match process["args"]:
            case ["!die"]:
                self.end(9)
            case ["!fatal"]:
                self.send({"event": "fatal", "message": "an inode was freed twice"})
                self.end(70)
            case ["!garbage"]:
                self.control.sendall(b"\xff\xff\xff\xff")
                return None
            case ["!hang"]:
                signal.pause()
            case ["!slow"]:
                return None
            case ["!again", code]:
                ended = {"container": container, "pid": 1, "code": int(code), "signal": None}
                messages = [
                    {"id": id, "ok": {"pid": 1}},
                    {"event": "exited", **ended, "oom": False, "init": init},
                ]
                self.control.sendall(b"".join(map(framed, messages)))
                return None
        streams = [
            os.open(os.devnull, os.O_RDWR) if one is None else descriptors[one["fd"]] for one in process["stdio"]
        ]
        actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(streams)]
        defaults = [signal.SIGINT, signal.SIGQUIT]
        environment = dict(variable.split("=", 1) for variable in process["env"]) or {"PATH": os.defpath}
        try:
            pid = os.posix_spawnp(
                process["args"][0],
                process["args"],
                environment,
                file_actions=actions,
                setpgroup=0,
                setsigdef=defaults,
                setsigmask=[],
            )
        except FileNotFoundError:
            message = f'exec: "{process["args"][0]}": executable file not found in $PATH'
            return {"error": {"kind": "NotFound", "message": message, "exit_code": 127}}
        for fd in descriptors:
            os.close(fd)
        self.running[os.pidfd_open(pid)] = (pid, container, init)
        return {"ok": {"pid": pid}}

    def signal(self, descriptors, id, container, pid, signal, all):
        os.kill(pid, signal)
        return {"ok": {}}

    def ping(self, descriptors, id):
        return {"ok": {}}

    def stats(self, descriptors, id):
        return {"ok": {"containers": {}, "kernel": {"parked": len(self.parked)}}}

    def reap(self, pidfd: int) -> None:
        pid, container, init = self.running.pop(pidfd)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        code, number = (None, -status) if status < 0 else (status, None)
        ended = {"container": container, "pid": pid, "code": code, "signal": number, "oom": False, "init": init}
        self.send({"event": "exited", **ended})


def framed(message: dict) -> bytes:
    body = json.dumps(message).encode()
    return len(body).to_bytes(4, "little") + body


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    os.set_inheritable(int(sys.argv[3]), False)
    Kernel(socket.socket(fileno=int(sys.argv[3]))).serve()
