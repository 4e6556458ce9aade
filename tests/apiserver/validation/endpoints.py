"""What is refused of Endpoints: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "web"}, "subsets": [{"addresses": [{
    "ip": "10.0.0.1"}], "ports": [{"port": 80}]}]}
MISTAKES: list[Mistake] = [
    ({"subsets": [{"addresses": [], "ports": [{"port": 80}]}]}, [
        "Required subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]),
    ({"subsets": [{"addresses": [{"ip": "x"}], "ports": [{"port": 80}]}]}, [
        "Invalid subsets[0].addresses[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 …",
        "Invalid subsets[0].addresses[0].ip: Invalid value: \"x\": must be a valid IP address"]),
    ({"subsets": [{"addresses": [{}], "ports": [{"port": 80}]}]}, [
        "Invalid subsets[0].addresses[0].ip: Invalid value: \"\": must be a valid IP address, (e.g. 10.9.8.7 o…",
        "Invalid subsets[0].addresses[0].ip: Invalid value: \"\": must be a valid IP address"]),
    ({"subsets": [{"addresses": [{"ip": "127.0.0.1"}], "ports": [{"port": 80}]}]}, [
        "Invalid subsets[0].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (1…"]),
    ({"subsets": [{"addresses": [{"ip": "10.0.0.1", "hostname": "A"}], "ports": [{"port": 80}]}]}, [
        "Invalid subsets[0].addresses[0].hostname: Invalid value: \"A\": a lowercase RFC 1123 label must consi…"]),
    ({"subsets": [{"addresses": [{"ip": "10.0.0.1", "nodeName": "A b"}], "ports": [{"port": 80}]}]}, [
        "Invalid subsets[0].addresses[0].nodeName: Invalid value: \"A b\": a lowercase RFC 1123 subdomain must…"]),
    ({"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}], "notReadyAddresses": [{"ip": "x"}]}]},
        ["Invalid subsets[0].notReadyAddresses[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 1…",
        "Invalid subsets[0].notReadyAddresses[0].ip: Invalid value: \"x\": must be a valid IP address"]),
    ({"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 0}]}]}, [
        "Invalid subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
    ({"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 1}, {"port": 2}]}]}, [
        "Required subsets[0].ports[0].name: Required value", "Required subsets[0].ports[1].name: Required value"]),
    ({"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 1, "name": "A"}]}]}, [
        "Invalid subsets[0].ports[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lo…"]),
    ({"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 1, "protocol": "X"}]}]}, [
        "NotSupported subsets[0].ports[0].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TC…"]),
    ({"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 1, "appProtocol": "a b"}]}]}, [
        "Invalid subsets[0].ports[0].appProtocol: Invalid value: \"a b\": name part must consist of alphanumer…"]),
]
CHANGES: list[Change] = [
]
# fmt: on
