"""Registries that break off, stall, lie and lead astray."""

import asyncio
import json
import os
import random
import sys

import pytest
from aiohttp import web

from images import faulty
from images.faulty import Instant, cut, error, ranged, served, whole
from podvisor.images import errors, local, reference
from podvisor.images.pulling import Puller
from podvisor.images.registry import manifest
from podvisor.images.registry.client import LONGEST_DELAY, REDIRECTS, TRIES
from podvisor.images.registry.transport import STALL
from podvisor.testing.clock import VirtualClock, settle

DATA = os.urandom(700_000)


@pytest.fixture
async def registry():
    async with served() as one:
        yield one


def times(count, act):
    """A hook that acts that many times, and then leaves requests alone."""
    left = count

    async def hook(request):
        nonlocal left
        left -= 1
        return await act(request) if left >= 0 else None

    return hook


async def test_a_blob_goes_on_where_its_connection_broke(registry):
    one = registry.blob(DATA)
    registry.hook = times(1, lambda request: cut(request, DATA[:300_000], announced=len(DATA)))
    async with faulty.client(registry.address) as client:
        assert await whole(client, one) == DATA
    first, second = registry.ranges()
    assert first == ""
    assert 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= 300_000


async def test_a_server_without_ranges_is_skipped_to_the_place(registry):
    one = registry.blob(DATA)

    async def hook(request):
        if len(registry.seen) == 1:
            return await cut(request, DATA[:300_000], announced=len(DATA))
        return web.Response(body=DATA)

    registry.hook = hook
    async with faulty.client(registry.address) as client:
        assert await whole(client, one) == DATA


async def test_a_range_that_begins_elsewhere_is_found_out(registry):
    one = registry.blob(DATA)

    async def hook(request):
        if len(registry.seen) == 1:
            return await cut(request, DATA[:300_000], announced=len(DATA))
        return web.Response(body=DATA[1:][: len(DATA) - int(request.headers["Range"][6:-1])], status=206)

    registry.hook = hook
    async with faulty.client(registry.address) as client:
        with pytest.raises(errors.Unacceptable, match="is not sha256"):
            await whole(client, one)


async def test_a_manifest_whose_connection_broke_is_asked_for_again(registry):
    served_manifest = registry.image()
    registry.hook = times(2, lambda request: cut(request, b"{", announced=1000))
    clock = Instant()
    async with faulty.client(registry.address, clock) as client:
        assert (await client.manifest("latest")).digest == served_manifest.digest
    assert len(clock.slept) == 2
    assert clock.slept[0] < clock.slept[1]


async def test_a_blob_that_never_gets_on_is_given_up(registry):
    one = registry.blob(DATA)

    async def hook(request):
        at = request.http_range.start or 0
        return await cut(request, DATA[at : at + 10], announced=len(DATA) - at, status=206 if at else 200)

    registry.hook = hook
    async with faulty.client(registry.address) as client:
        with pytest.raises(errors.PullFailed):
            await whole(client, one)
    assert len(registry.seen) == TRIES


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
async def test_what_may_mend_itself_is_tried_again_with_growing_delays(registry, status):
    registry.image()
    registry.hook = times(3, lambda request: answered(error(status, "BUSY", "not now")))
    clock = Instant()
    async with faulty.client(registry.address, clock) as client:
        await client.manifest("latest")
    assert len(clock.slept) == 3
    assert clock.slept == sorted(clock.slept)


async def answered(response):
    return response


async def test_in_the_end_it_is_refused_in_the_registrys_words(registry):
    registry.hook = times(99, lambda request: answered(error(503, "BUSY", "not now")))
    async with faulty.client(registry.address) as client:
        with pytest.raises(errors.PullFailed, match="answers 503: not now"):
            await client.manifest("latest")
    assert len(registry.seen) == TRIES


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Thu, 01 Jan 2026 00:00:09 GMT", 9.0)])
async def test_retry_after_is_heeded(registry, header, seconds):
    registry.image()
    registry.hook = times(1, lambda request: answered(error(429, "TOOMANYREQUESTS", "slowly", Retry_After=header)))
    clock = Instant()
    async with faulty.client(registry.address, clock) as client:
        await client.manifest("latest")
    assert clock.slept == [seconds]


async def test_a_registry_that_asks_to_come_back_tomorrow_is_not_waited_for(registry):
    registry.hook = times(9, lambda request: answered(error(429, "TOOMANYREQUESTS", "slowly", Retry_After="86400")))
    clock = Instant()
    async with faulty.client(registry.address, clock) as client:
        with pytest.raises(errors.PullFailed, match="slowly; it asks to come back in 86400 s"):
            await client.manifest("latest")
    assert clock.slept == []
    assert LONGEST_DELAY < 86400


