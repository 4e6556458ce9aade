"""What is refused of Ingress: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}, "spec": {"rules":
    [{"host": "a.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend":
    {"service": {"name": "web", "port": {"number": 80}}}}]}}]}}
MISTAKES: list[Mistake] = [
    ({"spec": {"rules": None}},
        ["Invalid spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]),
    ({"spec": {"rules": [{"host": "1.2.3.4"}]}},
        ["Invalid spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address"]),
    ({"spec": {"rules": [{"host": "A"}]}},
        ["Invalid spec.rules[0].host: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lo…"]),
    ({"spec": {"rules": [{"host": "*"}]}},
        ["Invalid spec.rules[0].host: Invalid value: \"*\": a wildcard DNS-1123 subdomain must start with '*.…"]),
    ({"spec": {"rules": [{"host": "a.*.b"}]}},
        ["Invalid spec.rules[0].host: Invalid value: \"a.*.b\": a wildcard DNS-1123 subdomain must start with…"]),
    ({"spec": {"rules": [{"http": {"paths": []}}]}}, ["Required spec.rules[0].http.paths: Required value"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": None, "backend": {"service": {"name": "web",
        "port": {"number": 80}}}}]}}]}},
        ["Required spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Like", "backend": {"service": {"name":
        "web", "port": {"number": 80}}}}]}}]}},
        ["NotSupported spec.rules[0].http.paths[0].pathType: Unsupported value: \"Like\": supported values: …"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "a", "pathType": "Prefix", "backend": {"service": {"name":
        "web", "port": {"number": 80}}}}]}}]}},
        ["Invalid spec.rules[0].http.paths[0].path: Invalid value: \"a\": must be an absolute path"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "", "pathType": "Prefix", "backend": {"service": {"name":
        "web", "port": {"number": 80}}}}]}}]}},
        ["Invalid spec.rules[0].http.paths[0].path: Invalid value: \"\": must be an absolute path"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "/a//b", "pathType": "Prefix", "backend": {"service": {"name":
        "web", "port": {"number": 80}}}}]}}]}},
        ["Invalid spec.rules[0].http.paths[0].path: Invalid value: \"/a//b\": must not contain '//'"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "/a/./b/../c/%2f%2F", "pathType": "Prefix", "backend":
        {"service": {"name": "web", "port": {"number": 80}}}}]}}]}},
        ["Invalid spec.rules[0].http.paths[0].path: Invalid value: \"/a/./b/../c/%2f%2F\": must not contain '…",
        "Invalid spec.rules[0].http.paths[0].path: Invalid value: \"/a/./b/../c/%2f%2F\": must not contain '…",
        "Invalid spec.rules[0].http.paths[0].path: Invalid value: \"/a/./b/../c/%2f%2F\": must not contain '…",
        "Invalid spec.rules[0].http.paths[0].path: Invalid value: \"/a/./b/../c/%2f%2F\": must not contain '…"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "/a/..", "pathType": "Prefix", "backend": {"service": {"name":
        "web", "port": {"number": 80}}}}]}}]}},
        ["Invalid spec.rules[0].http.paths[0].path: Invalid value: \"/a/..\": cannot end with '/..'"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "/a/.", "pathType": "Prefix", "backend": {"service": {"name":
        "web", "port": {"number": 80}}}}]}}]}},
        ["Invalid spec.rules[0].http.paths[0].path: Invalid value: \"/a/.\": cannot end with '/.'"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "x", "pathType": "ImplementationSpecific", "backend":
        {"service": {"name": "web", "port": {"number": 80}}}}]}}]}},
        ["Invalid spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "x//", "pathType": "Exact", "backend": {"service": {"name":
        "web", "port": {"number": 80}}}}]}}]}},
        ["Invalid spec.rules[0].http.paths[0].path: Invalid value: \"x//\": must be an absolute path",
        "Invalid spec.rules[0].http.paths[0].path: Invalid value: \"x//\": must not contain '//'"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {}}]}}]}},
        ["Invalid spec.rules[0].http.paths[0].backend: Invalid value: \"\": resource or service backend is re…"]),
    ({"spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name":
        "web", "port": {}}}}]}}]}},
        ["Required spec.rules[0].http.paths[0].backend: Required value: port name or number is required"]),
    ({"spec": {"defaultBackend": {}}},
        ["Invalid spec.defaultBackend: Invalid value: \"\": resource or service backend is required"]),
    ({"spec": {"defaultBackend": {"service": {"name": "web", "port": {"name": "a", "number": 1}}}}},
        ["Invalid spec.defaultBackend: Invalid value: \"\": cannot set both port name & port number"]),
    ({"spec": {"defaultBackend": {"service": {"name": "web", "port": {"name": "A_"}}}}},
        ["Invalid spec.defaultBackend.service.port.name: Invalid value: \"A_\": must contain only alpha-numer…",
        "Invalid spec.defaultBackend.service.port.name: Invalid value: \"A_\": must contain at least one let…"]),
    ({"spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 70000}}}}},
        ["Invalid spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535,…"]),
    ({"spec": {"defaultBackend": {"service": {"name": "", "port": {"number": 70000}}}}},
        ["Required spec.defaultBackend.service.name: Required value",
        "Invalid spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535,…"]),
    ({"spec": {"defaultBackend": {"service": {"name": "9web", "port": {"number": 80}}}}},
        ["Invalid spec.defaultBackend.service.name: Invalid value: \"9web\": a DNS-1035 label must consist of…"]),
    ({"spec": {"defaultBackend": {"service": {"name": "web"}}}},
        ["Required spec.defaultBackend: Required value: port name or number is required"]),
    ({"spec": {"defaultBackend": {"resource": {"kind": "K", "name": "n"}, "service": {"name": "web", "port":
        {"number": 80}}}}},
        ["Invalid spec.defaultBackend: Invalid value: \"\": cannot set both resource and service backends"]),
    ({"spec": {"defaultBackend": {"resource": {"kind": "", "name": ""}}}},
        ["Required spec.defaultBackend.resource.kind: Required value: kind is required",
        "Required spec.defaultBackend.resource.name: Required value: name is required"]),
    ({"spec": {"defaultBackend": {"resource": {"apiGroup": "A_", "kind": "a/b", "name": ".."}}}},
        ["Invalid spec.defaultBackend.resource.apiGroup: Invalid value: \"A_\": a lowercase RFC 1123 subdomai…",
        "Invalid spec.defaultBackend.resource.kind: Invalid value: \"a/b\": may not contain '/'",
        "Invalid spec.defaultBackend.resource.name: Invalid value: \"..\": may not be '..'"]),
    ({"spec": {"tls": [{"hosts": ["A", "*.b", "*"], "secretName": "A"}]}},
        ["Invalid spec.tls[0].hosts[0]: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of …",
        "Invalid spec.tls[0].hosts[2]: Invalid value: \"*\": a wildcard DNS-1123 subdomain must start with '…",
        "Invalid spec.tls[0].secretName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist o…"]),
    ({"spec": {"ingressClassName": "A_"}},
        ["Invalid spec.ingressClassName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist o…"]),
    ({"metadata": {"annotations": {"kubernetes.io/ingress.class": "a"}}, "spec": {"ingressClassName": "b"}},
        ["Invalid annotations.kubernetes.io/ingress.class: Invalid value: \"a\": must match `ingressClassName…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"ingressClassName": "A_"}},
        ["Invalid spec.ingressClassName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist o…"]),
]
# fmt: on
