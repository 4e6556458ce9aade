"""Real programs from images as pods, with the users and the Entrypoints of their images."""

from typing import Any

from pods.kit import Pods, is_ready
from pods.real import recipes

LONG = 120.0


def from_image(image: str, *probe: str, **more: object) -> dict[str, object]:
    ready = {"readinessProbe": {"exec": {"command": list(probe)}, "periodSeconds": 1}} if probe else {}
    return {"name": "main", "image": image, **ready, **more}


async def test_redis(pods: Pods, pushed):
    name = await pods.create(from_image(pushed(recipes.REDIS), "redis-cli", "ping"))
    await pods.until(name, is_ready, LONG)
    done = await pods.sh(name, "redis-cli set a 1; redis-cli incr a; id -un; cat /proc/1/comm; pwd")
    assert done.out.split() == ["OK", "2", "redis", "redis-server", "/var/lib/redis"]
    assert "Ready to accept connections" in await pods.logs(name)


async def test_nginx_ends_by_its_own_signal(pods: Pods, pushed):
    name = await pods.create(from_image(pushed(recipes.NGINX), "curl", "-s", "http://localhost/"))
    await pods.until(name, is_ready, LONG)
    done = await pods.sh(
        name, "echo hello >/var/www/html/index.html; curl -s localhost; ps 2>/dev/null; cat /proc/1/comm"
    )
    assert done.out.split()[0] == "hello"
    await pods.delete(name)
    await pods.gone(name)


async def test_postgresql_keeps_its_data_on_a_volume(pods: Pods, pushed):
    bin = recipes.POSTGRES_BIN
    server = from_image(
        pushed(recipes.POSTGRES),
        f"{bin}/pg_isready",
        "-h",
        "/tmp",
        volumeMounts=[{"name": "data", "mountPath": "/var/lib/postgresql"}],
    )
    spec = {"volumes": [{"name": "data", "emptyDir": {}}], "securityContext": {"fsGroup": 101}}
    name = await pods.create(server, restartPolicy="Always", **spec)
    await pods.until(name, is_ready, LONG)
    script = (
        f"cd {bin} && ./createdb -h /tmp bench && ./pgbench -h /tmp -i -q bench && ./pgbench -h /tmp -c 4 -t 25 bench"
    )
    done = await pods.sh(name, script)
    assert "actually processed: 100/100" in done.out, done
    count = f"{bin}/psql -h /tmp bench -Atc 'select count(*), sum(abalance) from pgbench_accounts'"
    before = (await pods.sh(name, count)).out
    await pods.sh(name, "kill -INT 1")
    await pods.until(name, lambda pod: _restarts(pod) == 1 and is_ready(pod), LONG)
    assert before
    assert (await pods.sh(name, count)).out == before
    assert "database system was shut down at" in await pods.logs(name)


def _restarts(pod: dict[str, Any]) -> int:
    return pod["status"]["containerStatuses"][0]["restartCount"]


async def test_python_node_and_java_take_arguments(pods: Pods, pushed):
    names = [
        await pods.create(from_image(pushed(recipes.PYTHON), args=["-c", "import ssl; print('python')"])),
        await pods.create(from_image(pushed(recipes.NODE), args=["-e", "console.log('node')"])),
        await pods.create(from_image(pushed(recipes.JAVA), args=["-version"])),
    ]
    for name, said in zip(names, ("python", "node", "17."), strict=True):
        await pods.until(name, lambda pod: pod["status"]["phase"] == "Succeeded", LONG)
        assert said in await pods.logs(name)
