"""The blocking driver, against a kernel that runs programs on the host."""

import os
import signal

import pytest

from podvisor.sandbox import errors, protocol, spec
from podvisor.sandbox.process import Sandbox


def container(*args: str, stdout: int | None = None) -> spec.Container:
    return spec.Container("app", spec.Root(()), spec.Process(args, spec.Streams(None, stdout, None)))


def exit_of(sandbox: Sandbox, pid: int) -> protocol.Exited:
    while True:
        for event in sandbox.events():
            if isinstance(event, protocol.Exited) and event.pid == pid:
                return event
        sandbox.receive()


def test_a_program_writes_to_our_descriptor_and_tells_its_exit_code(fake_kernel):
    reader, writer = os.pipe()
    with Sandbox(fake_kernel) as sandbox, open(reader) as output:
        sandbox.create(spec.Pod("h"))
        pid = sandbox.start(container("sh", "-c", "echo hello; exit 3", stdout=writer))
        os.close(writer)
        exited = exit_of(sandbox, pid)
        assert output.read() == "hello\n"
    assert (exited.code, exited.signal, exited.init, exited.status) == (3, None, True, 3)


def test_a_signal_ends_a_program(fake_kernel):
    with Sandbox(fake_kernel) as sandbox:
        pid = sandbox.start(container("sleep", "1000"))
        sandbox.signal("app", pid, signal.SIGTERM)
        exited = exit_of(sandbox, pid)
    assert (exited.code, exited.signal, exited.status) == (None, 15, 143)


def test_a_refusal_carries_the_kernels_words_and_exit_code(fake_kernel):
    with Sandbox(fake_kernel) as sandbox, pytest.raises(errors.Refused, match="not found in") as refused:
        sandbox.start(container("no-such-program"))
    assert (refused.value.kind, refused.value.exit_code) == ("NotFound", 127)


@pytest.mark.parametrize(
    ("command", "said"), [("!die", "ended with code 9"), ("!fatal", "an inode was freed twice")], ids=str
)
def test_a_kernel_that_ends_is_reported(fake_kernel, command, said):
    with Sandbox(fake_kernel) as sandbox, pytest.raises(errors.Ended, match=said):
        sandbox.start(container(command))


def test_a_kernel_that_answers_nothing_any_more_is_killed(fake_kernel, hasty):
    with Sandbox(fake_kernel) as sandbox:
        sandbox.create(spec.Pod("h"))
        hasty()
        with pytest.raises(errors.Unresponsive, match="did not answer, and was killed"):
            sandbox.start(container("!hang"))
        assert sandbox.pid is None


def test_a_halted_kernel_is_found_by_a_look_and_killed(fake_kernel, hasty):
    with Sandbox(fake_kernel) as sandbox:
        sandbox.start(container("sleep", "1000"))
        hasty()
        assert sandbox.pid is not None
        os.kill(sandbox.pid, signal.SIGSTOP)
        with pytest.raises(errors.Unresponsive):
            sandbox.look()


def test_garbage_breaks_the_protocol(fake_kernel):
    with Sandbox(fake_kernel) as sandbox, pytest.raises(errors.ProtocolBroken):
        sandbox.start(container("!garbage"))


def test_leaving_ends_the_program_and_leaves_no_descriptor(fake_kernel, open_descriptors):
    before = open_descriptors()
    with Sandbox(fake_kernel) as sandbox:
        pid = sandbox.start(container("sleep", "1000"))
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        _wait_until_gone(pid)
    assert open_descriptors() == before


def _wait_until_gone(pid: int) -> None:
    """Its parent has ended, so it is init's to reap; that is when the number becomes free."""
    for _ in range(10_000_000):
        os.kill(pid, 0)
        os.sched_yield()


def test_many_layers_travel_ahead(fake_kernel, tmp_path):
    layers = tuple(spec.HostLayer(f"/{number}", str(tmp_path)) for number in range(300))
    with Sandbox(fake_kernel) as sandbox:
        sandbox.start(spec.Container("app", spec.Root(layers), spec.Process(("true",), spec.Streams())))
        assert sandbox.stats()["kernel"]["parked"] == 60


def test_a_missing_binary_is_named():
    with pytest.raises(errors.BinaryMissing, match="cannot run /nowhere/podvisor-sandbox: No such file"):
        Sandbox("/nowhere/podvisor-sandbox")
