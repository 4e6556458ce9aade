"""securityContext.

https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
"""

import pytest

from pods.kit import Json, Pods, container, forever, state, waits_for

IDENTITY = "id -u; id -g; id -G | tr ' ' '\\n' | sort -n | tr '\\n' ' '"
VOLUME = {"volumes": [{"name": "vol", "emptyDir": {}}]}
MOUNTED = {"volumeMounts": [{"name": "vol", "mountPath": "/vol"}]}


def context(**own: object) -> Json:
    return {"securityContext": own}


@pytest.mark.parametrize(
    ("whole", "own", "told"),
    [
        ({}, {}, "0 0 0"),
        ({"runAsUser": 1000}, {}, "1000 0 0"),
        ({"runAsUser": 1000, "runAsGroup": 3000}, {}, "1000 3000 3000"),
        ({"runAsUser": 1000, "runAsGroup": 3000}, {"runAsUser": 2000}, "2000 3000 3000"),
        ({"runAsGroup": 3000, "supplementalGroups": [4000, 5000]}, {}, "0 3000 3000 4000 5000"),
        ({"runAsUser": 1000, "fsGroup": 6000}, {"runAsGroup": 7}, "1000 7 7 6000"),
    ],
)
async def test_processes_are_who_they_are_asked_to_be(pods: Pods, whole: Json, own: Json, told: str):
    found = await pods.output(IDENTITY, container=context(**own), **context(**whole))
    assert found.split() == told.split()


async def test_exec_is_the_same_user_as_the_container(pods: Pods):
    name = await pods.up(forever(**context(runAsUser=1234, runAsGroup=5678)))
    assert (await pods.sh(name, "id -u; id -g")).out == "1234\n5678\n"


@pytest.mark.parametrize(("own", "why"), [({}, "image will run as root"), ({"runAsUser": 0}, "non-root policy")])
async def test_root_is_refused_where_it_is_ruled_out(pods: Pods, own: Json, why: str):
    name = await pods.create(container("true", **context(runAsNonRoot=True, **own)))
    pod = await pods.until(name, waits_for("CreateContainerConfigError"))
    assert why in state(pod)[1]["message"]


async def test_another_user_is_let_in_where_root_is_ruled_out(pods: Pods):
    assert await pods.output("id -u", container=context(runAsNonRoot=True, runAsUser=1)) == "1\n"


async def test_volume_belongs_to_the_group_of_the_pod(pods: Pods):
    script = "touch /vol/mine; mkdir /vol/dir; touch /vol/dir/deep; stat -c %g /vol /vol/mine /vol/dir/deep"
    shared = context(runAsUser=1000, runAsGroup=1000, fsGroup=2000)
    assert await pods.output(script, container=MOUNTED, **shared, **VOLUME) == "2000\n2000\n2000\n"


async def test_secret_for_the_owner_alone_is_readable_by_the_group_of_the_pod(pods: Pods):
    secret = await pods.secret(k="v")
    volumes = [{"name": "vol", "secret": {"secretName": secret, "defaultMode": 0o400}}]
    shared = context(runAsUser=1000, fsGroup=2000)
    assert await pods.output("cat /vol/k", container=MOUNTED, volumes=volumes, **shared) == "v"


async def test_read_only_root_can_be_written_nowhere_but_in_volumes(pods: Pods):
    script = "touch /x 2>&1; touch /usr/x 2>&1; touch /vol/x && echo written; echo words > /dev/termination-log"
    own = context(readOnlyRootFilesystem=True) | MOUNTED
    pod = await pods.ended(container(script, **own), **VOLUME)
    told = await pods.logs(pod["metadata"]["name"])
    assert told.count("Read-only file system") == 2
    assert told.endswith("written\n")
    assert state(pod)[1]["message"] == "words\n"


@pytest.mark.parametrize(("allowed", "told"), [(False, "1"), (True, "0")])
async def test_no_new_privileges_is_set_when_escalation_is_not_allowed(pods: Pods, allowed: bool, told: str):
    script = "grep NoNewPrivs /proc/self/status"
    assert (await pods.output(script, container=context(allowPrivilegeEscalation=allowed))).split()[1] == told


async def test_processes_have_no_power_over_the_machine(pods: Pods):
    script = "mount -t tmpfs x /mnt; mknod /tmp/d b 8 0; hostname other; date -s 2000-01-01 > /dev/null; true"
    told = await pods.output(script + "; hostname")
    assert told.splitlines()[-1] != "other"
    assert told.lower().count("not permitted") + told.lower().count("denied") >= 2
