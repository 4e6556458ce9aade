"""Finding and reading kubeconfig files."""

import base64

import pytest
import yaml

from podvisor.sdk import kubeconfig

CONFIG = {
    "current-context": "dev",
    "contexts": [
        {"name": "dev", "context": {"cluster": "local", "user": "admin", "namespace": "team"}},
        {"name": "bare", "context": {"cluster": "local"}},
        {"name": "plugin", "context": {"cluster": "local", "user": "plugin"}},
    ],
    "clusters": [{"name": "local", "cluster": {"server": "https://127.0.0.1:6443", "certificate-authority": "ca.crt"}}],
    "users": [
        {
            "name": "admin",
            "user": {
                "client-certificate-data": base64.b64encode(b"certificate").decode(),
                "client-key-data": base64.b64encode(b"key").decode(),
                "token": "secret",
            },
        },
        {"name": "plugin", "user": {"exec": {"command": "login"}}},
    ],
}


@pytest.fixture
def path(tmp_path):
    (tmp_path / "ca.crt").write_bytes(b"authority")
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


def test_the_current_context_gives_server_credentials_and_namespace(path):
    context = kubeconfig.load([path])
    assert (context.name, context.namespace) == ("dev", "team")
    access = context.access
    assert access.server == "https://127.0.0.1:6443"
    assert (access.authority, access.certificate, access.key) == (b"authority", b"certificate", b"key")
    assert access.bearer() == "secret"


def test_a_context_can_be_named_and_may_have_no_user(path):
    context = kubeconfig.load([path], "bare")
    assert (context.namespace, context.access.token) == ("default", "")


def test_of_several_files_the_first_that_names_an_entry_wins(path, tmp_path):
    first = tmp_path / "first"
    first.write_text(yaml.safe_dump({"current-context": "bare"}))
    assert kubeconfig.load([tmp_path / "missing", first, path]).name == "bare"


def test_the_environment_names_the_files(path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", f"/nonexistent:{path}")
    assert kubeconfig.load().name == "dev"


@pytest.mark.parametrize(
    ("context", "message"),
    [("nobody", 'no entry "nobody" in contexts'), ("plugin", "needs a credential plugin")],
)
def test_what_cannot_be_used_is_refused_with_the_reason(path, context, message):
    with pytest.raises(kubeconfig.KubeconfigError, match=message):
        kubeconfig.load([path], context)


def test_no_file_at_all_is_said_with_its_path(tmp_path):
    with pytest.raises(kubeconfig.KubeconfigError, match="nowhere"):
        kubeconfig.load([tmp_path / "nowhere"])


def test_a_pod_finds_its_own_credentials(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    for name, text in [("token", "abc\n"), ("ca.crt", "authority"), ("namespace", "team")]:
        (tmp_path / name).write_text(text)
    context = kubeconfig.in_cluster(tmp_path)
    assert (context.access.server, context.access.bearer(), context.namespace) == (
        "https://10.96.0.1:443",
        "abc",
        "team",
    )
