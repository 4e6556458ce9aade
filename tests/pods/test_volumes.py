"""Volumes, and what they show while their pods run.

https://kubernetes.io/docs/concepts/storage/volumes/
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from pods.kit import NAMESPACE, Json, Pods, container, forever, is_ready, state
from podvisor import sdk


def volume(**source: Any) -> Json:
    """The pod's one volume."""
    return {"volumes": [{"name": "vol", **source}]}


def mounted(at: str = "/vol", **more: Any) -> Json:
    """A container's mount of it."""
    return {"volumeMounts": [{"name": "vol", "mountPath": at, **more}]}


async def change(pods: Pods, kind: sdk.Resource[Any], name: str, patch: Json) -> None:
    await pods.client.patch(kind.raw, sdk.Key(NAMESPACE, name), patch)


def becomes(path: str, text: str) -> str:
    """A script that waits until a file holds this."""
    return (
        f"for i in $(seq 100); do test \"$(cat {path} 2>&1)\" = '{text}' && exit 0; sleep 0.1; done; cat {path}; exit 1"
    )


async def test_empty_dir_is_shared_by_the_containers_of_a_pod(pods: Pods):
    name = await pods.up(forever("a", **mounted()), forever("b", **mounted("/elsewhere")), **volume(emptyDir={}))
    assert (await pods.sh(name, "echo hi > /vol/file; stat -c %a /vol", within="a")).out == "777\n"
    assert (await pods.sh(name, "cat /elsewhere/file", within="b")).out == "hi\n"


@pytest.mark.parametrize("medium", ["", "Memory"])
async def test_empty_dir_is_full_at_its_limit(pods: Pods, medium: str):
    script = "head -c 3M /dev/zero > /vol/big || echo failed; stat -c %s /vol/big"
    limited = {"emptyDir": {"medium": medium, "sizeLimit": "1Mi"}}
    pod = await pods.ended(container(script, **mounted()), **volume(**limited))
    told = await pods.logs(pod["metadata"]["name"])
    assert "No space left on device" in told
    # On the disk there is a little room beyond the limit, so that a pod that exceeds it is seen, and evicted.
    assert int(told.splitlines()[-1]) <= (1 << 20 if medium else 17 << 16)


async def test_config_map_is_files(pods: Pods):
    name = await pods.config_map(one="first", two="second")
    told = await pods.output("head -v /vol/*", container=mounted(), **volume(configMap={"name": name}))
    assert told == "==> /vol/one <==\nfirst\n==> /vol/two <==\nsecond"


async def test_items_choose_entries_paths_and_modes(pods: Pods):
    name = await pods.config_map(one="first", two="second")
    items = [{"key": "one", "path": "deep/er/one.txt", "mode": 0o400}]
    source = volume(configMap={"name": name, "items": items, "defaultMode": 0o600})
    told = await pods.output(
        "cd /vol; find . -name '*.txt' -follow; stat -Lc %a deep/er/one.txt", container=mounted(), **source
    )
    assert told.splitlines()[-1] == "400"
    assert "./deep/er/one.txt" in told


async def test_config_map_that_is_missing_holds_the_pod_until_it_is_there(pods: Pods):
    missing = pods.name("missing")
    name = await pods.create(forever(**mounted()), **volume(configMap={"name": missing}))
    event = await pods.event(name, "FailedMount")
    assert event["message"] == f'MountVolume.SetUp failed for volume "vol" : configmap "{missing}" not found'
    assert state(await pods.get(name)) == ("waiting", {"reason": "ContainerCreating"})
    await pods.object(sdk.kinds.CONFIGMAPS, {"metadata": {"name": missing}, "data": {"k": "v"}})
    await pods.until(name, is_ready)


async def test_config_map_without_the_key_holds_the_pod(pods: Pods):
    config = await pods.config_map(other="x")
    items = [{"key": "wanted", "path": "p"}]
    name = await pods.create(forever(**mounted()), **volume(configMap={"name": config, "items": items}))
    event = await pods.event(name, "FailedMount")
    assert "references non-existent config key: wanted" in event["message"]


