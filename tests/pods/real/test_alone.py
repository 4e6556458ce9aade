"""Real programs from images by `podvisor run`, beside what the same files do natively where that makes sense."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from harness import Outcome, Sandboxed
from pods.real import recipes


@pytest.fixture(scope="module", autouse=True)
def data(tmp_path_factory):
    """A store of this module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patch.setenv("PODVISOR_TEST_PATIENCE", "300")
        yield


@pytest.fixture
def run(pushed):
    """A function that runs a recipe's image with flags, `--` and words; its output, if it ends well."""

    def run(recipe, *words: str) -> str:
        outcome: Outcome = Sandboxed().run("--image", pushed(recipe), *words)
        assert outcome.code == 0, outcome
        return outcome.stdout

    return run


def shell(script: str) -> tuple[str, ...]:
    return "--entrypoint", "bash", "--", "-c", script


def test_redis_answers_as_its_own_user(run):
    script = """redis-server --daemonize yes --save '' --dir /var/lib/redis >/dev/null
    until redis-cli ping 2>/dev/null | grep -q PONG; do :; done
    id -un; redis-cli set key value; redis-cli get key; redis-cli save; ls -l dump.rdb | cut -d' ' -f3
    redis-benchmark -q -n 2000 -c 20 -t set,get >/dev/null && echo done"""
    assert run(recipes.REDIS, *shell(script)).split() == ["redis", "OK", "value", "OK", "redis", "done"]


def test_nginx_serves_a_file(run):
    script = """echo hello >/var/www/html/index.html; head -c 3000000 /dev/zero >/var/www/html/large
    nginx
    until curl -fs http://localhost/ >/dev/null; do :; done
    curl -s http://localhost/; curl -s http://localhost/large | wc -c; curl -so /dev/null -w '%{http_code}\\n' http://localhost/none
    nginx -s quit; cat /var/log/nginx/error.log"""
    assert run(recipes.NGINX, *shell(script)).split() == ["hello", "3000000", "404"]


PGBENCH = """set -e; bin=/usr/lib/postgresql/15/bin; data=/var/lib/postgresql/data
$bin/initdb --auth=trust -D $data >/dev/null; $bin/pg_ctl -w -s -D $data -o '-k /tmp' start >/dev/null
$bin/createdb -h /tmp bench; $bin/pgbench -h /tmp -i -q bench 2>/dev/null
$bin/pgbench -h /tmp -c 4 -t 50 bench | grep processed
$bin/psql -h /tmp bench -Atc 'select count(*) from pgbench_accounts'; stat -c %U $data
$bin/pg_ctl -w -s -D $data stop"""


def test_postgresql_does_transactions(run):
    found = run(recipes.POSTGRES, *shell(PGBENCH)).splitlines()
    assert found == ["number of transactions actually processed: 200/200", "100000", "postgres"]


@pytest.mark.parametrize("user", ["0", "nobody"])
def test_postgresql_will_not_run_as_somebody_else(pushed, user):
    outcome = Sandboxed().run("--image", pushed(recipes.POSTGRES), "--user", user)
    assert outcome.code != 0
    assert "cannot be run as root" in outcome.stderr or "Permission denied" in outcome.stderr


PYTHON = """import asyncio, json, ssl, sqlite3, decimal
print(json.dumps([ssl.OPENSSL_VERSION, str(decimal.Decimal(2).sqrt())]))"""


def test_python_says_what_it_says_natively(run):
    found = json.loads(run(recipes.PYTHON, "--", "-c", PYTHON))
    assert found[0].startswith("OpenSSL 3")
    assert found[1] == "1.414213562373095048801688724"


def test_pip_installs_a_wheel(run, tmp_path: Path):
    wheel = tmp_path / "greeting-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("greeting.py", "def main(): print('from a wheel')\n")
        archive.writestr("greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        archive.writestr(
            "greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("greeting-1.0.dist-info/entry_points.txt", "[console_scripts]\ngreet = greeting:main\n")
        archive.writestr("greeting-1.0.dist-info/RECORD", "")
    tmp_path.chmod(0o755)
    script = (
        f"pip3 install --quiet --no-index --break-system-packages --root-user-action=ignore /w/{wheel.name} && greet"
    )
    assert run(recipes.PYTHON, "--mount", f"{tmp_path}:/w:ro", *shell(script)) == "from a wheel\n"


NODE = """const http = require('http'), crypto = require('crypto');
const server = http.createServer((q, a) => a.end(crypto.createHash('sha256').update(q.url).digest('hex')));
server.listen(0, () => http.get({port: server.address().port, path: '/x'}, a => {
  a.on('data', d => process.stdout.write(d)); a.on('end', () => { console.log(); server.close(); }); }));"""


def test_node_serves_itself(run):
    wanted = subprocess.run(["sha256sum"], input=b"/x", capture_output=True, check=True).stdout[:64].decode()
    assert run(recipes.NODE, "--", "-e", NODE).strip() == wanted


def test_java_says_its_version(run):
    assert "17." in run(recipes.JAVA, "--", "--version")


KEYTOOL = """cd /tmp; keytool=/usr/lib/jvm/java-17-openjdk-amd64/bin/keytool; flags='-keystore k -storepass secret-word'
$keytool -genkeypair -alias a -keyalg EC $flags -dname CN=tests 2>/dev/null
$keytool -list $flags | grep -o PrivateKey"""


def test_java_makes_a_key_and_finds_it_again(run):
    assert run(recipes.JAVA, *shell(KEYTOOL)) == "PrivateKey\n"


def test_every_file_is_as_in_the_packages(run):
    """Some thousand files by their checksums, as dpkg would verify them."""
    script = "cat /usr/share/md5 | md5sum --quiet -c && wc -l </usr/share/md5"
    assert int(run(recipes.PYTHON, *shell(f"cd /; {script}"))) > 1000
