"""What the cluster's certificates say, as TLS itself reads them."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from podvisor.base import tasks
from podvisor.cluster import certificates, pki, renewal
from podvisor.cluster.certificates import Identity, Pair
from podvisor.cluster.pki import Pki
from podvisor.testing.clock import VirtualClock

NOW = datetime.now(UTC)
HOSTS = ["localhost", "127.0.0.1", "kubernetes.default.svc"]


def written(pair: Pair, path: Path, name: str) -> tuple[Path, Path]:
    certificate, key = path / f"{name}.crt", path / f"{name}.key"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    return certificate, key


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> dict[str, object]:
    """Shake hands in memory; what the server then knows of the client's certificate."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for end in [*ends, *ends]:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return dict(ends[1].getpeercert() or {})


@pytest.fixture
def authority() -> Pair:
    return certificates.authority("test", NOW)


@pytest.fixture
def server(authority: Pair, tmp_path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = certificates.issue(authority, Identity("kube-apiserver", hosts=HOSTS), NOW)
    context.load_cert_chain(*written(pair, tmp_path, "server"))
    context.load_verify_locations(cadata=authority.certificate.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client(authority: Pair, own: Pair | None, path: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.certificate.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if own is not None:
        context.load_cert_chain(*written(own, path, "client"))
    return context


def subject(peer: dict[str, object]) -> Sequence[tuple[str, str]]:
    names: Sequence[Sequence[tuple[str, str]]] = peer["subject"]  # pyright: ignore[reportAssignmentType]
    return [pair for group in names for pair in group]


@pytest.mark.parametrize("host", HOSTS)
def test_the_server_is_trusted_under_each_of_its_names(
    authority: Pair, server: ssl.SSLContext, tmp_path: Path, host: str
):
    handshake(server, client(authority, None, tmp_path), host)


def test_the_server_is_not_trusted_under_another_name(authority: Pair, server: ssl.SSLContext, tmp_path: Path):
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(server, client(authority, None, tmp_path), "example.invalid")


def test_the_server_learns_the_clients_name_and_groups(authority: Pair, server: ssl.SSLContext, tmp_path: Path):
    own = certificates.issue(authority, Identity("system:node:n1", ["system:nodes", "more"]), NOW)
    peer = handshake(server, client(authority, own, tmp_path), "localhost")
    assert ("commonName", "system:node:n1") in subject(peer)
    assert [value for kind, value in subject(peer) if kind == "organizationName"] == ["system:nodes", "more"]


def test_a_client_of_another_authority_is_refused(authority: Pair, server: ssl.SSLContext, tmp_path: Path):
    other = certificates.authority("test", NOW)
    forged = certificates.issue(other, Identity("kubernetes-admin", ["system:masters"]), NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server, client(authority, forged, tmp_path), "localhost")


def test_a_client_certificate_is_no_server_certificate(authority: Pair, tmp_path: Path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*written(certificates.issue(authority, Identity("localhost"), NOW), tmp_path, "wrong"))
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context, client(authority, None, tmp_path), "localhost")


def test_identities_are_made_once(tmp_path: Path):
    first = pki.ensure(tmp_path / "pki", HOSTS, "n1", NOW)
    assert pki.ensure(tmp_path / "pki", HOSTS, "n1", NOW + timedelta(days=300)) == first


def test_keys_are_for_their_owner_only(tmp_path: Path):
    pki.ensure(tmp_path / "pki", HOSTS, "n1", NOW)
    for key in (tmp_path / "pki").glob("*.key"):
        assert key.stat().st_mode & 0o077 == 0


def test_certificates_are_renewed_before_they_end_below_the_same_authority(tmp_path: Path):
    first = pki.ensure(tmp_path / "pki", HOSTS, "n1", NOW)
    later = pki.ensure(tmp_path / "pki", HOSTS, "n1", NOW + timedelta(days=310))
    assert later.authority == first.authority
    assert later.clients["admin"] != first.clients["admin"]


def test_a_new_name_of_the_machine_gets_new_certificates_but_no_new_token_key(tmp_path: Path):
    first = pki.ensure(tmp_path / "pki", HOSTS, "n1", NOW)
    token_key = first.token_key.read_bytes()
    moved = pki.ensure(tmp_path / "pki", [*HOSTS, "elsewhere"], "n1", NOW)
    assert moved.clients["admin"] != first.clients["admin"]
    assert moved.token_key.read_bytes() == token_key


def test_what_a_crash_left_half_made_is_made_again(tmp_path: Path):
    first = pki.ensure(tmp_path / "pki", HOSTS, "n1", NOW)
    (tmp_path / "pki" / "issued.json").unlink()
    (tmp_path / "pki" / "scheduler.crt").unlink()
    again = pki.ensure(tmp_path / "pki", HOSTS, "n1", NOW)
    assert again.authority == first.authority
    assert set(again.clients) == set(first.clients)


async def test_a_server_that_runs_for_a_year_shows_new_certificates(tmp_path: Path):
    clock = VirtualClock(NOW - certificates.LIFE - timedelta(days=1))

    def ensure() -> Pki:
        return pki.ensure(tmp_path, HOSTS, "n1", clock.now())

    first = ensure()
    server, nodes = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    contexts, used = renewal.Contexts(server, nodes), list[Pki]()
    contexts.load(first)

    def use(found: Pki) -> None:
        contexts.load(found)
        used.append(found)

    async with tasks.background() as scope:
        scope.start(renewal.run(first, ensure, use, clock))
        await clock.advance((certificates.LIFE - pki.RENEW).total_seconds() - 3600)
        assert used == []
        await clock.advance(24 * 3600)
        assert [found.clients["admin"] != first.clients["admin"] for found in used] == [True]
        await clock.advance(24 * 3600)
    assert len(used) == 1
    # The first certificate is over by the clock that TLS reads.
    handshake(server, ssl.create_default_context(cadata=first.authority.decode()), "localhost")
