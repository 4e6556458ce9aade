"""Volumes are shared live between the containers of a pod."""

import os
import shutil

import pytest

from podvisor.sandbox import errors, spec
from sandbox.pods import pod

DATA = spec.VolumeMount("data", "/data")


@pytest.fixture(params=["host", "memory"])
def data(request, tmp_path) -> spec.Volume:
    return spec.Volume("data", str(tmp_path) if request.param == "host" else None)


async def test_a_fifo_joins_two_containers(data):
    async with pod(data) as it:
        writer = await it.start("writer", "mkfifo /data/fifo; echo made; echo hello > /data/fifo", DATA)
        assert await writer.line() == "made"
        assert await it.run("reader", "cat /data/fifo", DATA) == "hello\n"


async def test_a_unix_socket_joins_two_containers(data):
    serve = """
import socket
listener = socket.socket(socket.AF_UNIX)
listener.bind("/data/socket")
listener.listen()
print("ready", flush=True)
one, _ = listener.accept()
one.sendall(one.recv(10).upper())
"""
    ask = """
import socket
one = socket.socket(socket.AF_UNIX)
one.connect("/data/socket")
one.sendall(b"hello")
print(one.recv(10).decode())
"""
    async with pod(data) as it:
        server = await it.program("server", ("/usr/bin/python3", "-c", serve), DATA)
        assert await server.line() == "ready"
        client = await it.program("client", ("/usr/bin/python3", "-c", ask), DATA)
        assert (await client.end())[0] == "HELLO\n"


@pytest.mark.parametrize("lock", ["flock", "lockf"])
async def test_a_lock_of_one_container_holds_for_the_other(data, lock):
    hold = f"""
import fcntl
file = open("/data/lock", "w")
fcntl.{lock}(file, fcntl.LOCK_EX)
print("held", flush=True)
open("/data/go").read()
"""
    attempt = f"""
import fcntl
file = open("/data/lock", "w")
try:
    fcntl.{lock}(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("busy")
open("/data/go", "w").close()
fcntl.{lock}(file, fcntl.LOCK_EX)
print("mine")
"""
    async with pod(data) as it:
        await it.run("first", "mkfifo /data/go", DATA)
        holder = await it.program("holder", ("/usr/bin/python3", "-c", hold), DATA)
        assert await holder.line() == "held"
        other = await it.program("other", ("/usr/bin/python3", "-c", attempt), DATA)
        assert (await other.end())[0] == "busy\nmine\n"


async def test_a_watch_sees_what_the_other_container_does(data):
    watch = """
import ctypes, os
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
libc.inotify_add_watch(fd, b"/data", 0x100)
print("watching", flush=True)
print(b"arrived" in os.read(fd, 4096))
"""
    async with pod(data) as it:
        watcher = await it.program("watcher", ("/usr/bin/python3", "-c", watch), DATA)
        assert await watcher.line() == "watching"
        await it.run("other", "touch /data/arrived", spec.VolumeMount("data", "/elsewhere"), DATA)
        assert (await watcher.end())[0] == "True\n"


async def test_a_watch_sees_what_the_host_replaces(tmp_path):
    watch = """
import ctypes, os, struct
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
top = libc.inotify_add_watch(fd, b"/data", 0xfff)
libc.inotify_add_watch(fd, b"/data/..data/key", 0xc00)
libc.inotify_add_watch(fd, b"/data/stays", 0xc00)
print("watching", flush=True)
told, seen = b"", []
while len(seen) < 3:
    told += os.read(fd, 4096)
    while len(told) >= 16:
        watch, mask, _, length = struct.unpack("iIII", told[:16])
        seen.append(("top" if watch == top else "key", hex(mask), told[16:16 + length].rstrip(b"\\0").decode()))
        told = told[16 + length:]
print(seen)
"""
    for state in ("one", "two"):
        (tmp_path / state).mkdir()
        (tmp_path / state / "key").write_text(state)
    (tmp_path / "stays").write_text("")
    (tmp_path / "..data").symlink_to("one")
    async with pod(spec.Volume("data", str(tmp_path), read_only=True)) as it:
        watcher = await it.program("watcher", ("/usr/bin/python3", "-c", watch), DATA)
        assert await watcher.line() == "watching"
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").rename(tmp_path / "..data")
        (tmp_path / "one" / "key").unlink()
        await it.sandbox.changed("data", "..data")
        assert (await watcher.end())[0] == "[('top', '0x80', '..data'), ('key', '0x400', ''), ('key', '0x8000', '')]\n"
        with pytest.raises(errors.Refused, match="volume other: there is none of that name"):
            await it.sandbox.changed("other", "..data")


