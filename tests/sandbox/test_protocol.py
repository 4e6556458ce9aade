"""The messages of docs/control-protocol.md, compared with the fixtures that the Rust side reads too."""

import json
import os
from pathlib import Path

import pytest

from podvisor.sandbox import errors, protocol, spec
from podvisor.sandbox.descriptors import MAX_DESCRIPTORS, Descriptors

FIXTURES = Path(__file__).parents[2] / "crates/control/fixtures"


def fixture(name: str) -> dict:
    return json.loads((FIXTURES / name).with_suffix(".json").read_text())


def arguments(name: str) -> dict:
    request = fixture(f"requests/{name}")
    return {key: value for key, value in request.items() if key not in ("id", "op")}


def plain(value: object) -> object:
    return json.loads(json.dumps(value))


def test_create_is_written_as_the_fixture_says():
    pod = spec.Pod(
        hostname="web-0",
        memory_bytes=256 << 20,
        pids_limit=512,
        cpus=0.5,
        addresses=("10.244.0.7",),
        sysctls={"net.core.somaxconn": "1024"},
    )
    assert plain(protocol.create(pod)) == arguments("create")


def test_start_is_written_as_the_fixture_says(tmp_path):
    process = spec.Process(
        args=("sh", "-c", "echo hello"),
        env=("PATH=/usr/bin:/bin", "GREETING=hello"),
        cwd="/data",
        user="1000:1000",
        groups=(44,),
        umask=0o022,
        stdio=spec.Streams(None, 1, 2),
        rlimits={"NOFILE": (1024, 4096)},
        no_new_privs=True,
    )
    container = spec.Container(
        name="app",
        root=spec.Root(
            layers=(
                spec.FileLayer("/etc/hosts", "127.0.0.1 localhost\n"),
                spec.DirectoryLayer("/var/tmp", 0o1777),
                spec.SymlinkLayer("/bin", "usr/bin"),
                spec.HostLayer("/usr", str(tmp_path)),
                spec.HostLayer("/", str(tmp_path), ids="host"),
                spec.ErofsLayer(str(tmp_path), (str(tmp_path), str(tmp_path))),
            ),
            upper_bytes=1 << 30,
            upper=str(tmp_path),
        ),
        process=process,
        mounts=(
            spec.Bind("/data", str(tmp_path), read_only=True),
            spec.VolumeMount("data", "/srv", "www/site", read_only=True),
            spec.Tmpfs("/tmp", 65536, 0o1777),
            spec.KernelMount("proc", "/proc"),
            spec.KernelMount("sysfs", "/sys"),
            spec.KernelMount("dev", "/dev"),
            spec.KernelMount("devpts", "/dev/pts"),
            spec.KernelMount("mqueue", "/dev/mqueue"),
            spec.KernelMount("shm", "/dev/shm"),
            spec.File("/etc/resolv.conf", "nameserver 10.96.0.10\n"),
        ),
        limits=spec.Limits(memory_bytes=128 << 20, pids_limit=64),
        masked_paths=("/proc/kcore",),
        readonly_paths=("/proc/sys",),
    )
    with Descriptors("3") as descriptors:
        written = plain(protocol.start(container, descriptors))
    assert without_descriptors(written) == without_descriptors(arguments("start"))


def test_volumes_are_written_as_the_fixtures_say(tmp_path):
    with Descriptors("10") as descriptors:
        host = protocol.volume(spec.Volume("data", str(tmp_path), size_bytes=1 << 20, gid=2000, uid=1000), descriptors)
        memory = protocol.volume(spec.Volume("scratch"), descriptors)
        assert len(descriptors.sent) == 1
    assert (plain(host), plain(memory)) == (arguments("volume-host"), arguments("volume-memory"))
    (tmp_path / "file").touch()
    path = str(tmp_path / "file")
    with Descriptors("12") as descriptors:
        image = protocol.volume(spec.ImageVolume("assets", path, (path, path)), descriptors)
        assert len(descriptors.sent) == 3
    assert without_descriptors(plain(image)) == without_descriptors(arguments("volume-image"))


def without_descriptors(value: object) -> object:
    """The same message with every descriptor reference made equal: their places are the sender's own affair."""
    if isinstance(value, dict):
        if set(value) in ({"fd"}, {"key"}):
            return "REF"
        kept = {key: without_descriptors(entry) for key, entry in value.items()}
        return {key: entry for key, entry in kept.items() if (key, entry) != ("ids", "root")}
    if isinstance(value, list):
        return [without_descriptors(entry) for entry in value]
    return value


def test_exec_with_a_terminal_is_written_as_the_fixture_says():
    process = spec.Process(args=("bash",), stdio=spec.Terminal(0, 1, 24, 80))
    with Descriptors("4") as descriptors:
        assert plain(protocol.execute("app", process, descriptors)) == arguments("exec")
        assert descriptors.sent == [0, 1]


def test_answers_are_read():
    assert protocol.read(body("answers/started")) == protocol.Answer(3, {"pid": 1}, None)
    failed = protocol.read(body("answers/failed"))
    assert isinstance(failed, protocol.Answer)
    assert failed.error is not None
    assert (failed.error.kind, failed.error.exit_code) == ("NotFound", 127)
    assert str(failed.error) == 'exec: "foo": executable file not found in $PATH'


def test_events_are_read():
    exited = protocol.read(body("events/exited"))
    killed = protocol.read(body("events/killed"))
    assert isinstance(exited, protocol.Exited)
    assert isinstance(killed, protocol.Exited)
    assert (exited.status, exited.init) == (3, True)
    assert (killed.status, killed.oom) == (137, True)
    assert protocol.read(body("events/fatal")) == protocol.Fatal("an inode was freed twice")


@pytest.mark.parametrize("said", [b"", b"[]", b"{}", b'{"id": 1}', b'{"event": "exited"}', b'{"event": "party"}'])
def test_what_is_no_message_breaks_the_protocol(said):
    with pytest.raises(errors.ProtocolBroken):
        protocol.read(said)


def body(name: str) -> bytes:
    return (FIXTURES / name).with_suffix(".json").read_bytes()


def test_a_message_may_arrive_in_any_pieces():
    written = protocol.write(7, "stats", {})
    text = b'{"id": 7, "ok": {}}'
    stream = 2 * (len(text).to_bytes(4, "little") + text)
    decoder = protocol.Decoder()
    read = [message for index in range(len(stream)) for message in decoder.feed(stream[index : index + 1])]
    assert read == 2 * [protocol.Answer(7, {}, None)]
    assert json.loads(written[4:]) == {"id": 7, "op": "stats"}


def test_layers_beyond_one_message_are_parked_and_every_descriptor_is_closed(tmp_path):
    many = MAX_DESCRIPTORS + 20
    root = spec.Root(tuple(spec.HostLayer(f"/{number}", str(tmp_path)) for number in range(many)))
    container = spec.Container("app", root, spec.Process(("true",), spec.Streams()))
    before = os.listdir("/proc/self/fd")
    with Descriptors("9") as descriptors:
        written = protocol.start(container, descriptors)
        assert len(descriptors.sent) <= MAX_DESCRIPTORS
        assert len(descriptors.sent) + len(descriptors.parked) == many
        keys = [layer["fd"]["key"] for layer in written["root"]["layers"] if "key" in layer["fd"]]
        assert keys == [key for key, _ in descriptors.parked]
    assert os.listdir("/proc/self/fd") == before


def test_a_socket_is_no_layer(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with Descriptors("1") as descriptors, pytest.raises(errors.NotMountable, match="fifo: neither a directory"):
        descriptors.open(str(tmp_path / "fifo"))
