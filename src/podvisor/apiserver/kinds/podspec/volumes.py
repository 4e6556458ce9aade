"""Rules for the volumes of a pod."""

from collections.abc import Iterator

from podvisor.apiserver.kinds.podspec import environment
from podvisor.types import field, formats, names, quantity, rules
from podvisor.types.field import Error

_HOST_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_KINDS = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
]
_SHOWN = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}
"""How the error about a second kind of volume calls some kinds: upstream's slips are part of the API."""
_MODE_DETAIL = "must be a number between 0 and 0777 (octal), both inclusive"


def _mode() -> rules.Check:
    return rules.in_range(0, 0o777, _MODE_DETAIL)


def _no_negative_size(at: rules.At) -> Iterator[Error]:
    if quantity.parse(at.value).amount < 0:
        yield field.forbidden(at.path, "SizeLimit field must be a valid resource quantity")


def _absolute(value: str) -> Iterator[str]:
    if not value.startswith("/"):
        yield "must be an absolute path"


def _host_type(at: rules.At) -> Iterator[Error]:
    if at.value not in _HOST_TYPES:
        yield field.unsupported(at.path, at.value, _HOST_TYPES)


def _one_of_both(at: rules.At) -> Iterator[Error]:
    entry = at.mapping()
    if "fieldRef" in entry and "resourceFieldRef" in entry:
        yield field.invalid(at.path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
    if "fieldRef" not in entry and "resourceFieldRef" not in entry:
        yield field.required(at.path, "one of fieldRef and resourceFieldRef is required")


_ITEMS = rules.field(
    "items",
    rules.each(
        rules.field("key", rules.required()),
        rules.field("path", rules.required(), rules.matches(formats.unreserved)),
        rules.field("mode", _mode()),
    ),
)
_DOWNWARD_ITEMS = rules.field(
    "items",
    rules.each(
        rules.field("path", rules.required(), rules.matches(formats.unreserved)),
        environment.FIELD_OF_VOLUME,
        rules.when(rules.absent("fieldRef"), environment.RESOURCE_OF_VOLUME),
        _one_of_both,
        rules.field("mode", _mode()),
        indexed=False,
    ),
    shown="",
)
_SECONDS = (
    rules.in_range(600, 2**63, "may not specify a duration less than 10 minutes"),
    rules.at_most(2**32, "may not specify a duration larger than 2^32 seconds"),
)


def _trust_bundle(at: rules.At) -> Iterator[Error]:
    by_name, by_signer = (name in at.mapping() for name in ("name", "signerName"))
    if by_name and by_signer:
        yield field.invalid(at.path, at.value, "only one of name and signerName may be used")
    elif by_name and not at.get("name"):
        yield field.required(at.path.child("name"), "must be a valid object name")
    elif by_name and "labelSelector" in at.mapping():
        detail = "labelSelector must be unset if name is specified"
        yield field.invalid(at.path.child("labelSelector"), at.get("labelSelector"), detail)
    elif by_signer and not at.get("signerName"):
        yield field.required(at.path.child("signerName"), "must be a valid signer name")
    elif not by_name and not by_signer:
        yield field.required(at.path, "either name or signerName must be specified")


def _distinct_paths(at: rules.At) -> Iterator[Error]:
    """No two sources write the same file."""
    seen: set[str] = set()
    for source in at.items():
        for kind in ("secret", "configMap", "downwardAPI"):
            for item in source.listed(kind, "items"):
                path = item.get("path", "")
                shown = path if kind == "downwardAPI" else source.get(kind, "name") or ""
                if path and path in seen:
                    yield field.invalid(at.path, shown, "conflicting duplicate paths")
                seen.add(path)


def _one_source(at: rules.At) -> Iterator[Error]:
    if len(at.mapping()) > 1:
        yield field.forbidden(at.path, "may not specify more than 1 volume type per source")


_PROJECTED = (
    rules.field("defaultMode", _mode()),
    rules.field(
        "sources",
        rules.each(
            *(rules.optional(kind, rules.field("name", rules.required()), _ITEMS) for kind in ("secret", "configMap")),
            rules.optional("downwardAPI", _DOWNWARD_ITEMS),
            rules.optional("serviceAccountToken", rules.field("expirationSeconds", *_SECONDS)),
            rules.optional(
                "clusterTrustBundle",
                _trust_bundle,
                rules.field("path", rules.required(), rules.matches(formats.unreserved)),
            ),
            _one_source,
        ),
    ),
    rules.field(
        "sources",
        rules.each(
            rules.optional(
                "serviceAccountToken",
                rules.field("path", rules.required(), rules.matches(formats.unreserved)),
                shown="",
            ),
            indexed=False,
        ),
        _distinct_paths,
        shown="",
    ),
)
_SOURCES = {
    "emptyDir": (rules.field("sizeLimit", _no_negative_size),),
    "hostPath": (
        rules.field("path", rules.required(), rules.matches(formats.no_backsteps)),
        rules.field("type", _host_type),
    ),
    "gitRepo": (
        rules.field("repository", rules.required()),
        rules.field("directory", rules.matches(formats.descending)),
    ),
    "secret": (rules.field("secretName", rules.required()), rules.field("defaultMode", _mode()), _ITEMS),
    "nfs": (
        rules.field("server", rules.required()),
        rules.field("path", rules.required(), rules.matches(_absolute), otherwise=""),
    ),
    "persistentVolumeClaim": (rules.field("claimName", rules.required()),),
    "downwardAPI": (rules.field("defaultMode", _mode()), _DOWNWARD_ITEMS),
    "configMap": (rules.field("name", rules.required()), rules.field("defaultMode", _mode()), _ITEMS),
    "projected": _PROJECTED,
    "csi": (
        rules.field("driver", rules.required(), rules.matches(names.dns_subdomain), otherwise=""),
        rules.optional("nodePublishSecretRef", rules.field("name", rules.required())),
    ),
    "ephemeral": (rules.field("volumeClaimTemplate", rules.required()),),
    "image": (
        rules.when(lambda at: at.inside("pod").up is not None, rules.field("pullPolicy", rules.required())),
        rules.field("pullPolicy", rules.one_of("Always", "IfNotPresent", "Never")),
    ),
}


def _given(at: rules.At) -> list[str]:
    return [name for name in _KINDS if name in at.mapping()]


def _is_first(kind: str) -> rules.Condition:
    """True if no other kind of volume comes before this one."""
    return lambda at: _given(at)[:1] == [kind]


def _one_kind(at: rules.At) -> Iterator[Error]:
    given = _given(at)
    for name in given[1:]:
        yield field.forbidden(at.path.child(_SHOWN.get(name, name)), "may not specify more than 1 volume type")
    if not given:
        yield field.required(at.path, "must specify a volume type")


RULES = rules.field(
    "volumes",
    rules.each(
        *(rules.when(_is_first(kind), rules.optional(kind, *content)) for kind, content in _SOURCES.items()),
        _one_kind,
        rules.field("name", rules.required(), rules.matches(names.dns_label)),
    ),
    rules.unique_by("name"),
)