async def test_a_shared_mapping_is_one_memory(data):
    write = """
import mmap
file = open("/data/map", "wb+")
file.truncate(4096)
memory = mmap.mmap(file.fileno(), 4096)
print("mapped", flush=True)
open("/data/go").read()
print(memory[:5].decode())
"""
    async with pod(data) as it:
        await it.run("first", "mkfifo /data/go", DATA)
        mapper = await it.program("mapper", ("/usr/bin/python3", "-c", write), DATA)
        assert await mapper.line() == "mapped"
        await it.run("other", "printf there | dd of=/data/map conv=notrunc 2>/dev/null; : > /data/go", DATA)
        assert (await mapper.end())[0] == "there\n"


async def test_what_was_written_stays_when_a_container_starts_anew(data):
    async with pod(data) as it:
        script = "chown 33:44 /data; echo kept > /data/file; mkfifo /data/fifo; chmod 640 /data/file"
        await it.run("app", script, DATA)
        assert await it.run(
            "app", "stat -c '%u %g' /data; stat -c %a%F /data/file /data/fifo; cat /data/file", DATA
        ) == ("33 44\n640regular file\n644fifo\nkept\n")


async def test_a_part_is_made_and_mounted(data):
    async with pod(data) as it:
        mount = spec.VolumeMount("data", "/www", "sites/one")
        await it.run("app", "echo index > /www/index", mount)
        assert await it.run("other", "cat /data/sites/one/index", DATA) == "index\n"


async def test_a_part_that_is_a_file_is_mounted_as_a_file(data):
    async with pod(data) as it:
        await it.run("first", "echo a=1 > /data/config; echo b > /data/other", DATA)
        mount = spec.VolumeMount("data", "/etc/app.conf", "config")
        text = await it.run(
            "app", "cat /etc/app.conf; echo a=2 > /etc/app.conf; ls /etc | grep -c other || true", mount
        )
        assert text == "a=1\n0\n"
        assert await it.run("other", "cat /data/config", DATA) == "a=2\n"


async def test_the_termination_log_is_a_file_below_dev(data):
    async with pod(data) as it:
        await it.run("first", ": > /data/app", DATA)
        await it.run("app", "echo done > /dev/termination-log", spec.VolumeMount("data", "/dev/termination-log", "app"))
        assert await it.run("other", "cat /data/app", DATA) == "done\n"


async def test_a_planted_link_leads_nowhere_but_into_the_volume(tmp_path):
    (tmp_path / "v").mkdir()
    (tmp_path / "secret").write_text("outside")
    async with pod(spec.Volume("data", str(tmp_path / "v"))) as it:
        plant = "ln -s / /data/root; ln -s ../../.. /data/up; ln -s /etc/passwd /data/passwd; mkdir /data/etc"
        await it.run("planter", plant, DATA)
        assert await it.run("a", "ls -A /seen", spec.VolumeMount("data", "/seen", "root")) == "etc\npasswd\nroot\nup\n"
        assert await it.run("b", "ls -A /seen", spec.VolumeMount("data", "/seen", "up")) == "etc\npasswd\nroot\nup\n"
        await it.run("c", "touch /seen/mark", spec.VolumeMount("data", "/seen", "passwd"))
        assert await it.run("d", "ls -A /data/etc/passwd", DATA) == "mark\n"
    assert sorted(os.listdir(tmp_path)) == ["secret", "v"]


