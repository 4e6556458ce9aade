"""What `kubectl logs` shows.

https://kubernetes.io/docs/reference/kubectl/generated/kubectl_logs/
"""

import asyncio
from datetime import UTC, datetime, timedelta

from pods.kit import CLOCK, SECONDS, Pods, container, forever, has_ended, state, until_told, waits_for

BINARY = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 64)"


async def test_log_of_a_finished_pod_stays_readable(pods: Pods):
    pod = await pods.ended(container("echo one; echo two >&2; printf three"))
    assert await pods.logs(pod["metadata"]["name"]) == "one\ntwo\nthree"


async def test_following_shows_what_comes_and_ends_with_the_container(pods: Pods):
    name = await pods.up(container(until_told("echo last; exit 0", "echo first")))
    following = await pods.kubectl.start("logs", "-f", name)
    assert following.stdout is not None
    async with CLOCK.timeout(SECONDS):
        assert await following.stdout.readline() == b"first\n"
        assert await following.stdout.readline() == b"up\n"
        await pods.delete(name)
        assert await following.stdout.read() == b"last\n"
        assert await following.wait() == 0


async def test_following_ends_when_the_container_is_started_again(pods: Pods):
    name = await pods.up(forever(), restartPolicy="Always")
    following = asyncio.create_task(pods.kubectl("logs", "-f", name))
    await pods.sh(name, "kill -TERM 1")
    async with CLOCK.timeout(SECONDS):
        assert await following == "up\n"


async def test_previous_shows_the_run_before(pods: Pods):
    mounts = [{"name": "kept", "mountPath": "/kept"}]
    script = "echo run >> /kept/runs; wc -l < /kept/runs; test $(wc -l < /kept/runs) = 2 && sleep infinity; exit 1"
    volumes = [{"name": "kept", "emptyDir": {}}]
    name = await pods.create(container(script, volumeMounts=mounts), volumes=volumes, restartPolicy="Always")
    await pods.until(
        name, lambda pod: state(pod)[0] == "running" and pod["status"]["containerStatuses"][0]["restartCount"]
    )
    assert await pods.logs(name, "--previous") == "1\n"
    assert (await pods.logs(name)).strip() in ("2", "")


async def test_previous_of_a_container_that_waits_is_the_run_that_ended(pods: Pods):
    name = await pods.create(container("echo gone; exit 1"), restartPolicy="Always")
    await pods.until(name, waits_for("CrashLoopBackOff"))
    assert await pods.logs(name, "--previous") == "gone\n"
    assert await pods.logs(name) == "gone\n"


async def test_previous_of_a_first_run_is_not_there(pods: Pods):
    name = await pods.up(forever())
    told = await pods.kubectl("logs", name, "--previous", code=1)
    assert f'previous terminated container "main" in pod "{name}" not found' in told


async def test_log_of_a_container_that_waits_says_what_it_waits_for(pods: Pods):
    name = await pods.create({"name": "main", "image": "localhost:1/nowhere", "imagePullPolicy": "IfNotPresent"})
    await pods.until(name, waits_for("ImagePullBackOff"))
    told = await pods.kubectl("logs", name, code=1)
    assert f'container "main" in pod "{name}" is waiting to start: trying and failing to pull image' in told


async def test_log_of_a_container_that_waits_for_init_containers_says_so(pods: Pods):
    name = await pods.create(container("true"), initContainers=[forever("first")])
    await pods.until(name, lambda pod: state(pod, "first")[0] == "running")
    told = await pods.kubectl("logs", name, "-c", "main", code=1)
    assert f'container "main" in pod "{name}" is waiting to start: PodInitializing' in told
    assert await pods.logs(name, "-c", "first") in ("up\n", "")


async def test_part_of_a_log_is_chosen_by_lines_bytes_and_time(pods: Pods):
    name = (await pods.ended(container("seq 5; sleep 2.2; echo late")))["metadata"]["name"]
    assert await pods.logs(name, "--tail=2") == "5\nlate\n"
    assert await pods.logs(name, "--tail=0") == ""
    assert await pods.logs(name, "--limit-bytes=3") == "1\n2"
    stamped = (await pods.logs(name, "--timestamps")).splitlines()
    moments = [datetime.fromisoformat(line.split()[0]) for line in stamped]
    assert [line.split()[1] for line in stamped] == ["1", "2", "3", "4", "5", "late"]
    assert moments == sorted(moments)
    assert moments[-1] - datetime.now(UTC) < timedelta(minutes=1)
    assert await pods.logs(name, f"--since-time={stamped[-1].split()[0]}") == "late\n"
    assert await pods.logs(name, "--since=1h", "--tail=1") == "late\n"


async def test_several_containers_are_told_apart(pods: Pods):
    first = [container("echo init", "first")]
    name = (await pods.ended(container("echo a", "one"), container("echo b", "two"), initContainers=first))["metadata"][
        "name"
    ]
    told = await pods.logs(name, "--all-containers", "--prefix")
    assert sorted(told.splitlines()) == [f"[pod/{name}/first] init", f"[pod/{name}/one] a", f"[pod/{name}/two] b"]
    assert (await pods.logs(name, "-c", "two")) == "b\n"


async def test_bytes_arrive_as_they_were_written(pods: Pods):
    pod = await pods.ended({"name": "main", "image": "host", "command": ["python3", "-c", BINARY]})
    _, out, _ = await pods.kubectl.run("logs", pod["metadata"]["name"])
    assert out == bytes(range(256)) * 64


async def test_very_long_line_is_one_line(pods: Pods):
    pod = await pods.ended(container("head -c 300000 /dev/zero | tr '\\0' x; echo; echo next"))
    assert await pods.logs(pod["metadata"]["name"]) == "x" * 300_000 + "\nnext\n"


async def test_order_of_lines_is_kept_over_a_large_log(pods: Pods):
    pod = await pods.ended(container("seq 200000"))
    assert await pods.logs(pod["metadata"]["name"]) == "".join(f"{number}\n" for number in range(1, 200_001))


async def test_unknown_container_is_refused(pods: Pods):
    name = await pods.up(forever())
    assert f"container nope is not valid for pod {name}" in await pods.kubectl("logs", name, "-c", "nope", code=1)


async def test_log_of_a_sidecar_that_has_ended_is_kept(pods: Pods):
    side = container("trap 'echo over; exit 0' TERM; echo here; sleep infinity & wait", "side", restartPolicy="Always")
    probe = {"exec": {"command": ["true"]}}
    name = await pods.create(container("sleep 0.3"), initContainers=[side | {"startupProbe": probe}])
    await pods.until(name, has_ended("side"))
    assert await pods.logs(name, "-c", "side") == "here\nover\n"


async def test_clients_that_go_at_any_moment_disturb_nobody(pods: Pods):
    name = await pods.up(forever())
    commands = (["logs", "-f", name], ["exec", "-i", name, "--", "cat"], ["attach", name])
    for delay in range(0, 200, 10):
        clients = [await pods.kubectl.start(*one) for one in commands]
        await CLOCK.sleep(delay / 1000)
        for client in clients:
            client.kill()
            await client.communicate()
    assert (await pods.sh(name, "for i in $(seq 50); do pgrep -x cat || exit 0; sleep 0.1; done; exit 1")).code == 0
