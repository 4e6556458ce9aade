"""What the containers of a pod share, and what they do not.

https://kubernetes.io/docs/concepts/workloads/pods/#resource-sharing-and-communication
"""

from pods.kit import Json, Pods, container, forever, is_ready, runs, state

VOLUME = {"volumes": [{"name": "vol", "emptyDir": {}}]}
MOUNTED = {"volumeMounts": [{"name": "vol", "mountPath": "/vol"}]}
SERVER = """
import http.server as h
server = h.HTTPServer(('', 8080), h.SimpleHTTPRequestHandler)
print('up', flush=True)
server.serve_forever()
"""
ASK = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/etc/hostname').read().decode())"
TAKEN = "import socket; socket.create_server(('', 8080))"
SOCKET = """
import socket
s = socket.socket(socket.AF_UNIX)
s.bind('/vol/sock'); s.listen()
print('up', flush=True)
while True: s.accept()[0].sendall(b'over the socket')
"""
CONNECT = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/vol/sock'); print(s.recv(99).decode())"
LOCK = """
import fcntl, time
lock = open('/vol/lock', 'w')
fcntl.flock(lock, fcntl.LOCK_EX)
print('up', flush=True)
time.sleep(1000)
"""
TRY_LOCK = "import fcntl; fcntl.flock(open('/vol/lock', 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
WATCH = """
import ctypes, os
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
libc.inotify_add_watch(fd, b'/vol', 0x100)
print('up', flush=True)
print(os.read(fd, 4096)[16:].rstrip(b'\\0').decode(), flush=True)
"""


def python(program: str, name: str, **more: object) -> Json:
    return {"name": name, "image": "host", "command": ["python3", "-c", program], **more}


async def test_loopback_is_one_for_all_containers(pods: Pods):
    name = await pods.up(python(SERVER, "serves"), forever("asks"))
    done = await pods.sh(name, f'python3 -c "{ASK}"', within="asks")
    assert done.out.strip() == name


async def test_ports_are_taken_once_for_the_whole_pod(pods: Pods):
    name = await pods.up(python(SERVER, "serves"), forever("asks"))
    done = await pods.sh(name, f'python3 -c "{TAKEN}"', within="asks")
    assert "Address already in use" in done.err


async def test_pods_do_not_share_loopback(pods: Pods):
    await pods.up(python(SERVER, "serves"))
    other = await pods.up(forever("asks"))
    done = await pods.sh(other, "exec 3<> /dev/tcp/127.0.0.1/8080", within="asks")
    assert "Connection refused" in done.err


async def test_hostname_is_the_pods_in_every_container(pods: Pods):
    name = await pods.up(forever("a"), forever("b"))
    assert [(await pods.sh(name, "hostname", within=one)).out for one in ("a", "b")] == [f"{name}\n"] * 2


async def test_hostname_and_subdomain_are_as_asked_for(pods: Pods):
    told = await pods.output("hostname; grep web /etc/hosts", hostname="web", subdomain="backends")
    assert told.splitlines()[0] == "web"
    assert told.splitlines()[1].split()[1:] == ["web.backends.default.svc.cluster.local", "web"]


async def test_aliases_are_in_the_hosts_file(pods: Pods):
    aliases = [{"ip": "10.1.2.3", "hostnames": ["foo.local", "bar.local"]}]
    told = await pods.output("grep '^10.1.2.3' /etc/hosts; getent hosts bar.local", hostAliases=aliases)
    assert told.splitlines()[0] == "10.1.2.3\tfoo.local\tbar.local"
    assert told.splitlines()[1].split()[0] == "10.1.2.3"


async def test_resolver_is_configured_as_asked_for(pods: Pods):
    config = {"nameservers": ["192.0.2.1"], "searches": ["my.dns.local"], "options": [{"name": "ndots", "value": "2"}]}
    told = await pods.output("cat /etc/resolv.conf", dnsPolicy="None", dnsConfig=config)
    assert told == "search my.dns.local\nnameserver 192.0.2.1\noptions ndots:2\n"


async def test_root_file_systems_are_apart(pods: Pods):
    name = await pods.up(forever("a"), forever("b"))
    await pods.sh(name, "touch /mine /tmp/mine", within="a")
    assert (await pods.sh(name, "ls /mine /tmp/mine", within="b")).code == 2


async def test_process_trees_are_apart(pods: Pods):
    name = await pods.up(forever("a"), container("trap 'exit 0' TERM; sleep 98765 & wait", "b"))
    assert "98765" not in (await pods.sh(name, "ps -ef", within="a")).out
    assert (await pods.sh(name, "ps -o pid= -p 1", within="b")).out.strip() == "1"


async def test_process_tree_is_one_when_that_is_asked_for(pods: Pods):
    beside = container("trap 'exit 0' TERM; sleep 98765 & wait", "b")
    name = await pods.up(forever("a"), beside, shareProcessNamespace=True)
    assert "sleep 98765" in (await pods.sh(name, "ps -ef", within="a")).out
    await pods.sh(name, "pkill -TERM -f 'sleep 98765 &'", within="a")
    await pods.until(name, lambda pod: state(pod, "b")[0] == "terminated")
    assert runs("a")(await pods.get(name))


async def test_fifo_joins_two_containers(pods: Pods):
    reads = container("until test -p /vol/pipe; do sleep 0.1; done; cat /vol/pipe", "reads", **MOUNTED)
    writes = container("mkfifo /vol/pipe; echo through the pipe > /vol/pipe", "writes", **MOUNTED)
    pod = await pods.ended(reads, writes, **VOLUME)
    assert await pods.logs(pod["metadata"]["name"], "-c", "reads") == "through the pipe\n"


async def test_unix_socket_joins_two_containers(pods: Pods):
    name = await pods.up(python(SOCKET, "serves", **MOUNTED), forever("asks", **MOUNTED), **VOLUME)
    assert (await pods.sh(name, f'python3 -c "{CONNECT}"', within="asks")).out == "over the socket\n"


async def test_lock_holds_across_containers(pods: Pods):
    name = await pods.up(python(LOCK, "holds", **MOUNTED), forever("asks", **MOUNTED), **VOLUME)
    assert "BlockingIOError" in (await pods.sh(name, f'python3 -c "{TRY_LOCK}"', within="asks")).err


async def test_change_is_noticed_across_containers(pods: Pods):
    name = await pods.up(python(WATCH, "watches", **MOUNTED), forever("writes", **MOUNTED), **VOLUME)
    await pods.sh(name, "touch /vol/appeared", within="writes")
    await pods.until(name, lambda pod: state(pod, "watches")[0] == "terminated")
    assert await pods.logs(name, "-c", "watches") == "up\nappeared\n"


async def test_shared_memory_is_one_for_all_containers(pods: Pods):
    name = await pods.up(forever("a"), forever("b"))
    keep = "my $id = shmget(1234, 64, 0666 | 01000); shmwrite($id, q(system v), 0, 8) or die"
    find = "my $id = shmget(1234, 64, 0); shmread($id, my $text, 0, 8) or die; print $text"
    await pods.sh(name, f"echo posix > /dev/shm/thing; perl -e '{keep}'", within="a")
    done = await pods.sh(name, f"cat /dev/shm/thing; perl -e '{find}'", within="b")
    assert done.out == "posix\nsystem v"


async def test_limits_of_memory_are_seen_from_inside(pods: Pods):
    name = await pods.create(forever(resources={"limits": {"memory": "64Mi"}}))
    await pods.until(name, is_ready)
    assert (await pods.sh(name, "cat /sys/fs/cgroup/memory.max")).out == f"{64 << 20}\n"