async def test_optional_config_map_may_be_missing_and_come_later(pods: Pods):
    missing = pods.name("late")
    name = await pods.up(forever(**mounted()), **volume(configMap={"name": missing, "optional": True}))
    assert (await pods.sh(name, "ls /vol")).out == ""
    await pods.object(sdk.kinds.CONFIGMAPS, {"metadata": {"name": missing}, "data": {"k": "v"}})
    assert (await pods.sh(name, becomes("/vol/k", "v"))).code == 0


async def test_changed_config_map_shows_in_the_volume(pods: Pods):
    config = await pods.config_map(k="old", gone="x")
    name = await pods.up(forever(**mounted()), **volume(configMap={"name": config}))
    assert (await pods.sh(name, "cat /vol/k; readlink /vol/k")).out == "old..data/k\n"
    await change(pods, sdk.kinds.CONFIGMAPS, config, {"data": {"k": "new", "gone": None, "more": "y"}})
    assert (await pods.sh(name, becomes("/vol/k", "new"))).code == 0
    assert (await pods.sh(name, "ls /vol")).out == "k\nmore\n"


async def test_changes_are_seen_all_at_once(pods: Pods):
    config = await pods.config_map(a="0", b="0")
    script = (
        "trap 'exit 0' TERM; echo up; while :; do d=/vol/$(readlink /vol/..data);"
        " x=$(cat $d/a) && y=$(cat $d/b) && test $x != $y && echo torn $x $y; done"
    )
    name = await pods.up(container(script, **mounted()), **volume(configMap={"name": config}))
    for number in range(1, 10):
        await change(pods, sdk.kinds.CONFIGMAPS, config, {"data": {"a": str(number), "b": str(number)}})
        assert (await pods.sh(name, becomes("/vol/a", str(number)))).code == 0
    assert "torn" not in await pods.logs(name)


async def test_changed_secret_shows_in_the_volume(pods: Pods):
    secret = await pods.secret(k="old")
    name = await pods.up(forever(**mounted()), **volume(secret={"secretName": secret, "defaultMode": 0o400}))
    assert (await pods.sh(name, "cat /vol/k; stat -Lc %a /vol/k")).out == "old400\n"
    await change(pods, sdk.kinds.SECRETS, secret, {"data": {"k": base64.b64encode(b"new").decode()}})
    assert (await pods.sh(name, becomes("/vol/k", "new"))).code == 0


async def test_changed_annotation_shows_in_the_volume(pods: Pods):
    items = [{"path": "notes", "fieldRef": {"fieldPath": "metadata.annotations['note']"}}]
    items += [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]
    meta = {"annotations": {"note": "old"}, "labels": {"b": "2", "a": 'q"1'}}
    meta["labels"] = {"b": "2", "a": "1"}
    name = await pods.up(forever(**mounted()), meta=meta, **volume(downwardAPI={"items": items}))
    assert (await pods.sh(name, "cat /vol/notes /vol/labels")).out == 'olda="1"\nb="2"'
    await change(pods, sdk.kinds.PODS, name, {"metadata": {"annotations": {"note": "new"}}})
    assert (await pods.sh(name, becomes("/vol/notes", "new"))).code == 0


async def test_resources_are_told_in_the_units_that_are_asked_for(pods: Pods):
    limits = {"memory": "64Mi", "cpu": "250m"}
    items = [
        {"path": "m", "resourceFieldRef": {"containerName": "main", "resource": "limits.memory", "divisor": "1Mi"}},
        {"path": "c", "resourceFieldRef": {"containerName": "main", "resource": "limits.cpu", "divisor": "1m"}},
    ]
    more = mounted() | {"resources": {"limits": limits}}
    assert (
        await pods.output("cat /vol/m; echo; cat /vol/c", container=more, **volume(downwardAPI={"items": items}))
        == "64\n250"
    )