@pytest.mark.parametrize("part", ["..", "a/../..", "/etc"])
async def test_a_part_outside_is_refused(data, part):
    async with pod(data) as it:
        with pytest.raises(errors.Refused, match="it must be relative and without") as refused:
            await it.start("app", "true", spec.VolumeMount("data", "/data", part))
        assert refused.value.kind == "Invalid"


async def test_a_mount_or_a_volume_may_be_read_only(tmp_path):
    (tmp_path / "file").write_text("text")
    async with pod(spec.Volume("data", str(tmp_path)), spec.Volume("fixed", str(tmp_path), read_only=True)) as it:
        script = "cat /data/file; touch /data/new 2>&1 | grep -o 'Read-only file system'"
        for mount in (spec.VolumeMount("data", "/data", read_only=True), spec.VolumeMount("fixed", "/data")):
            assert await it.run("app", script, mount) == "textRead-only file system\n"
        with pytest.raises(errors.Refused, match="volume fixed: sub_path new: no such file"):
            await it.start("app", "true", spec.VolumeMount("fixed", "/data", "new"))


async def test_beyond_its_size_a_volume_is_full(data):
    sized = spec.Volume(data.name, data.path, size_bytes=1 << 20)
    async with pod(sized) as it:
        text = await it.run(
            "app",
            "head -c 2000000 /dev/zero > /data/big; stat -c %s /data/big; touch /data/more; rm -f /data/*;"
            "head -c 900000 /dev/zero > /data/again && echo fits; df --output=size -B1M /data | tail -1",
            DATA,
        )
        assert "No space left on device" in text
        size, *rest = [line.strip() for line in text.splitlines() if not line.startswith(("head", "touch"))]
        assert (1 << 20) - 8192 <= int(size) <= 1 << 20
        assert rest == ["fits", "1"]


async def test_what_the_host_takes_out_of_a_volume_makes_room(tmp_path):
    async with pod(spec.Volume("data", str(tmp_path), size_bytes=1 << 20)) as it:
        for _ in range(3):
            await it.run("app", "until head -c 900000 /dev/zero > /data/file; do :; done", DATA)
            (tmp_path / "file").write_bytes(b"")


async def test_a_file_without_a_name_counts_while_it_is_open(tmp_path):
    hide = """
import os
import shutil
def hidden():
    fd = os.open("/data/file", os.O_CREAT | os.O_RDWR)
    os.link("/data/file", "/data/link")
    os.unlink("/data/file")
    os.unlink("/data/link")
    return fd
written, files = 0, []
try:
    while written < 1 << 24:
        files.append(hidden())
        written += os.write(files[-1], bytes(1 << 16))
except OSError as error:
    print(error.strerror, written <= 1 << 20)
for fd in files: os.close(fd)
with open("/data/file", "wb") as file: print(file.write(bytes(1 << 19)))
"""
    async with pod(spec.Volume("data", str(tmp_path), size_bytes=1 << 20)) as it:
        program = await it.program("app", ("/usr/bin/python3", "-c", hide), DATA)
        assert (await program.end())[0] == f"No space left on device True\n{1 << 19}\n"


async def test_a_group_owns_a_volume_as_fsgroup_asks(data, tmp_path):
    if data.path:
        (tmp_path / "file").write_text("text")
        (tmp_path / "file").chmod(0o600)
    async with pod(spec.Volume(data.name, data.path, gid=2000)) as it:
        script = "id -G; touch /data/new; mkdir /data/dir; stat -c '%g %A' /data /data/dir; stat -c %g /data/new"
        text = await it.run("app", script, DATA, user="1000:2000")
        assert (
            text == "2000\n2000 drwxrwsrwx\n2000 drwxr-sr-x\n2000\n"
            if not data.path
            else text.startswith("2000\n2000 d")
        )
        if data.path:
            assert await it.run("app", "cat /data/file; stat -c %a /data/file", DATA, user="1000:2000") == "text660\n"


