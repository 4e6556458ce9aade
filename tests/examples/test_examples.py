"""Every example does what its first lines say, on a cluster with real pods."""

import asyncio
from pathlib import Path

import yaml

from podvisor import sdk
from podvisor.sdk import conditions
from podvisor.sdk.objects.apps import Deployment, StatefulSet
from podvisor.sdk.objects.batch import Job
from podvisor.sdk.objects.core import Pod
from podvisor.tour.acts import breakout, images, web
from podvisor.tour.stage import EXAMPLES, Stage


def ended(pod: Pod) -> bool:
    return pod.status.phase in ("Succeeded", "Failed")


async def end(stage: Stage, name: str) -> str:
    """Wait for a pod's end; the phase that it ended in."""
    return (await stage.until(sdk.kinds.PODS, name, ended)).status.phase


async def test_fifo_passes_every_line_from_one_container_to_the_other(stage: Stage) -> None:
    await stage.apply("fifo")
    assert await end(stage, "fifo") == "Succeeded"
    assert await stage.hands.logs("fifo", "reader") == "got one\ngot kernel\ngot two\ngot containers\n"


async def test_image_is_made_of_a_directory_and_runs(stage: Stage) -> None:
    await images.make(stage)
    await stage.apply("image")
    assert await end(stage, "greeter") == "Succeeded"
    assert await stage.hands.logs("greeter", "main") == images.GREETING


async def test_redis_runs_by_what_its_image_says_and_answers(stage: Stage, like_redis: Path) -> None:
    """The image is a stand-in of that name, imported; `make test-images` runs the programs themselves."""
    await images.image_command(stage, "import", "redis:7", str(like_redis))
    await stage.apply("redis")
    await stage.until(sdk.kinds.DEPLOYMENTS, "redis", lambda found: found.status.available_replicas == 1)
    [pod] = (await stage.client.list(sdk.kinds.PODS, sdk.Selection("default", labels="app=redis"))).items
    done = await stage.hands.execute(pod.metadata.name, ["sh", "-c", "id -un; cat /data/started"])
    assert done.stdout.split() == ["app", "yes"], done.stderr


async def test_tiers_reach_the_next_tier_and_no_other(stage: Stage) -> None:
    await stage.apply("tiers")
    for tier in ("store", "api", "web"):
        await stage.until(sdk.kinds.DEPLOYMENTS, f"tiers-{tier}", lambda found: found.status.available_replicas == 1)
    service = await stage.client.get(sdk.kinds.SERVICES, "tiers-web", "default")
    assert (await _page(service.spec.ports[0].node_port)).startswith("this is visit ")
    selection = sdk.Selection("default", labels="app=tiers,tier=web")
    [pod] = (await stage.client.list(sdk.kinds.PODS, selection)).items
    ask = ["timeout", "1", "bash", "-c", ": </dev/tcp/10.96.0.13/6379"]
    assert (await stage.hands.execute(pod.metadata.name, ask)).exit_code == 124, "nobody answers"


async def _page(port: int) -> str:
    """What is served at a port of the machine, asked for until the way there is known everywhere."""
    words = ["curl", "-s", "--retry", "20", "--retry-all-errors", "--retry-delay", "1", f"http://127.0.0.1:{port}/"]
    done = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    return (await done.communicate())[0].decode()


async def test_init_containers_run_in_order_and_hand_on_their_work(stage: Stage) -> None:
    await stage.apply("init")
    assert await end(stage, "init") == "Succeeded"
    assert await stage.hands.logs("init", "main") == "apple\nfig\npear\n"


async def test_sidecar_serves_the_main_container_and_ends_with_it(stage: Stage) -> None:
    await stage.apply("sidecar")
    assert await end(stage, "sidecar") == "Succeeded"
    assert await stage.hands.logs("sidecar", "main") == "HELLO, NEIGHBOUR\n"
    assert "the main container is done" in await stage.hands.logs("sidecar", "helper")


async def test_config_shows_variables_files_and_facts_and_keeps_the_secret(stage: Stage) -> None:
    await stage.apply("config")
    assert await end(stage, "config") == "Succeeded"
    assert (await stage.hands.logs("config", "main")).splitlines() == [
        f"config is green, with {64 << 20} bytes of memory at most",
        "workers = 4",
        "greeting = hello",
        'tier="front"',
        "a password of 13 characters; its file has mode 400",
    ]


async def test_probes_start_the_container_again_when_it_is_not_healthy(stage: Stage) -> None:
    await stage.apply("probes")
    await stage.until(sdk.kinds.PODS, "probes", lambda pod: conditions.is_true(pod.status.conditions, "Ready"))
    done = await stage.hands.execute("probes", ["rm", "/tmp/healthy"])
    assert done.exit_code == 0, done.stderr

    def started_again(pod: Pod) -> bool:
        return pod.status.container_statuses[0].restart_count == 1 and pod.status.container_statuses[0].ready

    await stage.until(sdk.kinds.PODS, "probes", started_again)
    before = await stage.client.read(
        sdk.kinds.PODS.path("default", "probes", "log"), {"container": "main", "previous": "true"}
    )
    assert before == b"started\nfinishing what is open\n"


