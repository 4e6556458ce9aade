"""What is refused of CertificateSigningRequest: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "jane"},
    "spec": {"request":
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISU1IRUNBUUF3RHpFTk1Bc0dBMVVFQXd3RWFtRnVaVEJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSApBMElBQkVOWkdFUzNQK050UlNpZEE0TU1yTzdCWnFzQlRBSGJ3a20vRDhPYU5nZU5MNXVvNXFDTWhjRU84cFFBCnoyNVUwTzR2Zmp4NURGb2pucmNIVWZTendacWdBREFLQmdncWhrak9QUVFEQWdOSEFEQkVBaUJMdWpBY1dLckUKbzBzbC9kcllpMlhRVE9uR0dDb29NejBPVGNiSUYxOU9Od0lnSjBCTXJEZ1dHdURCNkxHVXlFTWRlSGR5MG1VbQpJZnBLMjcxK1hFcFRCcUE9Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=",
    "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]}}
MISTAKES: list[Mistake] = [
    ({"spec": {"request": "aGVsbG8="}},
        ["Invalid spec.request: Invalid value: \"aGVsbG8=\": PEM block type must be CERTIFICATE REQUEST"]),
    ({"spec": {"request":
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISU1IRUNBUUF3RHpFTk1Bc0dBMVVFQXd3RWFtRnVaVEJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSEEwSUFCRU5aR0VTMwpQK050UlNpZEE0TU1yTzdCWnFzQlRBSGJ3a20vRDhPYU5nZU5MNXVvNXFDTWhjRU84cFFBejI1VTBPNHZmang1REZvam5yY0hVZlN6CndacWdBREFLQmdncWhrak9QUVFEQWdOSEFEQkVBaUJMdWpBY1dLckVvMHNsL2RyWWkyWFFUT25HR0Nvb016ME9UY2JJRjE5T053SWcKSjBCTXJEZ1dHdURCNkxHVXlFTWRlSGR5MG1VbUlmcEsyNzErWEVwU0JxQT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg=="}},
        ["Invalid spec.request: Invalid value: \"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISU1IRUNB…"]),
    ({"spec": {"request": None}},
        ["Invalid spec.request: Invalid value: null: PEM block type must be CERTIFICATE REQUEST"]),
    ({"spec": {"usages": []}}, ["Required spec.usages: Required value"]),
    ({"spec": {"usages": None}}, ["Required spec.usages: Required value"]),
    ({"spec": {"usages": ["client auth", "fly"]}},
        ["NotSupported spec.usages[1]: Unsupported value: \"fly\": supported values: \"any\", \"cert sign\",…"]),
    ({"spec": {"usages": ["client auth", "client auth"]}},
        ["Duplicate spec.usages[1]: Duplicate value: \"client auth\""]),
    ({"spec": {"signerName": None}}, ["Required spec.signerName: Required value"]),
    ({"spec": {"signerName": "kubernetes.io/legacy-unknown"}},
        ["Invalid spec.signerName: Invalid value: \"kubernetes.io/legacy-unknown\": the legacy signerName is …"]),
    ({"spec": {"signerName": "plain"}},
        ["Invalid spec.signerName: Invalid value: \"plain\": must be a fully qualified domain and path of the…"]),
    ({"spec": {"signerName": "a/b/c"}},
        ["Invalid spec.signerName: Invalid value: \"a/b/c\": must be a fully qualified domain and path of the…"]),
    ({"spec": {"signerName": "short/x"}},
        ["Invalid spec.signerName: Invalid value: \"short\": should be a domain with at least two segments se…"]),
    ({"spec": {"signerName": "Example.com/x"}},
        ["Invalid spec.signerName: Invalid value: \"Example.com\": validating label \"Example\": a lowercase …"]),
    ({"spec": {"signerName": "example.com/X_y"}},
        ["Invalid spec.signerName: Invalid value: \"X_y\": validating label \"X_y\": a lowercase RFC 1123 sub…"]),
    ({"spec": {"signerName": "example.com/a..b"}},
        ["Invalid spec.signerName: Invalid value: \"a..b\": validating label \"\": a lowercase RFC 1123 subdo…"]),
    ({"spec": {"signerName":
        "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.com/x"}},
        ["TooLong spec.signerName: Too long: may not be more than 253 bytes"]),
    ({"spec": {"expirationSeconds": 599}},
        ["Invalid spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 second…"]),
    ({"metadata": {"name": "a/b"}}, ["Invalid metadata.name: Invalid value: \"a/b\": may not contain '/'"]),
]
CHANGES: list[Change] = [
]
# fmt: on
