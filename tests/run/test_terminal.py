"""An interactive sandbox: job control, keys that signal, size, editors, and the caller's terminal as it was."""

import os
import signal

import pytest

from harness import Sandboxed
from harness.keyboard import Keyboard
from harness.leftovers import processes_below
from harness.runners import podvisor

BASH = [podvisor(), "run", "--env", "PS1=$ ", "--env", "TERM=xterm", "--", "bash", "--norc", "--noprofile"]


UNEDITED = "\x1b[?2004l"
"""What bash's line editor shows when it hands the terminal to a command; what is typed before belongs to the editor."""


RESIZED = (
    "import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH]); signal.signal(signal.SIGWINCH, "
    'lambda *_: None); print("ready", flush=True); signal.sigwait([signal.SIGWINCH]); size = os.get_terminal_size(); '
    "print((size.lines, size.columns))"
)
"""A Python program that waits for one change of the window's size."""


def runs(bash: Keyboard, command: str, shown: str) -> None:
    """Type a command, and wait until it shows something."""
    bash.type(f"{command}\r")
    bash.sees(UNEDITED)
    bash.sees(shown)


@pytest.fixture
def bash():
    with Keyboard(BASH) as keyboard:
        keyboard.sees("$ ")
        yield keyboard


def test_a_terminal_is_given_when_this_is_one(bash: Keyboard):
    runs(bash, "test -t 0 && test -t 1 && test -t 2 && tty", "/dev/pts/0")
    bash.sees("$ ")
    bash.type("exit 7\r")
    assert bash.ends() == 7


def test_no_terminal_is_given_when_this_is_none(sandboxed: Sandboxed):
    assert sandboxed.run("--", "tty").stdout == "not a tty\n"


def test_a_terminal_can_be_asked_for_or_refused(sandboxed: Sandboxed):
    assert sandboxed.run("--tty", "--", "tty").stdout == "/dev/pts/0\n"
    with Keyboard([podvisor(), "run", "--no-tty", "--", "tty"]) as keyboard:
        keyboard.sees("not a tty")
        assert keyboard.ends() == 1


def test_ctrl_c_interrupts_the_foreground_job_only(bash: Keyboard):
    runs(bash, "sh -c 'echo running; exec sleep 1000'", "running")
    bash.type("\x03")
    bash.sees("$ ")
    runs(bash, "echo status $?", "status 130")


def test_ctrl_backslash_quits(bash: Keyboard):
    runs(bash, "ulimit -c 0; sh -c 'echo running; exec sleep 1000'", "running")
    bash.type("\x1c")
    bash.sees("Quit")
    bash.sees("$ ")


def test_ctrl_z_stops_and_fg_continues(bash: Keyboard):
    runs(bash, "sh -c 'echo running; exec cat'", "running\r\n")
    bash.type("one\r")
    bash.sees("one\r\none\r\n")
    bash.type("\x1a")
    bash.sees("Stopped")
    bash.sees("$ ")
    runs(bash, "jobs", "Stopped")
    bash.sees("$ ")
    runs(bash, "fg", "exec cat'\r\n")
    bash.type("two\r")
    bash.sees("two\r\ntwo\r\n")
    bash.type("\x04")
    bash.sees("$ ")
    runs(bash, "echo status $?", "status 0")


def test_a_background_job_may_not_read_the_terminal(bash: Keyboard):
    runs(bash, "cat &", "$ ")
    runs(bash, "until [[ $(jobs) == *Stop?ed* ]]; do :; done; jobs", "Stopped")
    bash.sees("$ ")
    runs(bash, "kill -9 %1; while [[ $(jobs) == *Stop?ed* ]]; do :; done; wait %1; echo status $?", "status 137")


def test_the_size_follows_the_window(bash: Keyboard):
    runs(bash, "stty size", "24 80")
    bash.sees("$ ")
    runs(bash, f"/usr/bin/python3 -c '{RESIZED}'", "ready\r\n")
    bash.resize(50, 132)
    bash.sees("(50, 132)")


def test_line_editing_and_history(bash: Keyboard):
    runs(bash, "echo first", "first")
    bash.sees("$ ")
    bash.type("\x1b[A\x7f\x7f\x7f\x7f\x7fsecond\r")
    bash.sees(UNEDITED)
    bash.sees("second")


def test_less_shows_a_page_and_leaves(bash: Keyboard):
    runs(bash, "seq 1 1000 | less", "23")
    bash.sees(":")
    bash.type(" ")
    bash.sees("46")
    bash.type("G")
    bash.sees("1000")
    bash.type("q")
    bash.sees("$ ")


def test_vi_edits_a_file(bash: Keyboard):
    runs(bash, "vi -u NONE /tmp/file", "~")
    bash.type("ihello from vi\x1b")
    bash.type(":wq\r")
    bash.sees("$ ")
    runs(bash, "cat /tmp/file", "hello from vi")


@pytest.mark.parametrize("how", ["exit", "missing program", "kernel killed", "hung up"])
def test_the_callers_terminal_is_restored_however_it_ends(how: str):
    argv = [podvisor(), "run", "--", "no-such-program"] if how == "missing program" else BASH
    with Keyboard(["sh", "-c", 'read -r go; "$@"; echo ended $?; read -r x', "sh", *argv]) as keyboard:
        before = keyboard.settings()
        keyboard.type("\r")
        if how != "missing program":
            keyboard.sees("$ ")
            assert keyboard.settings() != before
        match how:
            case "exit":
                keyboard.type("exit\r")
            case "kernel killed":
                os.kill(processes_below(keyboard.process.pid)[1].pid, signal.SIGKILL)
            case "hung up":
                os.kill(processes_below(keyboard.process.pid)[0].pid, signal.SIGHUP)
        keyboard.sees("ended ")
        assert keyboard.settings() == before
