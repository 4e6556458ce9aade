"""What is refused of EndpointSlice: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "web"},
    "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]}
MISTAKES: list[Mistake] = [
    ({"addressType": None}, ["Required addressType: Required value"]),
    ({"addressType": "X"}, [
        "NotSupported addressType: Unsupported value: \"X\": supported values: \"FQDN\", \"IPv4\", \"IPv6\""]),
    ({"endpoints": [{"addresses": []}]}, [
        "Required endpoints[0].addresses: Required value: must contain at least 1 address"]),
    ({"endpoints": [{"addresses": ["x"]}]}, [
        "Invalid endpoints[0].addresses[0]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 o…"]),
    ({"endpoints": [{"addresses": ["::1"]}]}, [
        "Invalid endpoints[0].addresses: Invalid value: \"::1\": must be an IPv4 address",
        "Invalid endpoints[0].addresses[0]: Invalid value: \"::1\": may not be in the loopback range (127.0.0.…"]),
    ({"endpoints": [{"addresses": ["127.0.0.1"]}]}, [
        "Invalid endpoints[0].addresses[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (12…"]),
    ({"endpoints": [{"addresses": ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6",
        "10.0.0.7", "10.0.0.8", "10.0.0.9", "10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.13", "10.0.0.14",
        "10.0.0.15", "10.0.0.16", "10.0.0.17", "10.0.0.18", "10.0.0.19", "10.0.0.20", "10.0.0.21", "10.0.0.22",
        "10.0.0.23", "10.0.0.24", "10.0.0.25", "10.0.0.26", "10.0.0.27", "10.0.0.28", "10.0.0.29", "10.0.0.30",
        "10.0.0.31", "10.0.0.32", "10.0.0.33", "10.0.0.34", "10.0.0.35", "10.0.0.36", "10.0.0.37", "10.0.0.38",
        "10.0.0.39", "10.0.0.40", "10.0.0.41", "10.0.0.42", "10.0.0.43", "10.0.0.44", "10.0.0.45", "10.0.0.46",
        "10.0.0.47", "10.0.0.48", "10.0.0.49", "10.0.0.50", "10.0.0.51", "10.0.0.52", "10.0.0.53", "10.0.0.54",
        "10.0.0.55", "10.0.0.56", "10.0.0.57", "10.0.0.58", "10.0.0.59", "10.0.0.60", "10.0.0.61", "10.0.0.62",
        "10.0.0.63", "10.0.0.64", "10.0.0.65", "10.0.0.66", "10.0.0.67", "10.0.0.68", "10.0.0.69", "10.0.0.70",
        "10.0.0.71", "10.0.0.72", "10.0.0.73", "10.0.0.74", "10.0.0.75", "10.0.0.76", "10.0.0.77", "10.0.0.78",
        "10.0.0.79", "10.0.0.80", "10.0.0.81", "10.0.0.82", "10.0.0.83", "10.0.0.84", "10.0.0.85", "10.0.0.86",
        "10.0.0.87", "10.0.0.88", "10.0.0.89", "10.0.0.90", "10.0.0.91", "10.0.0.92", "10.0.0.93", "10.0.0.94",
        "10.0.0.95", "10.0.0.96", "10.0.0.97", "10.0.0.98", "10.0.0.99", "10.0.0.100"]}]}, [
        "TooMany endpoints[0].addresses: Too many: 101: must have at most 100 items"]),
    ({"endpoints": [{"addresses": ["10.0.0.1"], "nodeName": "A b"}]}, [
        "Invalid endpoints[0].nodeName: Invalid value: \"A b\": a lowercase RFC 1123 subdomain must consist of…"]),
    ({"endpoints": [{"addresses": ["10.0.0.1"], "hostname": "A"}]}, [
        "Invalid endpoints[0].hostname: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower…"]),
    ({"endpoints": [{"addresses": ["10.0.0.1"], "hints": {"forZones": [{"name": "a"}, {"name": "a"}]}}]}, [
        "Duplicate endpoints[0].hints.forZones[1].name: Duplicate value: \"a\""]),
    ({"endpoints": [{"addresses": ["10.0.0.1"], "hints": {"forZones": [{"name": "a b"}]}}]}, [
        "Invalid endpoints[0].hints.forZones[0].name: Invalid value: \"a b\": a valid label must be an empty s…"]),
    ({"endpoints": [{"addresses": ["10.0.0.1"], "hints": {"forZones": [{"name": "0"}, {"name": "1"}, {"name": "2"}, {
        "name": "3"}, {"name": "4"}, {"name": "5"}, {"name": "6"}, {"name": "7"}, {"name": "8"}]}}]}, [
        "TooMany endpoints[0].hints.forZones: Too many: 9: must have at most 8 items"]),
    ({"ports": [{"name": "A"}]}, [
        "Invalid ports[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case al…"]),
    ({"ports": [{"protocol": "X"}]}, [
        "NotSupported ports[0].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\""]),
    ({"ports": [{}, {}]}, ["Duplicate ports[1].name: Duplicate value: \"\""]),
    ({"ports": [{"appProtocol": "a b"}]}, [
        "Invalid ports[0].appProtocol: Invalid value: \"a b\": name part must consist of alphanumeric characte…"]),
    ({"addressType": "FQDN", "endpoints": [{"addresses": ["host"]}]}, [
        "Invalid endpoints[0].addresses[0]: Invalid value: \"host\": should be a domain with at least two segm…"]),
    ({"addressType": "FQDN", "endpoints": [{"addresses": ["A.b"]}]}, [
        "Invalid endpoints[0].addresses[0]: Invalid value: \"A.b\": a lowercase RFC 1123 subdomain must consis…"]),
    ({"addressType": "IPv6"}, [
        "Invalid endpoints[0].addresses: Invalid value: \"10.0.0.1\": must be an IPv6 address"]),
    ({"addressType": "IPv6", "endpoints": [{"addresses": ["x"]}]}, [
        "Invalid endpoints[0].addresses[0]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 o…"]),
    ({"addressType": "IPv6", "endpoints": [{"addresses": ["fe80::1"]}]}, [
        "Invalid endpoints[0].addresses[0]: Invalid value: \"fe80::1\": may not be in the link-local range (16…"]),
    ({"endpoints": [{"addresses": ["10.0.0.1"], "hints": {"forNodes": [{"name": "a"}, {"name": "a"}]}}]}, [
        "Duplicate endpoints[0].hints.forNodes[1].name: Duplicate value: \"a\""]),
    ({"endpoints": [{"addresses": ["10.0.0.1"], "hints": {"forNodes": [{"name": "A b"}]}}]}, [
        "Invalid endpoints[0].hints.forNodes[0].name: Invalid value: \"A b\": a lowercase RFC 1123 subdomain m…"]),
    ({"endpoints": [{"addresses": ["10.0.0.1"], "hints": {"forNodes": [{"name": "0"}, {"name": "1"}, {"name": "2"}, {
        "name": "3"}, {"name": "4"}, {"name": "5"}, {"name": "6"}, {"name": "7"}, {"name": "8"}]}}]}, [
        "TooMany endpoints[0].hints.forNodes: Too many: 9: must have at most 8 items"]),
]
CHANGES: list[Change] = [
    ({}, {"addressType": "IPv6", "endpoints": [{"addresses": ["2001:db8::1"]}]}, [
        "Invalid addressType: Invalid value: \"IPv6\": field is immutable"]),
]
# fmt: on
