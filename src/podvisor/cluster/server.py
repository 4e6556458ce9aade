"""The server process, put together: store, API server, scheduler and controllers, each inside the one before.

Leaving takes them down in reverse: whoever speaks to the API goes first, the store last.
"""

import asyncio
import gc
import os
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from ipaddress import ip_network
from pathlib import Path

from aiohttp import web

from podvisor import apiserver, controllers, node, scheduler, sdk
from podvisor.apiserver import Api
from podvisor.apiserver.access import Access, ClientCertificates, Tokens, User
from podvisor.apiserver.access.rbac import Rbac
from podvisor.base import tasks
from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.cluster import certificates, ending, host, kubeconfig, listener, pki, renewal
from podvisor.cluster.authorization import authorizer
from podvisor.cluster.bootstraptokens import BootstrapTokens
from podvisor.cluster.connections import Connections, Recognising
from podvisor.cluster.directory import Directory, Running, replace
from podvisor.cluster.errors import StartFailed
from podvisor.cluster.nodes import HttpsNodes
from podvisor.cluster.pki import Pki
from podvisor.cluster.renewal import Contexts
from podvisor.cluster.settings import Settings
from podvisor.cluster.steps import Steps
from podvisor.cluster.tokens import ServiceAccountTokens
from podvisor.network import ranges
from podvisor.node import memory_group
from podvisor.node.eviction import thresholds
from podvisor.store import embedded
from podvisor.store.backend import Backend

RESTART = Backoff(first=0.2, limit=30.0)
"""How long a component that crashed waits before it starts again."""
READY_SECONDS = 30.0
"""How long the node may take to be Ready when the cluster starts."""
PATIENCE = 2.0
"""Seconds that requests which still run have when the server stops."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    url: str
    directory: Directory


@asynccontextmanager
async def running(settings: Settings, clock: Clock, steps: Steps) -> AsyncGenerator[Server]:
    """The server, while the block runs. Raises ClusterError, and what the store's opening raises."""
    directory = Directory(settings.data_dir)
    directory.create()
    directory.check_room()
    directory.check_apart(settings.host_paths)
    with directory.held(), listener.listening(settings) as accepting:
        url = listener.url(accepting)
        async with AsyncExitStack() as stack:
            await _machine(directory, steps)
            identities = _identities(settings, directory, steps, clock.now())
            store = await stack.enter_async_context(_store(directory, clock, steps))
            api = await stack.enter_async_context(_api(settings, accepting, identities, store, clock, steps))
            await stack.enter_async_context(_components(api, identities, clock, steps))
            await stack.enter_async_context(_node(api, settings, identities, clock, steps))
            _announce(directory, url, identities, clock.now())
            gc.freeze()
            try:
                yield Server(url, directory)
            finally:
                directory.forget()


async def _machine(directory: Directory, steps: Steps) -> None:
    """See that this machine can run pods, and that those of a server which was killed are gone."""
    if left := ending.clear(directory):
        steps.say(f"{left} processes that a killed cluster had left were ended")
    with steps.step("sandbox") as step:
        step.result = await host.probe()


def _identities(settings: Settings, directory: Directory, steps: Steps, now: datetime) -> Pki:
    with steps.step("certificates") as step:
        step.result = str(directory.pki)
        return pki.ensure(directory.pki, hosts(settings), _node_name(), now)


def _node_name() -> str:
    """As the kubelet names its node: object names have no capitals."""
    return socket.gethostname().lower()


def hosts(settings: Settings) -> list[str]:
    """The names and addresses under which the API server is reached, from outside and from pods."""
    first_service = str(next(ip_network(settings.service_addresses).hosts()))
    service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    names = ["localhost", "127.0.0.1", "::1", socket.gethostname(), settings.address, first_service, *service]
    return list(dict.fromkeys(names))