async def test_service_account_files_are_where_clients_look(pods: Pods):
    script = "cd /var/run/secrets/kubernetes.io/serviceaccount; cat namespace; echo; head -1 ca.crt; cat token"
    pod = await pods.ended(container(script), automountServiceAccountToken=True)
    namespace, first, token = (await pods.logs(pod["metadata"]["name"])).splitlines()
    assert (namespace, first) == ("default", "-----BEGIN CERTIFICATE-----")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["sub"] == "system:serviceaccount:default:default"
    assert claims["kubernetes.io"]["pod"]["uid"] == pod["metadata"]["uid"]


@pytest.mark.parametrize(
    ("context", "shown"),
    [
        ({}, "644 0 0"),
        ({"runAsUser": 1000}, "600 1000 0"),
        ({"fsGroup": 7}, "640 0 7"),
        ({"runAsUser": 1000, "fsGroup": 7}, "640 1000 7"),
    ],
)
async def test_token_belongs_to_the_pods_user_and_is_nobody_elses(pods: Pods, context: Json, shown: str):
    secret = await pods.secret(other="x")
    sources = [{"serviceAccountToken": {"path": "t"}}, {"secret": {"name": secret}}]
    script = "stat -Lc '%a %u %g' /vol/t; stat -Lc %u /vol/other; head -c 2 /vol/t"
    told = await pods.output(
        script, container=mounted(), securityContext=context, **volume(projected={"sources": sources})
    )
    assert told.splitlines() == [shown, "0", "ey"]


async def test_token_that_not_all_containers_may_own_is_roots(pods: Pods):
    others = [container("true", "other", securityContext={"runAsUser": 7})]
    told = await pods.output(
        "stat -Lc '%a %u' /vol/t",
        container=mounted(),
        initContainers=others,
        securityContext={"runAsUser": 1000},
        **volume(projected={"sources": [{"serviceAccountToken": {"path": "t"}}]}),
    )
    assert told == "644 0\n"


async def test_token_is_for_the_audience_that_is_asked_for(pods: Pods):
    token = {"serviceAccountToken": {"path": "t", "audience": "vault", "expirationSeconds": 600}}
    told = await pods.output("cat /vol/t", container=mounted(), **volume(projected={"sources": [token]}))
    claims = json.loads(base64.urlsafe_b64decode(told.split(".")[1] + "=="))
    assert (claims["aud"], claims["exp"] - claims["iat"]) == (["vault"], 600)


