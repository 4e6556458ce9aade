"""What is refused of Secret: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "YQ=="}}
MISTAKES: list[Mistake] = [
    ({"data": {"a b": "YQ=="}}, [
        "Invalid data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters…"]),
    ({"type": "kubernetes.io/service-account-token"}, [
        "Required metadata.annotations[kubernetes.io/service-account.name]: Required value"]),
    ({"type": "kubernetes.io/dockercfg", "data": None}, ["Required data[.dockercfg]: Required value"]),
    ({"type": "kubernetes.io/dockercfg", "data": {".dockercfg": "W10="}}, [
        "Invalid data[.dockercfg]: Invalid value: \"<secret contents redacted>\": the content is no JSON object"]),
    ({"type": "kubernetes.io/dockerconfigjson", "data": None}, ["Required data[.dockerconfigjson]: Required value"]),
    ({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "WzFd"}}, [
        "Invalid data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": the content is no JSO…"]),
    ({"type": "kubernetes.io/basic-auth", "data": None}, ["Required data[username]: Required value",
        "Required data[password]: Required value"]),
    ({"type": "kubernetes.io/ssh-auth", "data": None}, ["Required data[ssh-privatekey]: Required value"]),
    ({"type": "kubernetes.io/ssh-auth", "data": {"ssh-privatekey": ""}}, [
        "Required data[ssh-privatekey]: Required value"]),
    ({"type": "kubernetes.io/tls", "data": None}, ["Required data[tls.crt]: Required value",
        "Required data[tls.key]: Required value"]),
    ({"type": "kubernetes.io/tls", "data": {"tls.crt": "YQ=="}}, ["Required data[tls.key]: Required value"]),
]
CHANGES: list[Change] = [
    ({}, {"type": "kubernetes.io/basic-auth", "data": {"username": "YQ=="}}, [
        "Invalid type: Invalid value: \"kubernetes.io/basic-auth\": field is immutable"]),
    ({"immutable": True}, {"data": {"b": "YQ=="}}, [
        "Forbidden data: Forbidden: field is immutable when `immutable` is set"]),
    ({"immutable": True}, {"immutable": False}, [
        "Forbidden immutable: Forbidden: field is immutable when `immutable` is set"]),
    ({"immutable": True}, {"metadata": {"labels": {"a": "b"}}}, []),
]
# fmt: on
