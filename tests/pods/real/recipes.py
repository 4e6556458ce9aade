"""The images, each with its own users, Entrypoint and Cmd."""

from pods.real.debian import Recipe


def _config(*entrypoint: str, cmd: tuple[str, ...] = (), user: str = "", workdir: str = "") -> list[str]:
    words = [f"--config.entrypoint={word}" for word in entrypoint] + [f"--config.cmd={word}" for word in cmd]
    words += [f"--config.user={user}"] if user else []
    words += [f"--config.workingdir={workdir}"] if workdir else []
    return [*words, "--config.env=LANG=C.UTF-8", "--config.env=PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]


POSTGRES_BIN = "/usr/lib/postgresql/15/bin"
POSTGRES_DATA = "/var/lib/postgresql/data"
INITDB = f"[ -s {POSTGRES_DATA}/PG_VERSION ] || {POSTGRES_BIN}/initdb --auth=trust -D {POSTGRES_DATA}"
"""What images of PostgreSQL do when they start on an empty volume."""

REDIS = Recipe(
    "redis",
    ("redis-server", "redis-tools"),
    _config("redis-server", cmd=("--save", "", "--dir", "/var/lib/redis"), user="redis", workdir="/var/lib/redis"),
    ("redis:100:/var/lib/redis",),
    ("var/lib/redis:100",),
)
NGINX = Recipe(
    "nginx",
    ("nginx-light", "curl"),
    _config("nginx", "-g", "daemon off;"),
    (),
    ("var/www/html:0", "var/log/nginx:33", "var/lib/nginx:33"),
    ("etc/nginx/sites-enabled/default:/etc/nginx/sites-available/default",),
)
POSTGRES = Recipe(
    "postgres",
    ("postgresql-15",),
    _config(
        "/bin/sh",
        "-c",
        f"{INITDB} && exec {POSTGRES_BIN}/postgres -D {POSTGRES_DATA} -k /tmp",
        user="postgres:postgres",
        workdir="/var/lib/postgresql",
    ),
    ("postgres:101:/var/lib/postgresql",),
    ("var/lib/postgresql:101", "var/run/postgresql:101"),
)
PYTHON = Recipe("python", ("python3", "python3-pip"), _config("python3"))
NODE = Recipe("node", ("nodejs",), _config("node"))
JAVA = Recipe("java", ("openjdk-17-jre-headless",), _config("/usr/lib/jvm/java-17-openjdk-amd64/bin/java"))
ALL = (REDIS, NGINX, POSTGRES, PYTHON, NODE, JAVA)
