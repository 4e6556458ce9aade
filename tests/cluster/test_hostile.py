"""A hostile pod harms nobody but itself: beside it a well-behaved pod and the API go on, and it can be deleted."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cluster import victims
from harness.catalogue.garbage import GARBAGE
from harness.cluster import command, detach
from podvisor import sdk
from podvisor.base.clock import SystemClock
from podvisor.sdk.exec import execute

Json = dict[str, Any]
PODS = sdk.kinds.PODS.raw
CONFIG_MAPS = sdk.kinds.CONFIGMAPS.raw
CLOCK = SystemClock()
GOOD, BAD = sdk.Key("default", "good"), sdk.Key("default", "bad")
SECONDS = 60
"""How long a test waits for what must come."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A hostile container, and what is to be seen of it."""

    command: list[str]
    says: str = ""
    """What its log comes to hold."""
    ends: str = ""
    """The reason with which it ends; without one it goes on until it is deleted."""
    limits: Json = field(default_factory=dict[str, Any])
    volume: Json | None = None
    """A volume, mounted at /volume."""


def bash(script: str, **rest: Any) -> Bad:
    return Bad(["bash", "-c", script], **rest)


def python(script: str, *arguments: str, **rest: Any) -> Bad:
    return Bad(["/usr/bin/python3", "-c", script, *arguments], **rest)


