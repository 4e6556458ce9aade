"""The files of /etc that belong to the pod and not to an image: hostname, hosts, resolv.conf."""

from collections.abc import Sequence

from podvisor.node import objects
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
DOMAIN = "cluster.local"


def hostname(pod: objects.Pod) -> str:
    """https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-hostname-and-subdomain-fields"""
    return (pod.spec.hostname or pod.metadata.name)[:63].rstrip("-.")


def files(facts: Facts) -> Sequence[spec.FileLayer]:
    """What lies above every image of the pod."""
    return (
        spec.FileLayer("/etc/hostname", f"{hostname(facts.pod)}\n"),
        spec.FileLayer("/etc/hosts", _hosts(facts)),
        spec.FileLayer("/etc/resolv.conf", _resolver(facts.pod)),
    )


def _hosts(facts: Facts) -> str:
    pod = facts.pod
    name = hostname(pod)
    names = [name]
    if pod.spec.subdomain:
        names.insert(0, f"{name}.{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{DOMAIN}")
    lines = [*_LOCAL, "\t".join([facts.address, *names])]
    if pod.spec.host_aliases:
        lines += ["", "# Entries added by HostAliases."]
        lines += ["\t".join([alias.ip, *alias.hostnames]) for alias in pod.spec.host_aliases]
    return "\n".join(lines) + "\n"


def _resolver(pod: objects.Pod) -> str:
    config, namespace = pod.spec.dns_config, pod.metadata.namespace
    cluster = pod.spec.dns_policy.startswith("ClusterFirst")
    searches = [f"{namespace}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN] if cluster else []
    searches += config.searches
    options = [one.name if one.value is None else f"{one.name}:{one.value}" for one in config.options]
    if cluster and not any(one.name == "ndots" for one in config.options):
        options.insert(0, "ndots:5")
    lines = [f"nameserver {address}" for address in config.nameservers]
    lines += [f"search {' '.join(searches)}"] if searches else []
    lines += [f"options {' '.join(options)}"] if options else []
    return "\n".join(lines) + "\n"