async def test_endless_redirects_end(registry):
    async def hook(request):
        raise web.HTTPTemporaryRedirect(f"{request.path}x")

    registry.hook = hook
    async with faulty.client(registry.address) as client:
        with pytest.raises(errors.PullFailed, match="more than 10 redirects"):
            await client.manifest("latest")
    assert len(registry.seen) == REDIRECTS


@pytest.mark.parametrize("target", ["ftp://elsewhere/x", "http://:0/", "http://[::1", "file:///etc/passwd"])
async def test_a_redirect_to_what_is_no_address_is_refused(registry, target):
    registry.hook = times(9, lambda request: answered(web.Response(status=307, headers={"Location": target})))
    async with faulty.client(registry.address) as client:
        with pytest.raises(errors.PullFailed, match="redirects to what is no address"):
            await client.manifest("latest")


async def test_a_manifest_of_100_mb_is_not_read_to_its_end(registry):
    sent = 0

    async def hook(request):
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Length": str(100 << 20)})
        await response.prepare(request)
        try:
            for _ in range(100):
                await response.write(b" " * (1 << 20))
                sent += 1
        except ConnectionError:
            pass
        return response

    registry.hook = hook
    async with faulty.client(registry.address) as client:
        with pytest.raises(errors.Unacceptable, match=f"its manifest is larger than {manifest.LARGEST} bytes"):
            await client.manifest("latest")
    assert sent < 50


@pytest.mark.parametrize("asked_by_digest", [True, False], ids=["by digest", "by tag, with a digest in the header"])
async def test_a_manifest_of_another_digest_is_refused(registry, asked_by_digest):
    wanted = registry.image().digest
    kind, data = registry.manifests[wanted]
    headers = {"Content-Type": kind} | ({} if asked_by_digest else {"Docker-Content-Digest": wanted})
    registry.hook = times(1, lambda request: answered(web.Response(body=data + b" ", headers=headers)))
    async with faulty.client(registry.address) as client:
        with pytest.raises(errors.Unacceptable, match=f"another manifest than {wanted}"):
            await client.manifest(wanted if asked_by_digest else "latest")


@pytest.mark.parametrize(
    ("body", "said"),
    [(DATA[:-1] + b"\0", "is not sha256"), (DATA + b"more", "is larger than the 700000 bytes announced")],
)
async def test_a_blob_that_is_not_its_digests_is_refused(registry, body, said):
    one = registry.blob(DATA)
    registry.hook = times(9, lambda request: answered(ranged(request, body)))
    async with faulty.client(registry.address) as client:
        with pytest.raises(errors.Unacceptable, match=said):
            await whole(client, one)


async def test_a_blob_shorter_than_announced_is_refused(registry):
    one = registry.blob(DATA)
    registry.hook = times(99, lambda request: answered(ranged(request, DATA[:1000])))
    async with faulty.client(registry.address) as client:
        with pytest.raises(errors.PullFailed, match="ended in the middle of"):
            await whole(client, one)


