"""Images from a registry in pods: pull policies, events, secrets, and what a container takes from its image."""

import base64
import json
from typing import Any

import pytest

from harness import registry as registries
from pods.kit import Pods, container
from podvisor import sdk

SAYS = ("--config.entrypoint=/bin/echo", "--config.cmd=hello", "--config.user=app", "--config.env=COLOUR=blue")


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with registries.served(tmp_path_factory.mktemp("registry")) as one:
        yield one


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    work = tmp_path_factory.mktemp("image")
    return registries.layout(work, registries.busybox_tree(work / "tree"), *SAYS)


def from_image(image: str, **more: Any) -> dict[str, Any]:
    return {"name": "main", "image": image, **more}


def state(pod: dict[str, Any]) -> dict[str, Any]:
    told = pod["status"].get("containerStatuses")
    return next(iter(told[0]["state"].values())) if told else {}


async def words(pods: Pods, name: str, last: str) -> list[str]:
    told = await pods.events(name, lambda all: any(last in one["message"] for one in all))
    return [one["message"] for one in told]


async def test_a_pod_runs_an_image_as_it_says(pods: Pods, registry, layout):
    image = registry.push(layout, "alone")
    pod = await pods.ended(from_image(image))
    status = pod["status"]["containerStatuses"][0]
    assert status["state"]["terminated"]["exitCode"] == 0
    digest = json.loads(registries.skopeo("inspect", "--tls-verify=false", f"docker://{image}"))["Digest"]
    assert status["imageID"] == f"{registry.host}/alone@{digest}"


async def test_a_pull_is_told_with_its_time_and_size_and_done_once(pods: Pods, registry, layout):
    image = registry.push(layout, "told", tag="1")
    first = await words(pods, await pods.create(from_image(image)), "Successfully pulled")
    assert f'Pulling image "{image}"' in first
    done = next(one for one in first if one.startswith("Successfully pulled"))
    assert done.startswith(f'Successfully pulled image "{image}" in ')
    assert done.endswith(" bytes.")
    again = await words(pods, await pods.create(from_image(image)), "already present")
    assert f'Container image "{image}" already present on machine' in again
    assert f'Pulling image "{image}"' not in again


async def test_always_asks_the_registry_again(pods: Pods, registry, layout):
    image = registry.push(layout, "always")
    for _ in range(2):
        seen = await words(pods, await pods.create(from_image(image)), "Successfully pulled")
        assert f'Pulling image "{image}"' in seen


async def test_what_is_not_there_is_told_in_the_registrys_words(pods: Pods, registry):
    name = await pods.create(from_image(f"{registry.host}/no/such:1"))
    pod = await pods.until(name, lambda pod: state(pod).get("reason") == "ImagePullBackOff")
    assert "manifest unknown" in state(pod)["message"]
    assert "Error: ErrImagePull" in await words(pods, name, "Error: ErrImagePull")


async def test_a_named_user_cannot_be_verified_not_to_be_root(pods: Pods, registry, layout):
    image = registry.push(layout, "named", tag="1")
    name = await pods.create(from_image(image, securityContext={"runAsNonRoot": True}))
    pod = await pods.until(name, lambda pod: state(pod).get("reason") == "CreateContainerConfigError")
    assert "image has non-numeric user (app), cannot verify user is non-root" in state(pod)["message"]


@pytest.fixture(scope="module")
def private(tmp_path_factory, layout):
    """A registry that wants a password."""
    directory = tmp_path_factory.mktemp("private")
    (directory / "htpasswd").write_text(registries.HTPASSWD)
    auth = {"htpasswd": {"realm": "here", "path": str(directory / "htpasswd")}}
    with registries.served(directory, auth=auth) as one:
        source, target = f"oci:{layout}:x", f"docker://{one.host}/private:1"
        registries.skopeo("copy", source, target, "--dest-tls-verify=false", "--dest-creds=ann:secret-word")
        yield one


async def test_a_private_image_is_for_those_who_have_its_secret(pods: Pods, client: sdk.Client, private):
    image = f"{private.host}/private:1"
    auths = {"auths": {private.host: {"auth": base64.b64encode(b"ann:secret-word").decode()}}}
    data = {".dockerconfigjson": base64.b64encode(json.dumps(auths).encode()).decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull"}, "data": data}
    await client.create(sdk.kinds.SECRETS.raw, secret | {"type": "kubernetes.io/dockerconfigjson"}, "default")
    without = await pods.create(from_image(image))
    pod = await pods.until(without, lambda pod: state(pod).get("reason") == "ImagePullBackOff")
    assert "authentication required" in state(pod)["message"]
    having = {"imagePullSecrets": [{"name": "pull"}]}
    seen = await words(pods, await pods.create(from_image(image), **having), "Successfully pulled")
    assert not any("secret-word" in one for one in seen)
    # It is here by now, and still not for everybody (KEP-2535).
    later = await pods.create(from_image(image))
    await pods.until(later, lambda pod: state(pod).get("reason") == "ImagePullBackOff")
    seen = await words(pods, await pods.create(from_image(image), **having), "already present")
    assert f'Pulling image "{image}"' not in seen


def shown(image: str, **more: Any) -> dict[str, Any]:
    """A pod's one volume, which shows an image."""
    return {"volumes": [{"name": "vol", "image": {"reference": image, **more}}]}


def mounted(script: str, **more: Any) -> dict[str, Any]:
    return container(script, volumeMounts=[{"name": "vol", "mountPath": "/vol", **more}])


async def test_image_volume_shows_an_images_files_which_nobody_can_change_or_run(pods: Pods, registry, layout):
    image = registry.push(layout, "assets", tag="1")
    script = "ls /vol; cmp /vol/bin/busybox /vol/bin/sh; /vol/bin/busybox true || echo no; echo x > /vol/new || echo no"
    pod = await pods.ended(mounted(script), **shown(image))
    told = await pods.logs(pod["metadata"]["name"])
    assert "bin" in told.split()
    assert told.count("no\n") == 2
    assert "Permission denied" in told
    assert "Read-only file system" in told
    seen = await words(pods, pod["metadata"]["name"], "Successfully pulled")
    assert f'Pulling image "{image}"' in seen


async def test_part_of_an_image_volume_is_mounted_and_one_that_is_not_there_is_told(pods: Pods, registry, layout):
    image = registry.push(layout, "parts", tag="1")
    pod = await pods.ended(mounted("ls -d /vol/busybox", subPath="bin"), **shown(image))
    assert await pods.logs(pod["metadata"]["name"]) == "/vol/busybox\n"
    pod = await pods.ended(mounted("true", subPath="no/such"), **shown(image))
    assert state(pod)["reason"] == "StartError"


async def test_image_volume_that_must_not_be_pulled_is_told(pods: Pods, registry, layout):
    image = registry.push(layout, "never", tag="1")
    name = await pods.create(mounted("true"), **shown(image, pullPolicy="Never"))
    pod = await pods.until(name, lambda pod: state(pod).get("reason") == "ErrImageNeverPull")
    assert state(pod)["message"] == f'Container image "{image}" is not present with pull policy of Never'
    assert "Error: ErrImageNeverPull" in await words(pods, name, "Error: ErrImageNeverPull")
