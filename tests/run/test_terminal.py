"""An interactive sandbox: job control, keys that signal, size, editors, and the caller's terminal as it was."""

import os
import signal

import pytest

from harness import Sandboxed
from harness.keyboard import Keyboard
from harness.runners import podvisor

BASH = [podvisor(), "run", "--env", "PS1=$ ", "--env", "TERM=xterm", "--", "bash", "--norc", "--noprofile"]


@pytest.fixture
def bash():
    with Keyboard(BASH) as keyboard:
        keyboard.sees("$ ")
        yield keyboard


def test_a_terminal_is_given_when_this_is_one(bash: Keyboard):
    bash.type("tty; test -t 0 && test -t 1 && test -t 2 && echo all\r")
    assert "/dev/pts/0" in bash.sees("\nall")
    bash.type("exit 7\r")
    assert bash.ends() == 7


def test_no_terminal_is_given_when_this_is_none(sandboxed: Sandboxed):
    assert sandboxed.run("--", "tty").stdout == "not a tty\n"


def test_a_terminal_can_be_asked_for_or_refused(sandboxed: Sandboxed):
    assert sandboxed.run("--tty", "--", "tty").stdout == "/dev/pts/0\r\n"
    with Keyboard([podvisor(), "run", "--no-tty", "--", "tty"]) as keyboard:
        keyboard.sees("not a tty")
        assert keyboard.ends() == 1


def test_ctrl_c_interrupts_the_foreground_job_only(bash: Keyboard):
    bash.type("sleep 1000\r")
    bash.sees("sleep 1000")
    bash.type("\x03")
    bash.sees("$ ")
    bash.type("echo status $?\r")
    bash.sees("\nstatus 130")


def test_ctrl_z_stops_and_fg_continues(bash: Keyboard):
    bash.type("cat\r")
    bash.sees("cat\r\n")
    bash.type("one\r")
    bash.sees("one\r\none\r\n")
    bash.type("\x1a")
    bash.sees("Stopped")
    bash.sees("$ ")
    bash.type("jobs\r")
    bash.sees("Stopped")
    bash.sees("$ ")
    bash.type("fg\r")
    bash.sees("cat\r\n")
    bash.type("two\r")
    bash.sees("two\r\ntwo\r\n")
    bash.type("\x04")
    bash.sees("$ ")
    bash.type("echo status $?\r")
    bash.sees("\nstatus 0")


def test_a_background_job_runs_on_and_may_not_read_the_terminal(bash: Keyboard):
    bash.type("cat & wait -n; echo waited\r")
    bash.sees("Stopped")
    bash.type("\x03kill %1; wait; echo gone\r")
    bash.sees("\ngone")


def test_ctrl_backslash_quits(bash: Keyboard):
    bash.type("sleep 1000\r")
    bash.sees("sleep 1000")
    bash.type("\x1c")
    bash.sees("Quit")
    bash.sees("$ ")


def test_the_size_follows_the_window(bash: Keyboard):
    bash.type("stty size\r")
    bash.sees("24 80")
    bash.type("trap 'echo resized $(stty size)' WINCH\r")
    bash.sees("WINCH\r\n")
    bash.resize(50, 132)
    os.kill(bash.process.pid, signal.SIGWINCH)
    bash.type("\r")
    bash.sees("resized 50 132")


def test_line_editing_and_history(bash: Keyboard):
    bash.type("echo first\r")
    bash.sees("\nfirst")
    bash.sees("$ ")
    bash.type("\x1b[A\x7f\x7f\x7f\x7f\x7fsecond\r")
    bash.sees("\r\nsecond")


def test_less_shows_a_page_and_leaves(bash: Keyboard):
    bash.type("seq 1 1000 | less\r")
    bash.sees("23")
    bash.sees(":")
    bash.type(" ")
    bash.sees("46")
    bash.type("G")
    bash.sees("1000")
    bash.type("q")
    bash.sees("$ ")


def test_vi_edits_a_file(bash: Keyboard):
    bash.type("vi -u NONE /tmp/file\r")
    bash.sees("~")
    bash.type("ihello from vi\x1b")
    bash.type(":wq\r")
    bash.sees("$ ")
    bash.type("cat /tmp/file\r")
    bash.sees("\nhello from vi")


@pytest.mark.parametrize("how", ["exit", "missing program", "kernel killed", "terminated"])
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
                os.kill(descendant(keyboard.process.pid, "podvisor-sandb"), signal.SIGKILL)
            case "terminated":
                os.kill(descendant(keyboard.process.pid, "podvisor"), signal.SIGHUP)
        keyboard.sees("ended ")
        assert keyboard.settings() == before


def descendant(pid: int, name: str) -> int:
    """The one process below `pid` with this name."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = [int(child) for child in file.read().split()]
    for child in children:
        with open(f"/proc/{child}/comm") as file:
            if file.read().strip() == name:
                return child
    return next(found for child in children if (found := descendant(child, name)))
