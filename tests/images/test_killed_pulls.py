"""Pulls that are killed in the middle, and pulls at once, each in a process of its own.

PODVISOR_KILLS says how often one is killed; `make test-images` asks for fifty.
"""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web

from images import faulty
from images.faulty import CONFIG, MANIFEST, Faulty, json_of, served

KILLS = int(os.environ.get("PODVISOR_KILLS", "4"))
LAYERS, SIZE, PIECE = 4, 400_000, 32 << 10


@pytest.fixture
async def registry():
    """One with an image of some layers that do not compress."""
    chance = random.Random(7)
    async with served() as one:
        layers = [faulty.layer(**{f"file-{number}": chance.randbytes(SIZE)}) for number in range(LAYERS)]
        config = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [diff_id for _, diff_id in layers]}}
        pieces = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": json_of(one.blob(faulty.encoded(config), CONFIG)),
            "layers": [json_of(one.blob(data)) for data, _ in layers],
        }
        one.add("latest", MANIFEST, faulty.encoded(pieces))
        yield one


async def start(registry: Faulty, data: Path) -> asyncio.subprocess.Process:
    words = ("image", "--data-dir", str(data), "pull", f"{registry.address}/team/app")
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "podvisor", *words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def whole(registry: Faulty, data: Path) -> dict[str, bytes]:
    """Pull to the end; what the store holds then."""
    process = await start(registry, data)
    out, err = await process.communicate()
    assert process.returncode == 0, (out, err)
    return held(data)


def held(data: Path) -> dict[str, bytes]:
    """All that is kept under a digest."""
    store = data / "images"
    places = [store / place for place in ("blobs", "layers", "trees-of")]
    return {str(path.relative_to(store)): path.read_bytes() for place in places for path in place.glob("*")}


async def test_a_pull_that_is_killed_leaves_whole_pieces_or_none(registry, tmp_path):
    reference = await whole(registry, tmp_path / "reference")
    chance = random.Random(os.environ.get("PODVISOR_SEED", "7"))
    total = LAYERS * SIZE
    data = tmp_path / "data"
    for number in range(KILLS):
        process = await start(registry, data)
        registry.hook = killing(process, chance.randrange(total) if number % 4 else 0)
        await process.communicate()
        registry.hook = None
        kept = held(data)
        assert kept == {name: reference[name] for name in kept}
        if not list((data / "images/names").glob("*")):
            continue
        # It was through: from the beginning again.
        data = tmp_path / f"data-{number}"
    assert await whole(registry, data) == reference
    assert os.listdir(data / "images/unfinished") == []


def killing(process: asyncio.subprocess.Process, at: int) -> faulty.Hook:
    """A hook that kills a process once so many bytes of blobs were sent to it."""
    sent = 0

    async def hook(request: web.Request) -> web.StreamResponse | None:
        nonlocal sent
        if "/blobs/" not in request.path:
            return None
        content = request.app[faulty.REGISTRY].blobs[request.match_info["name"]]
        response = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await response.prepare(request)
        try:
            for start in range(0, len(content), PIECE):
                piece = content[start : start + PIECE]
                await response.write(piece)
                sent += len(piece)
                if sent >= at and process.returncode is None:
                    process.send_signal(signal.SIGKILL)
        except ConnectionError:
            pass
        return response

    return hook


async def test_two_pulls_at_once_do_the_work_once(registry, tmp_path):
    both = asyncio.Event()
    asked: Counter[str] = Counter()

    async def hook(request: web.Request) -> None:
        kind, name = request.match_info["kind"], request.match_info["name"]
        asked[f"{kind}/{name}"] += 1
        if asked["manifests/latest"] == 2:
            both.set()
        if kind == "blobs":
            await both.wait()

    registry.hook = hook
    await asyncio.gather(*(whole(registry, tmp_path / "data") for _ in range(2)))
    layers = [name for name, blob in registry.blobs.items() if len(blob) >= SIZE]
    assert {name: asked[f"blobs/{name}"] for name in layers} == dict.fromkeys(layers, 1)
