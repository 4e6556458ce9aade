"""The files of /etc that belong to the pod and not to an image: hostname, hosts, resolv.conf.

They are one for all of the pod's containers, as the kubelet has it: what one writes there the others read.
"""

from collections.abc import Mapping
from pathlib import Path

from podvisor.node import objects, resolvconf
from podvisor.node.facts import Facts
from podvisor.sandbox import spec

_LOCAL = (
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
)
VOLUME = "podvisor.etc"
"""The volume that they lie in; no volume of a pod can have such a name."""
NAMES = ("hostname", "hosts", "resolv.conf")
_BYTES = 1 << 20
"""How much containers may write to them."""


def hostname(pod: objects.Pod) -> str:
    """https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-hostname-and-subdomain-fields"""
    return (pod.spec.hostname or pod.metadata.name)[:63].rstrip("-.")


def volume(facts: Facts, directory: Path, cluster: resolvconf.Cluster) -> spec.Volume:
    """The files as a volume, made anew for each kernel of the pod."""
    place = directory / "etc"
    place.mkdir(parents=True, exist_ok=True)
    for name, text in files(facts, cluster).items():
        path = place / name
        path.write_text(text)
        path.chmod(0o644)
    return spec.Volume(VOLUME, path=str(place), size_bytes=_BYTES)


def files(facts: Facts, cluster: resolvconf.Cluster) -> Mapping[str, str]:
    """What each of them says."""
    resolver = resolvconf.config(facts.pod, cluster, resolvconf.machine()).text
    return dict(zip(NAMES, (f"{hostname(facts.pod)}\n", _hosts(facts, cluster.domain), resolver), strict=True))


def _hosts(facts: Facts, domain: str) -> str:
    pod = facts.pod
    name = hostname(pod)
    names = [name]
    if pod.spec.subdomain:
        names.insert(0, f"{name}.{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{domain}")
    lines = [*_LOCAL, "\t".join([facts.address, *names])]
    if pod.spec.host_aliases:
        lines += ["", "# Entries added by HostAliases."]
        lines += ["\t".join([alias.ip, *alias.hostnames]) for alias in pod.spec.host_aliases]
    return "\n".join(lines) + "\n"
