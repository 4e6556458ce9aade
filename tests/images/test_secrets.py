"""Who is told a secret, at registries that try to get hold of one."""

import base64

import pytest
from aiohttp import web
from yarl import URL

from images import faulty
from images.faulty import Instant, cut, error, ranged, served, whole
from podvisor.images import errors, local, reference
from podvisor.images.pulling import Puller
from podvisor.images.registry import credentials, hosts, proxies
from podvisor.images.registry.credentials import Auths, Login

ANN = Login("ann", "secret-word")
BASIC = "Basic " + base64.b64encode(b"ann:secret-word").decode()


@pytest.fixture
async def registry():
    async with served() as one:
        yield one


@pytest.fixture
async def elsewhere():
    async with served() as one:
        yield one


def sent(registry) -> list[str]:
    """The Authorization of each request to it."""
    return [one.headers.get("Authorization", "") for one in registry.seen]


def challenge(scheme: str) -> web.Response:
    return error(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=scheme)


def guarded(scheme: str = 'Basic realm="here"'):
    """A hook that wants Authorization."""

    async def hook(request):
        return None if request.headers.get("Authorization") else challenge(scheme)

    return hook


async def test_a_login_is_sent_only_where_it_is_asked_for(registry):
    registry.image()
    async with faulty.client(registry.address, None, ANN) as client:
        await client.manifest("latest")
        assert client.login is None
        registry.hook = guarded()
        await client.manifest("latest")
        assert client.login == ANN
    assert sent(registry) == ["", "", BASIC]


async def test_a_redirect_to_another_host_gets_no_authorization(registry, elsewhere):
    one = registry.blob(b"content")
    elsewhere.blob(b"content")

    async def hook(request):
        if not request.headers.get("Authorization"):
            return challenge("Basic")
        target = f"http://eve:own@{elsewhere.address}{request.path}?signature=a%2Fb"
        return web.Response(status=307, headers={"Location": target})

    registry.hook = hook
    async with faulty.client(registry.address, None, ANN) as client:
        assert await whole(client, one) == b"content"
    assert sent(registry) == ["", BASIC]
    assert sent(elsewhere) == [""]
    assert elsewhere.seen[0].raw_path.endswith("?signature=a%2Fb")


async def test_a_redirect_on_the_same_host_is_authorized(registry):
    one = registry.blob(b"content")

    async def hook(request):
        if not request.headers.get("Authorization"):
            return challenge("Basic")
        if "/blobs/" in request.path and "again" not in request.query:
            raise web.HTTPFound(f"{request.path}?again=1")
        return None

    registry.hook = hook
    async with faulty.client(registry.address, None, ANN) as client:
        assert await whole(client, one) == b"content"
    assert sent(registry)[1:] == [BASIC, BASIC]


@pytest.mark.parametrize("scheme", ["Basic", 'Bearer realm="http://{}/token"'])
async def test_another_host_cannot_ask_for_the_login(registry, elsewhere, scheme):
    async def redirect(request):
        raise web.HTTPTemporaryRedirect(f"http://{elsewhere.address}{request.path}")

    async def ask(request):
        return challenge(scheme.format(elsewhere.address))

    registry.hook, elsewhere.hook = redirect, ask
    async with faulty.client(registry.address, None, ANN) as client:
        with pytest.raises(errors.Denied):
            await client.manifest("latest")
    assert sent(elsewhere) == [""]


@pytest.mark.parametrize("scheme", ["Basic", 'Bearer realm="http://{}/token"'])
async def test_no_login_goes_over_plain_http_unless_it_is_configured_so(registry, scheme):
    async def hook(request):
        return web.json_response({}) if request.path == "/token" else challenge(scheme.format(registry.address))

    registry.image()
    registry.hook = hook
    async with faulty.client(registry.address, None, ANN, plain_allowed=False) as client:
        with pytest.raises(errors.PullFailed) as caught:
            await client.manifest("latest")
    assert not any(sent(registry))
    assert "secret-word" not in str(caught.value)


async def test_no_registry_token_goes_over_plain_http(registry):
    registry.image()
    async with faulty.client(registry.address, None, Login(registry_token="t"), plain_allowed=False) as client:
        await client.manifest("latest")
    assert sent(registry) == [""]


async def test_a_token_that_expires_in_the_middle_of_a_blob_is_renewed(registry):
    data = bytes(700_000)
    one = registry.blob(data)
    given = 0

    async def hook(request):
        nonlocal given
        if request.path == "/token":
            given += 1
            return web.json_response({"token": f"token-{given}"})
        if request.headers.get("Authorization") != f"Bearer token-{given}":
            return challenge(f'Bearer realm="http://{registry.address}/token",service="here"')
        if "Range" not in request.headers:
            given += 1
            return await cut(request, data[:300_000], announced=len(data))
        return ranged(request, data)

    registry.hook = hook
    async with faulty.client(registry.address) as client:
        assert await whole(client, one) == data
    assert given == 3
    tokens = [one for one in registry.seen if one.path == "/token"]
    assert [dict(one.query) for one in tokens] == [{"service": "here", "scope": "repository:team/app:pull"}] * 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"token": "a\nb"}, "gives no token"),
        ({"token": 7}, "gives no token"),
        ({}, "gives no token"),
        ([], "gives no token"),
    ],
)
async def test_a_token_server_that_gives_none_is_named(registry, answer, said):
    async def hook(request):
        if request.path == "/token":
            return web.json_response(answer)
        return challenge(f'Bearer realm="http://{registry.address}/token"')

    registry.hook = hook
    async with faulty.client(registry.address) as client:
        with pytest.raises(errors.PullFailed, match=said):
            await client.manifest("latest")