async def test_several_sources_are_one_directory(pods: Pods):
    config, secret = await pods.config_map(c="1"), await pods.secret(s="2")
    sources = [
        {"configMap": {"name": config}},
        {"secret": {"name": secret}},
        {"downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    ]
    told = await pods.output(
        "cd /vol; for f in *; do echo $f $(cat $f); done", container=mounted(), **volume(projected={"sources": sources})
    )
    name = told.splitlines()[1].split()[1]
    assert told.splitlines() == ["c 1", f"n {name}", "s 2"]


async def test_files_of_api_objects_cannot_be_written(pods: Pods):
    config = await pods.config_map(k="v")
    told = await pods.output(
        "echo x > /vol/k; echo y > /vol/new; true", container=mounted(), **volume(configMap={"name": config})
    )
    assert told.count("Read-only file system") == 2


async def test_read_only_mount_cannot_be_written_and_another_one_can(pods: Pods):
    writes = forever("writes", **mounted())
    name = await pods.up(writes, forever("reads", **mounted(readOnly=True)), **volume(emptyDir={}))
    assert (await pods.sh(name, "echo x > /vol/file", within="writes")).code == 0
    refused = await pods.sh(name, "cat /vol/file; echo y > /vol/file", within="reads")
    assert (refused.code, refused.out) == (1, "x\n")
    assert "Read-only file system" in refused.err


async def test_host_path_shows_what_the_operator_allowed(pods: Pods, shared: Path):
    (shared / "given").write_text("from outside\n")
    source = volume(hostPath={"path": str(shared), "type": "Directory"})
    name = await pods.up(forever(**mounted()), **source)
    assert (await pods.sh(name, "cat /vol/given; echo back > /vol/made")).out == "from outside\n"
    assert (shared / "made").read_text() == "back\n"


async def test_host_path_elsewhere_is_refused_with_the_reason(pods: Pods):
    name = await pods.create(forever(**mounted()), **volume(hostPath={"path": "/etc"}))
    event = await pods.event(name, "FailedMount")
    assert "hostPath /etc is not below a directory that this node's operator allowed" in event["message"]


async def test_sub_path_shows_one_directory_or_one_file(pods: Pods):
    config = await pods.config_map(k="v", other="w")
    volumes = [{"name": "vol", "emptyDir": {}}, {"name": "conf", "configMap": {"name": config}}]
    mounts = [
        {"name": "vol", "mountPath": "/data", "subPath": "a/b"},
        {"name": "conf", "mountPath": "/etc/one.conf", "subPath": "k"},
        {"name": "vol", "mountPath": "/named", "subPathExpr": "$(WHO)"},
    ]
    more = {"volumeMounts": mounts, "env": [{"name": "WHO", "value": "me"}]}
    look = forever("look", **mounted("/all"))
    name = await pods.up(forever(**more), look, volumes=volumes)
    assert (await pods.sh(name, "cat /etc/one.conf; touch /data/x /named/y")).out == "v"
    assert (await pods.sh(name, "cd /all; find . -type f | sort", within="look")).out == "./a/b/x\n./me/y\n"


async def test_sub_path_cannot_lead_out_of_its_volume(pods: Pods):
    init = [container("ln -s / /vol/out; ln -s /etc/os-release /vol/file", "first", **mounted())]
    name = await pods.create(forever(**mounted("/in", subPath="out/etc")), initContainers=init, **volume(emptyDir={}))
    await pods.until(name, lambda pod: state(pod)[0] != "waiting")
    assert (await pods.sh(name, "cat /in/os-release")).code == 1


async def test_volume_of_an_unknown_kind_says_so(pods: Pods):
    name = await pods.create(forever(**mounted()), **volume(nfs={"server": "nowhere", "path": "/"}))
    assert "not supported" in (await pods.event(name, "FailedMount"))["message"]


async def test_something_is_mounted_in_a_new_directory_below_a_volume_of_an_api_object(pods: Pods):
    config, secret = await pods.config_map(k="v"), await pods.config_map(s="hidden")
    volumes = [{"name": "conf", "configMap": {"name": config}}, {"name": "inner", "configMap": {"name": secret}}]
    mounts = [{"name": "conf", "mountPath": "/etc/app"}, {"name": "inner", "mountPath": "etc/app/secrets"}]
    more = {"volumeMounts": mounts, "terminationMessagePath": "/etc/app/message"}
    told = await pods.output("cd /etc/app; cat k secrets/s; echo end > message", container=more, volumes=volumes)
    assert told == "vhidden"


async def test_the_files_of_etc_are_one_for_the_pod(pods: Pods):
    name = await pods.up(forever("one"), forever("two"))
    await pods.sh(name, "echo 10.0.0.1 friend >> /etc/hosts", within="one")
    assert (await pods.sh(name, "grep friend /etc/hosts; cat /etc/hostname", within="two")).out == (
        f"10.0.0.1 friend\n{name}\n"
    )


async def test_a_working_directory_that_the_image_lacks_is_made(pods: Pods):
    more = {"workingDir": "/not/there", "securityContext": {"readOnlyRootFilesystem": True, "runAsUser": 1000}}
    assert await pods.output("pwd; stat -c '%a %u' .", container=more) == "/not/there\n755 0\n"