@asynccontextmanager
async def _store(directory: Directory, clock: Clock, steps: Steps) -> AsyncGenerator[Backend]:
    async with AsyncExitStack() as stack:
        with steps.step("store") as step:
            store = await stack.enter_async_context(embedded.open(directory.store, clock=clock))
            found = await store.range(b"\0", b"\0", count_only=True)
            step.result = f"{found.count} objects, revision {found.revision}"
        yield store


@asynccontextmanager
async def _api(
    settings: Settings, accepting: socket.socket, identities: Pki, store: Backend, clock: Clock, steps: Steps
) -> AsyncGenerator[Api]:
    contexts = Contexts(_tls(identities), _tls_to_nodes(identities))
    nodes, stack = HttpsNodes(contexts.nodes), AsyncExitStack()
    with steps.step("API server") as step:
        chosen = apiserver.Settings(
            service_addresses=settings.service_addresses,
            node_ports=settings.node_ports,
            external_address=listener.url(accepting).removeprefix("https://"),
            client_authority=identities.authority.decode(),
        )
        accounts = ServiceAccountTokens(
            identities.token_key.read_bytes(), store, clock, identities.earlier_token_keys()
        )
        connections = Connections(clock)
        tokens = [accounts, BootstrapTokens(store, clock, accounts.audiences)]
        authenticators = [ClientCertificates(), Recognising(Tokens(*tokens), connections)]
        rbac = Rbac(store)
        following = await stack.enter_async_context(tasks.background())
        following.start(tasks.supervise("roles", rbac.run, clock=clock, backoff=RESTART), name="roles")
        renewing = partial(_renew, settings, listener.url(accepting), identities, contexts, clock)
        following.start(tasks.supervise("certificates", renewing, clock=clock, backoff=RESTART), name="certificates")
        access = Access(authenticators, authorizer(store, rbac), tokens)
        api = apiserver.Api(chosen, store, access, clock, nodes=nodes, issuer=accounts)
        runner = web.AppRunner(apiserver.app(api), access_log=None, handle_signals=False, shutdown_timeout=PATIENCE)
        await runner.setup()
        assert runner.server is not None
        await stack.enter_async_context(connections.accepting(accepting, runner.server, contexts.server))
        step.result = listener.url(accepting)
    try:
        async with nodes:
            yield api
    finally:
        await stack.aclose()
        await runner.cleanup()


async def _renew(settings: Settings, url: str, identities: Pki, contexts: Contexts, clock: Clock) -> None:
    """Renew certificates in time, and hand the administrator his."""
    directory = Directory(settings.data_dir)

    def ensure() -> Pki:
        return pki.ensure(directory.pki, hosts(settings), _node_name(), clock.now())

    def use(found: Pki) -> None:
        contexts.load(found)
        _hand_out(directory, url, found)

    await renewal.run(identities, ensure, use, clock)


def _tls(identities: Pki) -> ssl.SSLContext:
    """Our certificate for everybody, and a client's checked against our authority if it shows one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.load_cert_chain(identities.server_certificate, identities.server_key)
    context.load_verify_locations(identities.authority_certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _tls_to_nodes(identities: Pki) -> ssl.SSLContext:
    """How the API server shows itself to the nodes' own servers."""
    context = ssl.create_default_context(cadata=identities.authority.decode())
    context.load_cert_chain(identities.path / "apiserver-client.crt", identities.path / "apiserver-client.key")
    return context


@asynccontextmanager
async def _components(api: Api, identities: Pki, clock: Clock, steps: Steps) -> AsyncGenerator[None]:
    """Scheduler and controllers: clients like any other. One that crashes is logged and starts again."""
    scheduling, managing = _client(api, "scheduler"), _client(api, "controller-manager")
    async with AsyncExitStack() as stack:
        scope = await stack.enter_async_context(tasks.background())
        with steps.step("controllers") as step:
            chosen = controllers.Settings(
                root_authority=identities.authority.decode(), sign=partial(certificates.sign, identities.signing)
            )
            loops = {
                "scheduler": lambda: scheduler.run(scheduling, scheduler.Settings(), clock),
                "controllers": lambda: controllers.run(managing, chosen, clock),
            }
            for name, loop in loops.items():
                scope.start(tasks.supervise(name, loop, clock=clock, backoff=RESTART), name=name)
            step.result = "started, and the scheduler"
        yield


