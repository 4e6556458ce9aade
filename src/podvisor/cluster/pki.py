"""The cluster's identities on disk: made once, renewed in time, never lost half-way.

`pki/issued.json` says until when the certificates hold and for which hosts, so that a cluster starts without looking
into them. The authority and the key for tokens are kept for good: everybody trusts them.
"""

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from podvisor.cluster import certificates
from podvisor.cluster.certificates import Identity, Pair
from podvisor.cluster.directory import replace
from podvisor.cluster.errors import Damaged

RENEW = timedelta(days=60)
"""How long before their end certificates are made anew."""

CLIENTS: Mapping[str, Identity] = {
    "admin": Identity("kubernetes-admin", ["system:masters"]),
    "scheduler": Identity("system:kube-scheduler"),
    "controller-manager": Identity("system:kube-controller-manager"),
    "apiserver-client": Identity("kube-apiserver-kubelet-client", ["system:masters"]),
}
"""Clients that every cluster has."""


def clients(node: str) -> Mapping[str, Identity]:
    """The cluster's own clients and the one of its node, by the names of their files."""
    return {**CLIENTS, "node": Identity(f"system:node:{node}", ["system:nodes"])}


@dataclass(frozen=True, slots=True)
class Pki:
    """Everything that proves who somebody is."""

    path: Path
    authority: bytes
    """The CA's certificate."""
    clients: Mapping[str, Pair]

    @property
    def signing(self) -> Pair:
        """The CA with its key, which signs what was asked for by CertificateSigningRequests."""
        return _read(self.path, "ca")

    @property
    def server_certificate(self) -> Path:
        return self.path / "apiserver.crt"

    @property
    def server_key(self) -> Path:
        return self.path / "apiserver.key"

    @property
    def authority_certificate(self) -> Path:
        return self.path / "ca.crt"

    @property
    def token_key(self) -> Path:
        return self.path / "sa.key"

    def earlier_token_keys(self) -> list[bytes]:
        """Public keys, `sa*.pub`, of tokens that are believed as well: put the old key's here when a new one signs."""
        return [path.read_bytes() for path in sorted(self.path.glob("sa*.pub"))]


def ensure(path: Path, hosts: Sequence[str], node: str, now: datetime) -> Pki:
    """The identities in `path`, made or renewed where need be, for a server that is reached under `hosts`.

    Raises Damaged, and not only when somebody first uses what is damaged.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    try:
        if not _fresh(path, hosts, node, now):
            _issue(path, hosts, node, clients(node), now)
        pairs = {name: _read(path, name) for name in clients(node)}
        _check(path, ["apiserver", "node-server", *clients(node)])
    except (FileNotFoundError, ValueError, ssl.SSLError) as error:
        text = f"{path} is damaged: {error}; remove it, and `up` makes new certificates and a new admin.kubeconfig"
        raise Damaged(text) from error
    return Pki(path, (path / "ca.crt").read_bytes(), pairs)


def _check(path: Path, names: Sequence[str]) -> None:
    """See that everything can be used. Raises ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in names:
        try:
            context.load_cert_chain(path / f"{name}.crt", path / f"{name}.key")
        except ssl.SSLError as error:
            raise ValueError(f"{name}.crt and {name}.key are no certificate with its key") from error
    try:
        context.load_verify_locations(path / "ca.crt")
    except ssl.SSLError as error:
        raise ValueError("ca.crt is no certificate") from error
    if b"-----END" not in (path / "sa.key").read_bytes():
        raise ValueError("sa.key is no key")


def _fresh(path: Path, hosts: Sequence[str], node: str, now: datetime) -> bool:
    try:
        issued = json.loads((path / "issued.json").read_bytes())
        ends = datetime.fromisoformat(issued["ends"])
    except (FileNotFoundError, ValueError, KeyError):
        return False
    return now < ends - RENEW and set(hosts) <= set(issued["hosts"]) and issued["node"] == node


def _issue(path: Path, hosts: Sequence[str], node: str, clients: Mapping[str, Identity], now: datetime) -> None:
    """Make everything anew below the authority. `issued.json` comes last: without it all is done again."""
    (path / "issued.json").unlink(missing_ok=True)
    issuer = _authority(path, now)
    _write(path, "apiserver", certificates.issue(issuer, Identity("kube-apiserver", hosts=hosts), now))
    _write(path, "node-server", certificates.issue(issuer, Identity(f"system:node:{node}", hosts=hosts), now))
    for name, identity in clients.items():
        _write(path, name, certificates.issue(issuer, identity, now))
    if not (path / "sa.key").exists():
        replace(path / "sa.key", certificates.signing_key())
    issued = {"ends": (now + certificates.LIFE).isoformat(), "hosts": list(hosts), "node": node}
    replace(path / "issued.json", json.dumps(issued).encode())


def _authority(path: Path, now: datetime) -> Pair:
    """The authority, made at the first start. Its key is written first: a certificate without one is no use."""
    if (path / "ca.crt").exists():
        return _read(path, "ca")
    made = certificates.authority("podvisor", now)
    _write(path, "ca", made)
    return made


def _read(path: Path, name: str) -> Pair:
    return Pair((path / f"{name}.crt").read_bytes(), (path / f"{name}.key").read_bytes())


def _write(path: Path, name: str, pair: Pair) -> None:
    replace(path / f"{name}.key", pair.key)
    replace(path / f"{name}.crt", pair.certificate)
