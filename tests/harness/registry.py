"""A real registry on loopback, and images made for it with the tools that others use (Debian's packages)."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = ("docker-registry", "skopeo", "umoci", "busybox")
TREE = ("bin", "etc", "home/app", "tmp", "srv")
PASSWORD = "secret-word"
HTPASSWD = "ann:$2b$04$eucDNwABMcnakSIBxeJHPOBdecOWOwFM2EF3q7q2ITAStmzf9EskG\n"
"""A password file of docker-registry, which knows bcrypt alone: ann, with PASSWORD."""
APPLETS = ("sh", "cat", "ls", "id", "pwd", "env", "echo", "sleep", "touch", "stat", "true", "find")


def need(*programs: str) -> None:
    """Skip a test where programs are not installed; tools/test-packages installs them."""
    if missing := [one for one in programs if shutil.which(one) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}; tools/test-packages installs them")


@dataclass(frozen=True, slots=True)
class Registry:
    """One that runs."""

    host: str
    """`localhost:PORT`, or by another name of loopback."""
    directory: Path

    def push(self, layout: Path, name: str, *words: str, tag: str = "latest", source_tag: str = "x") -> str:
        """Copy an image from an OCI layout, and say what it is called now; `words` are more flags."""
        target = f"{self.host}/{name}:{tag}"
        skopeo("copy", f"oci:{layout}:{source_tag}", f"docker://{target}", "--dest-tls-verify=false", *words)
        return target


def skopeo(*words: str) -> str:
    """Run skopeo, with a policy that asks for no signatures."""
    done = subprocess.run(["skopeo", "--insecure-policy", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def umoci(*words: str) -> None:
    """Run umoci."""
    done = subprocess.run(["umoci", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def served(directory: Path, name: str = "localhost", **settings: object) -> Generator[Registry]:
    """A registry that keeps its content below a directory; `settings` are sections of its configuration."""
    need(*PROGRAMS)
    port = free_port()
    http = {"addr": f"127.0.0.1:{port}", **dict(settings.pop("http", {}))}  # type: ignore[call-overload]
    config = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(directory / "content")}, "delete": {"enabled": True}},
        "http": http,
        **settings,
    }
    path = directory / "config.yml"
    path.write_text(json.dumps(config))
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(path)], stdout=log, stderr=log)
        try:
            _wait(process, port, directory / "log")
            yield Registry(f"{name}:{port}", directory)
        finally:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until it listens; a connection that is refused is tried again."""
    import time

    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"docker-registry does not listen: {log.read_text()}")


def busybox_tree(root: Path) -> Path:
    """A small root file system that runs, with a user of its own."""
    need("busybox")
    for name in TREE:
        (root / name).mkdir(parents=True)
    shutil.copy(str(shutil.which("busybox")), root / "bin/busybox")
    for name in APPLETS:
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\napp:x:70:71::/home/app:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\napps:x:71:\nextra:x:99:app\n")
    (root / "marker").write_text("this image\n")
    (root / "home/app").chmod(0o750)
    if os.geteuid() == 0:
        os.chown(root / "home/app", 70, 71)
    return root


def layout(directory: Path, root: Path, *config: str) -> Path:
    """An OCI layout with one image, tagged `x`: the tree as a layer, and what `umoci config` is told."""
    need("umoci")
    made = directory / "layout"
    umoci("init", "--layout", str(made))
    umoci("new", "--image", f"{made}:x")
    umoci("insert", "--image", f"{made}:x", str(root), "/")
    if config:
        umoci("config", "--image", f"{made}:x", *config)
    return made