@asynccontextmanager
async def _node(api: Api, settings: Settings, identities: Pki, clock: Clock, steps: Steps) -> AsyncGenerator[None]:
    """This machine's node, a client like the others; its pods end with it."""
    directory = Directory(settings.data_dir)
    async with AsyncExitStack() as stack:
        scope = await stack.enter_async_context(tasks.background())
        with steps.step("node") as step:
            chosen = node.Settings(
                data_dir=directory.root / "node",
                certificate=identities.path / "node-server.crt",
                key=identities.path / "node-server.key",
                authority=identities.authority_certificate,
                images=directory.root / "images",
                api_address=api.settings.external_address,
                dns=node.Dns(ranges.dns(settings.service_addresses)),
                name=_node_name(),
                service_addresses=settings.service_addresses,
                nodeport_addresses=settings.nodeport_addresses,
                egress=settings.egress,
                egress_deny=settings.egress_deny,
                host_paths=settings.host_paths,
                pod_memory=settings.pod_memory,
                memory_groups=_memory_groups(settings.memory_cgroup),
                pod_pids=settings.pod_pids,
                eviction=_evictions(settings),
            )
            registered = asyncio.Event()
            life = partial(node.run, _client(api, "node"), chosen, clock, registered)
            scope.start(tasks.supervise("node", life, clock=clock, backoff=RESTART), name="node")
            try:
                async with clock.timeout(READY_SECONDS):
                    await registered.wait()
            except TimeoutError as error:
                raise StartFailed(f"the node is not Ready after {READY_SECONDS:g} s; its log says why") from error
            step.result = f"{chosen.name} is Ready"
        yield


def _client(api: Api, name: str) -> sdk.Client:
    """A client in this process, which may do what its certificate would let it do from elsewhere."""
    identity = pki.clients(_node_name())[name]
    return sdk.Client(sdk.InProcess(api, User(identity.name, identity.groups), agent=_AGENTS[name]))


_AGENTS = {"scheduler": "kube-scheduler", "controller-manager": "kube-controller-manager", "node": "kubelet"}
"""What they are called in `managedFields`: as in Kubernetes."""


def _evictions(settings: Settings) -> thresholds.Settings:
    """When the node evicts pods. Raises StartFailed."""
    try:
        return thresholds.settings(
            settings.eviction_hard or thresholds.HARD,
            settings.eviction_soft,
            settings.eviction_soft_grace_period,
            settings.eviction_minimum_reclaim,
        )
    except thresholds.BadThreshold as error:
        raise StartFailed(f"--eviction-...: {error}") from error


def _memory_groups(chosen: Path | None) -> memory_group.Parent | None:
    """Where pods get memory cgroups, without what a killed server has left there. Raises StartFailed."""
    found = memory_group.at(chosen) if chosen else memory_group.delegated()
    if chosen and (found is None or not os.access(chosen, os.W_OK)):
        raise StartFailed(f"--memory-cgroup {chosen} is not a memory cgroup below which this user may make others")
    if found is not None:
        found.sweep()
    return found


def _announce(directory: Directory, url: str, identities: Pki, now: datetime) -> None:
    """Let others find this server."""
    _hand_out(directory, url, identities)
    directory.announce(Running(os.getpid(), url, now.strftime("%Y-%m-%dT%H:%M:%SZ")))


def _hand_out(directory: Directory, url: str, identities: Pki) -> None:
    """Write the administrator's kubeconfig."""
    admin = kubeconfig.render(url, identities.authority, "kubernetes-admin", identities.clients["admin"])
    replace(directory.admin_kubeconfig, admin)
