"""Images from a real registry: docker-registry on loopback, images made by umoci and pushed by skopeo."""

import asyncio
import json
import os
import subprocess
import urllib.request

import pytest

from harness import registry as registries
from images.faulty import Instant
from podvisor.images import errors, fetching, local, reference
from podvisor.images.pulling import Puller

CONFIG = ("--config.entrypoint=/bin/echo", "--config.cmd=hello", "--config.env=COLOUR=blue", "--config.user=app")


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with registries.served(tmp_path_factory.mktemp("registry")) as one:
        yield one


@pytest.fixture(scope="module")
def image(registry, tmp_path_factory):
    """The name of an image of two layers, one of which hides a file of the other."""
    work = tmp_path_factory.mktemp("image")
    made = registries.layout(work, registries.busybox_tree(work / "tree"), *CONFIG)
    registries.umoci("insert", "--image", f"{made}:x", "--whiteout", "/srv")
    return registry.push(made, "team/app", tag="1.4")


@pytest.fixture
def store(tmp_path):
    return local.Store(str(tmp_path / "images"))


def pull(store, name, **fields):
    return asyncio.run(fetching.pull(store, Puller(store.content, **fields), name, now=7.0))


def test_an_image_is_pulled_whole_and_called_by_its_name(store, image):
    pulled = pull(store, image)
    described = json.loads(registries.skopeo("inspect", "--tls-verify=false", f"docker://{image}"))
    assert pulled.digest == described["Digest"]
    assert store.images() == [pulled]
    config = store.config(image)
    assert config is not None
    assert (config.execution.entrypoint, config.execution.command) == (("/bin/echo",), ("hello",))
    assert config.execution.env["COLOUR"] == "blue"
    assert config.execution.user == "app"
    assert len(config.rootfs.diff_ids) == len(described["Layers"])


def test_what_was_unpacked_satisfies_fsck_and_keeps_owners(store, image):
    registries.need("fsck.erofs", "dump.erofs")
    pull(store, image)
    (layer,) = store.root(image).layers
    devices = [f"--device={path}" for path in layer.data]
    subprocess.run(["fsck.erofs", *devices, layer.metadata], check=True, capture_output=True)
    seen = subprocess.run(
        ["dump.erofs", *devices, "--path=/home/app", layer.metadata], check=True, capture_output=True, text=True
    ).stdout
    assert "0750" in seen
    if os.geteuid() == 0:
        assert "Uid: 70   Gid: 71" in seen
    gone = subprocess.run(["dump.erofs", *devices, "--path=/srv", layer.metadata], capture_output=True, text=True)
    assert "read inode failed" in gone.stderr


def test_what_is_here_is_not_fetched_again(store, image):
    pull(store, image)
    seen = []
    before = {path: os.stat(path).st_ino for path in pieces(store, image)}
    pull(store, image, progress=seen.append)
    assert {path: os.stat(path).st_ino for path in pieces(store, image)} == before
    assert all(one.done == one.size for one in seen)


def pieces(store, name):
    (layer,) = store.root(name).layers
    return [layer.metadata, *layer.data]


def test_a_digest_names_the_same(store, image):
    first = pull(store, image)
    named = reference.parse(image)
    second = pull(store, f"{named.registry}/{named.repository}@{first.digest}")
    assert (second.digest, second.config) == (first.digest, first.config)


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("team/app:2", errors.Missing, "manifest unknown"),
        ("no/such", errors.Missing, "manifest unknown"),
        (f"team/app@sha256:{'0' * 64}", errors.Missing, "manifest unknown"),
    ],
)
def test_what_is_not_there_is_refused_in_the_registrys_words(store, registry, image, name, kind, said):
    with pytest.raises(kind) as caught:
        pull(store, f"{registry.host}/{name}")
    assert said in str(caught.value)
    assert str(reference.parse(f"{registry.host}/{name}")) in str(caught.value)
    assert store.images() == []


def test_nobody_there_is_one_line(store):
    with pytest.raises(errors.PullFailed) as caught:
        pull(store, f"localhost:{registries.free_port()}/x", clock=Instant())
    assert "\n" not in str(caught.value)


def test_content_that_no_name_means_is_pruned_and_the_rest_kept(store, image):
    pull(store, image)
    store.rename(image, "kept:1")
    store.remove(image)
    assert store.prune() == 0
    assert all(map(os.path.exists, pieces(store, "kept:1")))
    paths = pieces(store, "kept:1")
    store.remove("kept:1")
    assert store.prune() > 0
    assert not any(map(os.path.exists, paths))


def test_nothing_is_pruned_while_somebody_pulls(store, image):
    pull(store, image)
    store.remove(image)
    with store.content.pulling():
        assert store.prune() == 0
    assert store.prune() > 0


def test_many_pulls_at_once_do_the_work_once(store, image):
    seen = []

    async def all_of_them() -> None:
        puller = Puller(store.content, progress=seen.append)
        await asyncio.gather(*(puller.pull(reference.parse(image)) for _ in range(8)))

    asyncio.run(all_of_them())
    for digest in {one.digest for one in seen}:
        streamed = [one.done for one in seen if one.digest == digest and one.done < one.size]
        assert streamed == sorted(set(streamed))


@pytest.fixture
def altered(registry, image):
    """A function that serves a manifest changed by another function, and gives its reference."""

    def serve(change) -> str:
        named = reference.parse(image)
        base = f"http://{registry.host}/v2/{named.repository}/manifests"
        accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
        with urllib.request.urlopen(urllib.request.Request(f"{base}/{named.tag}", headers=accept)) as answer:
            found = json.load(answer)
        change(found)
        headers = {"Content-Type": found.get("mediaType") or accept["Accept"]}
        data = json.dumps(found).encode()
        urllib.request.urlopen(urllib.request.Request(f"{base}/altered", data, headers, method="PUT")).close()
        return f"{registry.host}/{named.repository}:altered"

    return serve


def test_layers_of_another_order_are_refused(store, altered):
    name = altered(lambda found: found["layers"].reverse())
    with pytest.raises(errors.Unacceptable, match="unpacks to"):
        pull(store, name)
    assert store.images() == []
    assert os.listdir(f"{store.content.layer('x').rsplit('/', 2)[0]}/unfinished") == []