async def test_volumes_are_refused_in_words(tmp_path):
    async with pod(spec.Volume("data")) as it:
        with pytest.raises(errors.Refused, match="volume data: already exists"):
            await it.sandbox.volume(spec.Volume("data"))
        with pytest.raises(errors.Refused, match="volume nowhere: there is none of that name") as refused:
            await it.start("app", "true", spec.VolumeMount("nowhere", "/data"))
        assert refused.value.kind == "NoSuch"
        await it.run("app", "true")
        await it.sandbox.volume(spec.Volume("later"))
        with pytest.raises(errors.Refused, match="volume host: one of the host must come before the first start"):
            await it.sandbox.volume(spec.Volume("host", str(tmp_path)))


async def test_a_layer_that_was_reached_for_serves_a_later_container(tmp_path):
    (tmp_path / "file").write_text("text")
    async with pod() as it:
        await it.sandbox.reach(str(tmp_path))
        await it.run("first", "true")
        it.root = spec.Root((spec.HostLayer("/more", str(tmp_path)), *it.root.layers))
        assert await it.run("second", "cat /more/file") == "text"


@pytest.mark.parametrize("change", ["mv /data/new /data/file", "rm /data/file"], ids=["replaced", "removed"])
async def test_a_file_that_is_mounted_alone_stays_the_file_that_it_was(data, change):
    async with pod(data) as it:
        await it.run("first", "echo old > /data/file; echo new > /data/new; mkfifo /data/go /data/done", DATA)
        look = "echo up; read -r x < /data/go; cat /one; echo more >> /one; cat /one; stat -c %h /one"
        holder = await it.start("holder", look, spec.VolumeMount("data", "/one", "file"), DATA)
        assert await holder.line() == "up"
        await it.run("other", f"{change}; echo go > /data/go", DATA)
        text, exited = await holder.end()
        assert (text, exited.code) == ("old\nold\nmore\n0\n", 0)


async def test_a_file_that_is_mounted_alone_stays_when_the_host_replaces_its_directory(tmp_path):
    for state in ("one", "two"):
        (tmp_path / state).mkdir()
        (tmp_path / state / "key").write_text(f"{state}\n")
    (tmp_path / "..data").symlink_to("one")
    (tmp_path / "key").symlink_to("..data/key")
    mount = spec.VolumeMount("data", "/etc/key", "key", read_only=True)
    async with pod(spec.Volume("data", str(tmp_path), read_only=True)) as it:
        await it.start("holder", "sleep 1000", mount)
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").rename(tmp_path / "..data")
        shutil.rmtree(tmp_path / "one")
        assert (await (await it.exec("holder", "cat /etc/key; stat -c %s /etc/key")).end())[0] == "one\n4\n"
        assert await it.run("later", "cat /etc/key", mount) == "two\n"


async def test_a_directory_that_is_made_for_a_part_is_like_the_volume(tmp_path):
    tmp_path.chmod(0o777)
    volumes = [
        spec.Volume("host", str(tmp_path)),
        spec.Volume("memory"),
        spec.Volume("shared", gid=2000),
    ]
    mounts = [spec.VolumeMount(one.name, f"/{one.name}", "a/b") for one in volumes]
    async with pod(*volumes) as it:
        shown = await it.run("app", "stat -c '%a %g' /host /memory /shared; touch /host/x", *mounts, user="1000:1000")
        assert shown == "777 0\n777 0\n2777 2000\n"


@pytest.mark.parametrize("directory", ["/made/here", "/data/made"])
async def test_a_working_directory_that_is_not_there_is_made(data, directory):
    async with pod(data) as it:
        reader, writer = os.pipe()
        process = spec.Process(("sh", "-c", "pwd; stat -c '%a %u' ."), spec.Streams(None, writer, None), cwd=directory)
        running = await it.sandbox.start(spec.Container("app", it.root, process, mounts=(DATA,), read_only_root=True))
        os.close(writer)
        assert (await running.exited).code == 0
        assert os.read(reader, 1000).decode() == f"{directory}\n755 0\n"
        os.close(reader)
