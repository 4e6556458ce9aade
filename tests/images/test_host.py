import os

from podvisor.images import host
from podvisor.sandbox import spec


def layers(root="/") -> dict[str, spec.Layer]:
    return {layer.at: layer for layer in host.root(str(root)).layers}


def make(root, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)


def test_nothing_of_users_services_or_secrets_is_shown(tmp_path):
    make(
        tmp_path,
        "root/.ssh/id_rsa",
        "home/alice/notes",
        "var/lib/db",
        "run/socket",
        "etc/shadow",
        "etc/gshadow",
        "etc/passwd",
        "etc/ssl/private/key.pem",
        "etc/ssl/certs/ca.crt",
        "etc/ssh/ssh_host_rsa_key",
        "usr/bin/true",
    )
    shown = {layer.path for layer in layers(tmp_path).values() if isinstance(layer, spec.HostLayer)}
    assert shown == {str(tmp_path / "usr"), str(tmp_path / "etc/ssl/certs")}


def test_this_machines_host_layers_are_programs_and_named_configuration_only():
    shown = [layer.at for layer in layers().values() if isinstance(layer, spec.HostLayer)]
    allowed = {f"/{name}" for name in host.PROGRAMS} | {f"/etc/{name}" for name in host.CONFIGURATION}
    assert set(shown) <= allowed
    assert "/usr" in shown


def test_users_are_not_the_hosts():
    passwd = layers()["/etc/passwd"]
    assert isinstance(passwd, spec.FileLayer)
    assert [line.split(":")[0] for line in passwd.content.splitlines()] == ["root", "daemon", "nobody"]


def test_links_stay_links(tmp_path):
    make(tmp_path, "usr/bin/sh", "usr/share/zoneinfo/Etc/UTC")
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")
    shown = layers(tmp_path)
    assert shown["/bin"] == spec.SymlinkLayer("/bin", "usr/bin")
    assert shown["/etc/localtime"] == spec.SymlinkLayer("/etc/localtime", "/usr/share/zoneinfo/Etc/UTC")


def test_what_a_user_cannot_read_is_left_out(tmp_path, monkeypatch):
    make(tmp_path, "opt/tool")
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("opt"))
    assert "/opt" not in layers(tmp_path)