ALLOCATE = "x = []\nwhile True: x.append(bytearray(b'x' * (1 << 20)))"
FORK = """
import os, time
n = 1
try:
    while os.fork(): n += 1
except BlockingIOError:
    print(n, 'is the limit', flush=True)
time.sleep(1000)
"""
OPEN = """
import os, time
for _ in range(7): os.fork()
try:
    while True: os.open('/dev/null', 0)
except OSError as error:
    print(error.strerror, flush=True)
time.sleep(1000)
"""
SPIN = """
import threading
def spin():
    while True: pass
for _ in range(20): threading.Thread(target=spin).start()
print('spinning', flush=True)
"""
HOSTILE = {
    "forks a bomb": bash("f() { f | f & }; while :; do f; sleep 0.1; done", says="Resource temporarily unavailable"),
    "forks up to the limit": python(FORK, says="100 is the limit"),
    "allocates without a limit": python(ALLOCATE, ends="OOMKilled"),
    "allocates beyond its limit": python(ALLOCATE, ends="OOMKilled", limits={"memory": "64Mi"}),
    "fills its root": bash(
        "cat /dev/zero >/big; echo here >/small; sleep 1000", says="No space left", limits={"ephemeral-storage": "16Mi"}
    ),
    "fills its root without a limit": bash("while :; do cat /dev/zero >>/big; done"),
    "fills a volume": bash(
        "cat /dev/zero >/volume/big; sleep 1000", says="No space left", volume={"emptyDir": {"sizeLimit": "16Mi"}}
    ),
    "fills a volume in memory": bash(
        "cat /dev/zero >/volume/big; sleep 1000",
        says="No space left",
        volume={"emptyDir": {"sizeLimit": "16Mi", "medium": "Memory"}},
    ),
    "ignores every signal": bash("trap '' TERM INT HUP QUIT; echo deaf; while :; do sleep 1000; done", says="deaf"),
    "opens every descriptor": python(OPEN, says="Too many open files"),
    "spins": python(SPIN, says="spinning"),
    "calls with garbage": python(GARBAGE, "1", says="done", ends="Completed"),
    "calls with other garbage": python(GARBAGE, "2", says="done", ends="Completed"),
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A cluster whose pods have little."""
    data = tmp_path_factory.mktemp("hostile") / "data"
    detach(data, "--pod-memory", "256m", "--pod-pids", "100")
    yield data
    assert command("down", "--data-dir", data).returncode == 0


@dataclass(frozen=True, slots=True)
class Beside:
    """A cluster as its well-behaved users know it."""

    data: Path
    client: sdk.Client
    access: sdk.Access

    async def is_well(self) -> None:
        """Writes are taken, reads answered, and programs run in the pod that behaves."""
        for number in range(3):
            item = {"metadata": {"name": f"well-{number}"}}
            await self.client.create(CONFIG_MAPS, item, "default")
            await self.client.delete(CONFIG_MAPS, sdk.Key("default", f"well-{number}"))
            done = await execute(self.access, GOOD, ["sh", "-c", "echo $((6 * 7)) | cat"], seconds=SECONDS)
            assert (done.exit_code, done.stdout) == (0, "42\n")
        good = await self.client.get(PODS, GOOD.name, GOOD.namespace)
        assert [one["restartCount"] for one in good["status"]["containerStatuses"]] == [0]

    async def run(self, bad: Bad) -> None:
        """Start a hostile pod, and return when it does its worst."""
        container = {"name": "main", "image": "host", "command": bad.command, "resources": {"limits": bad.limits}}
        spec: Json = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
        if bad.volume is not None:
            container["volumeMounts"] = [{"name": "v", "mountPath": "/volume"}]
            spec["volumes"] = [{"name": "v", **bad.volume}]
        await self.client.create(PODS, {"metadata": {"name": BAD.name}, "spec": spec}, BAD.namespace)
        await self.until(BAD, lambda pod: pod is not None and pod["status"]["phase"] not in ("", "Pending"))
        await self.is_well()
        if bad.says:
            await self.reads(bad.says)
        if bad.ends:
            await self.until(BAD, lambda pod: pod is not None and bad.ends in ends(pod))

    async def reads(self, text: str) -> None:
        """The hostile pod's log comes to hold this."""
        async with asyncio.timeout(SECONDS):
            while text not in (
                log := (await self.client.read(PODS.path(BAD.namespace, BAD.name, "log"))).decode(errors="replace")
            ):
                assert "panicked" not in log
                await asyncio.sleep(0.1)

    async def delete(self) -> None:
        """Delete the hostile pod; nothing of it is left."""
        await self.client.delete(PODS, BAD)
        await self.until(BAD, lambda pod: pod is None)
        server = int((self.data / "server.lock").read_text())
        async with asyncio.timeout(SECONDS):
            while True:
                good = await self.client.get(PODS, GOOD.name, GOOD.namespace)
                if [path.name for path in (self.data / "node" / "pods").iterdir()] == [good["metadata"]["uid"]]:
                    break
        assert {one.pod for one in victims.of_pods(server, self.data)} == {good["metadata"]["uid"]}

    async def until(self, key: sdk.Key, wanted: Any) -> None:
        await sdk.until(self.client, PODS, key, wanted, CLOCK, SECONDS)


def ends(pod: Json) -> list[str]:
    """With which reasons its containers have ended."""
    states = [one["state"] for one in pod["status"].get("containerStatuses", ())]
    return [state["terminated"]["reason"] for state in states if "terminated" in state]


@pytest.fixture
async def beside(cluster: Path) -> AsyncGenerator[Beside]:
    access = sdk.kubeconfig.load([cluster / "admin.kubeconfig"]).access
    client = sdk.Client(sdk.HttpTransport(access))
    beside = Beside(cluster, client, access)
    account = sdk.Key("default", "default")
    await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, account, lambda one: one is not None, CLOCK, SECONDS)
    container = {"name": "main", "image": "host", "command": ["sleep", "1000"]}
    with suppress(sdk.errors.AlreadyExists):
        await client.create(PODS, {"metadata": {"name": GOOD.name}, "spec": {"containers": [container]}}, "default")
    await beside.until(GOOD, lambda pod: pod is not None and pod["status"]["phase"] == "Running")
    yield beside
    await client.close()


@pytest.mark.parametrize("bad", HOSTILE.values(), ids=HOSTILE.keys())
async def test_beside_a_pod_that(bad: Bad, beside: Beside):
    try:
        await beside.run(bad)
        await beside.is_well()
    finally:
        await beside.delete()
    await beside.is_well()


async def test_beside_a_pod_that_writes_logs_without_end(beside: Beside):
    await beside.run(bash("yes 'a line that says nothing'", says="a line that says nothing"))
    try:
        logs = beside.data / "node" / "pods"
        async with asyncio.timeout(SECONDS):
            while not list(logs.glob("*/logs/main/*.log.1")):
                await beside.is_well()
        assert sum(path.stat().st_size for path in logs.glob("*/logs/main/*")) < 64 << 20
    finally:
        await beside.delete()