async def test_limits_end_the_container_that_takes_too_much_and_no_other(stage: Stage) -> None:
    def greedy_was_ended(pod: Pod) -> bool:
        return any(one.restart_count for one in pod.status.container_statuses)

    await stage.apply("limits")
    await stage.until(sdk.kinds.PODS, "limits", greedy_was_ended)
    pod = await stage.client.get(sdk.kinds.PODS.raw, "limits", "default")
    greedy, modest = pod["status"]["containerStatuses"]
    ended = greedy["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
    assert (modest["restartCount"], list(modest["state"])) == (0, ["running"])
    assert await stage.hands.logs("limits", "modest") == "I am still here\n"


async def test_job_completes_with_every_piece_of_its_work_done(stage: Stage) -> None:
    def is_over(job: Job) -> bool:
        return any(conditions.is_true(job.status.conditions, kind) for kind in ("Complete", "Failed"))

    await stage.apply("job")
    job = await stage.until(sdk.kinds.JOBS, "primes", is_over)
    assert (job.status.succeeded, job.status.failed) == (6, 0)
    pods = await stage.client.list(sdk.kinds.PODS, sdk.Selection("default", labels="job-name=primes"))
    assert [await stage.hands.logs(pod.metadata.name, "count") for pod in pods.items] == ["1229\n"] * 6


async def test_peers_find_each_other_by_their_names(stage: Stage) -> None:
    def are_ready(found: StatefulSet) -> bool:
        return found.status.ready_replicas == 3

    await stage.apply("peers")
    await stage.until(sdk.kinds.STATEFULSETS, "peers", are_ready)
    heard = (await stage.hands.logs("peers-0", "peer")).splitlines()
    names = [f"peers-{number}.peers.default.svc.cluster.local" for number in (1, 2)]
    assert sorted(heard) == [f"hello from peers-{number} at {name}" for number, name in zip((1, 2), names, strict=True)]
    found = await stage.hands.execute("peers-1", ["getent", "hosts", "peers-0.peers"])
    assert found.stdout.split()[1] == "peers-0.peers.default.svc.cluster.local", found.stderr


async def test_web_is_scaled_and_rolled_and_never_short_of_servers(stage: Stage) -> None:
    fewest: list[int] = []

    def complete(size: int):
        def wanted(found: Deployment) -> bool:
            fewest.append(found.status.available_replicas)
            status = found.status
            counts = {status.replicas, status.updated_replicas, status.available_replicas}
            return status.observed_generation >= found.metadata.generation and counts == {size}

        return wanted

    await stage.apply("web")
    await stage.until(sdk.kinds.DEPLOYMENTS, "web", complete(3))
    await stage.hands.scale("web", 5)
    await stage.until(sdk.kinds.DEPLOYMENTS, "web", complete(5))
    fewest.clear()
    await stage.hands.set_variable("web", "VERSION", "2")
    await stage.until(sdk.kinds.DEPLOYMENTS, "web", complete(5))
    assert min(fewest) == 5
    for pod in await web.pods(stage):
        answer = await stage.hands.execute(pod.metadata.name, ["python3", "-c", web.ASK])
        assert answer.stdout == f"version 2 from {pod.metadata.name}\n", answer.stderr


async def test_breakout_reaches_nothing_of_the_machine(stage: Stage) -> None:
    with breakout.bait() as bait:
        await stage.client.create(sdk.kinds.CONFIGMAPS, bait.config_map, "default")
        await stage.apply("breakout")
        phase = await end(stage, "breakout")
        answers = breakout.answers(await stage.hands.logs("breakout", "prisoner"))
        assert bait.caller() == ""
    assert [title for title, answer in answers.items() if breakout.REACHED in answer] == []
    assert f"read {bait.facts['HOST_FILE']}" in answers
    assert (phase, len(answers)) == ("Succeeded", 27)


async def test_breakout_would_say_so_if_it_reached_something(stage: Stage) -> None:
    """What it looks for is a file of its own, so that this attempt, and no other, comes through."""
    manifest = yaml.safe_load((EXAMPLES / "breakout.yaml").read_text())
    container = manifest["spec"]["containers"][0]
    del container["envFrom"]
    container["env"] = [{"name": "HOST_FILE", "value": "/etc/hostname"}]
    pod = {"metadata": {"name": "control"}, "spec": manifest["spec"]}
    await stage.client.create(sdk.kinds.PODS, pod, "default")
    ended_as = await stage.until(sdk.kinds.PODS, "control", ended)
    answers = breakout.answers(await stage.hands.logs("control", "prisoner"))
    assert {title for title, answer in answers.items() if breakout.REACHED in answer} == {"read /etc/hostname"}
    terminated = ended_as.status.container_statuses[0].state.terminated
    assert terminated is not None
    assert terminated.exit_code == 1