async def test_a_token_server_that_is_busy_is_asked_again(registry):
    registry.image()
    tries = 0

    async def hook(request):
        nonlocal tries
        if request.path == "/token":
            tries += 1
            return web.json_response({"token": "t"}, status=503 if tries < 3 else 200)
        authorized = request.headers.get("Authorization")
        return None if authorized else challenge(f'Bearer realm="http://{registry.address}/token"')

    registry.hook = hook
    async with faulty.client(registry.address) as client:
        await client.manifest("latest")
    assert tries == 3


@pytest.mark.parametrize("realm", ["", "ftp://x/", "http://[", "not an address", "file:///etc/passwd"])
async def test_a_token_server_that_cannot_be_asked_is_named(registry, realm):
    registry.hook = guarded(f'Bearer realm="{realm}"')
    async with faulty.client(registry.address) as client:
        with pytest.raises(errors.PullFailed, match="names no token server that can be asked"):
            await client.manifest("latest")


async def test_a_netrc_tells_nobody_anything(registry, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ann password secret-word\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    registry.image()
    async with faulty.client(registry.address) as client:
        await client.manifest("latest")
    assert sent(registry) == [""]


async def test_a_mirror_is_not_told_what_opens_the_registry(registry, tmp_path):
    registry.image()
    registry.hook = guarded()
    mirrors = hosts.Registries({"registry.invalid": {"endpoint": [f"http://{registry.address}"]}})
    keyring = Auths({"registry.invalid": ANN})
    puller = Puller(local.Store(str(tmp_path)).content, mirrors, keyring, clock=Instant())
    with pytest.raises(errors.PullFailed):
        await puller.pull(reference.parse("registry.invalid/team/app"))
    assert sent(registry) == [""]


async def test_a_mirrors_own_login_may_be_in_its_address(registry, tmp_path):
    registry.image()
    registry.hook = guarded()
    mirrors = hosts.Registries({"registry.invalid": {"endpoint": [f"http://ann:secret%2Dword@{registry.address}"]}})
    puller = Puller(local.Store(str(tmp_path)).content, mirrors, clock=Instant())
    await puller.pull(reference.parse("registry.invalid/team/app"))
    assert set(sent(registry)) == {"", BASIC}


def test_docker_hubs_helper_is_found_by_its_old_name():
    parsed = credentials.parse(b'{"credHelpers": {"https://index.docker.io/v1/": "hub"}}')
    assert parsed.helpers == {"docker.io": "hub"}


PROXIED = {"HTTPS_PROXY": "http://ann:secret@proxy:3128", "http_proxy": "proxy:80"}


@pytest.mark.parametrize(
    ("address", "no_proxy", "proxy"),
    [
        ("https://r.example/v2/", "", "http://ann:secret@proxy:3128"),
        ("http://r.example/v2/", "", "http://proxy:80"),
        ("http://localhost:5000/", "", None),
        ("http://127.0.0.2:5000/", "", None),
        ("https://r.example/", "r.example", None),
        ("https://r.example/", "other.example, example", None),
        ("https://r.example/", ".r.example", "http://ann:secret@proxy:3128"),
        ("https://r.example:5000/", "r.example:5001", "http://ann:secret@proxy:3128"),
        ("https://r.example:5000/", "r.example:5000", None),
        ("https://our.example/", "r.example", "http://ann:secret@proxy:3128"),
        ("https://10.1.2.3/", "10.0.0.0/8", None),
        ("https://11.1.2.3/", "10.0.0.0/8,::/0", "http://ann:secret@proxy:3128"),
        ("https://[fd00::1]/", "fd00::/8", None),
        ("https://r.example/", "*", None),
    ],
)
def test_a_proxy_is_chosen_as_go_programs_choose_it(address, no_proxy, proxy):
    found = proxies.choose(URL(address), {**PROXIED, "NO_PROXY": no_proxy})
    assert (found and str(found)) == (proxy and str(URL(proxy)))


async def test_a_proxy_is_asked_for_others(elsewhere, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://ann:secret-word@{elsewhere.address}")
    async with faulty.client("registry.invalid") as client:
        with pytest.raises(errors.Missing):
            await client.manifest("latest")
    assert elsewhere.seen[0].headers["Host"] == "registry.invalid"
    assert elsewhere.seen[0].headers["Proxy-Authorization"] == BASIC
    assert sent(elsewhere) == [""]