async def test_nothing_is_asked_for_compressed(registry):
    registry.image()
    async with faulty.client(registry.address) as client:
        await client.manifest("latest")
    assert registry.seen[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("begun", [False, True], ids=["before the answer", "in the middle"])
async def test_a_registry_that_stalls_is_given_up(registry, begun):
    registry.image()
    reached, never = asyncio.Semaphore(0), asyncio.Event()

    async def hook(request):
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        if begun:
            await response.prepare(request)
            await response.write(b"x")
        reached.release()
        await never.wait()
        return response

    registry.hook = hook
    clock = VirtualClock()
    async with faulty.client(registry.address, clock) as client, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(refusal(client.manifest("latest")))
        for _ in range(TRIES):
            await reached.acquire()
            await settle()
            await clock.advance(STALL + 1)
            await clock.advance(LONGEST_DELAY)
        assert "no answer in time" in await asked
        never.set()


async def refusal(work) -> str:
    with pytest.raises(errors.PullFailed) as caught:
        await work
    return str(caught.value)


async def test_a_registry_that_sends_single_bytes_is_given_up(registry):
    one = registry.blob(DATA)
    turn, sent = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def hook(request):
        response = web.StreamResponse(headers={"Content-Length": str(len(DATA))})
        await response.prepare(request)
        while True:
            await response.write(b"x")
            sent.release()
            await turn.acquire()

    registry.hook = hook
    clock = VirtualClock()
    async with faulty.client(registry.address, clock) as client:
        asked = asyncio.ensure_future(refusal(whole(client, one)))
        while not asked.done():
            turn.release()
            await asyncio.wait([asked, asyncio.ensure_future(sent.acquire())], return_when="FIRST_COMPLETED")
            await clock.advance(STALL / 4)
        assert "no answer in time" in await asked
    assert len(registry.seen) == TRIES


# What a whole pull makes of it.


@pytest.fixture
def store(tmp_path):
    return local.Store(str(tmp_path / "images"))


async def pull(store, registry):
    return await Puller(store.content, clock=Instant()).pull(reference.parse(f"{registry.address}/team/app"))


def index_of(*ones: manifest.Descriptor) -> bytes:
    return json.dumps(
        {"schemaVersion": 2, "mediaType": manifest.INDEXES[0], "manifests": [*map(faulty.json_of, ones)]}
    ).encode()


async def test_an_index_that_names_itself_is_refused(store, registry):
    """It can name its own digest only by lying; what it leads to is checked."""
    lie = manifest.Descriptor(manifest.INDEXES[0], f"sha256:{'7' * 64}", 100)
    data = index_of(lie)
    registry.add("latest", manifest.INDEXES[0], data)
    registry.manifests[lie.digest] = manifest.INDEXES[0], data
    with pytest.raises(errors.Unacceptable, match="another manifest than sha256:777"):
        await pull(store, registry)


async def test_indexes_without_end_are_refused(store, registry):
    one = registry.image("image")
    for depth in range(10):
        one = registry.add("latest", manifest.INDEXES[0], index_of(one) + b" " * depth)
    with pytest.raises(errors.Unacceptable, match="more than 2 indexes lead to it"):
        await pull(store, registry)
    assert len(registry.seen) < 5


async def test_an_index_leads_to_the_image(store, registry):
    registry.add("latest", manifest.INDEXES[0], index_of(registry.image("image")))
    pulled = await pull(store, registry)
    assert pulled.digest == faulty.digest(registry.manifests["latest"][1])


@pytest.mark.parametrize("is_index", [False, True])
async def test_of_what_is_here_only_the_name_is_asked_for_again(store, registry, is_index):
    one = registry.image("latest")
    if is_index:
        registry.add("latest", manifest.INDEXES[0], index_of(one))
    first = await pull(store, registry)
    registry.seen.clear()
    assert await pull(store, registry) == first
    assert [one.path for one in registry.seen] == ["/v2/team/app/manifests/latest"]


async def test_a_pull_that_fails_leaves_no_reader_behind(store, registry):
    """Its unpacker ends while the layer still comes; what reads it is closed before the pull has failed."""
    readers = []
    hooks = sys.get_asyncgen_hooks()

    def begun(reader) -> None:
        readers.append(reader)
        hooks.firstiter(reader)

    chance = random.Random(7).randbytes(2 << 20)
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [faulty.digest(chance)]}}
    pieces = {
        "config": faulty.json_of(registry.blob(faulty.encoded(config), faulty.CONFIG)),
        "layers": [faulty.json_of(registry.blob(chance, manifest.LAYERS[0]))],
    }
    registry.add(
        "latest", faulty.MANIFEST, faulty.encoded({"schemaVersion": 2, "mediaType": faulty.MANIFEST, **pieces})
    )
    sys.set_asyncgen_hooks(firstiter=begun)
    try:
        with pytest.raises(errors.Unacceptable):
            await pull(store, registry)
    finally:
        sys.set_asyncgen_hooks(*hooks)
    ours = [one for one in readers if "podvisor" in one.ag_code.co_filename]
    assert {"blob", "seen"} <= {one.__name__ for one in ours}
    assert [one.__name__ for one in ours if one.ag_frame is not None] == []


async def test_a_layer_that_breaks_off_at_last_leaves_nothing(store, registry, tmp_path):
    registry.image(marker=DATA)

    async def hook(request):
        if "/blobs/" not in request.path or len(registry.blobs[request.match_info["name"]]) < 10_000:
            return None
        return await cut(request, DATA[:50_000], announced=len(DATA))

    registry.hook = hook
    with pytest.raises(errors.PullFailed, match=rf"^{registry.address}/team/app:latest: "):
        await pull(store, registry)
    assert os.listdir(tmp_path / "images/unfinished") == os.listdir(tmp_path / "images/layers") == []
