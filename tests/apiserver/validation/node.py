"""What is refused of Node: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
MISTAKES: list[Mistake] = [
    ({"spec": {"taints": [{"key": "a b", "effect": "NoSchedule"}]}}, [
        "Invalid metadata.taints[0].key: Invalid value: \"a b\": name part must consist of alphanumeric charac…"]),
    ({"spec": {"taints": [{"effect": "NoSchedule"}]}}, [
        "Invalid metadata.taints[0].key: Invalid value: \"\": name part must be non-empty",
        "Invalid metadata.taints[0].key: Invalid value: \"\": name part must consist of alphanumeric character…"]),
    ({"spec": {"taints": [{"key": "a", "effect": "Some"}]}}, [
        "NotSupported metadata.taints[0].effect: Unsupported value: \"Some\": supported values: \"NoSchedule\"…"]),
    ({"spec": {"taints": [{"key": "a"}]}}, ["Required metadata.taints[0].effect: Required value"]),
    ({"spec": {"taints": [{"key": "a", "value": "b c", "effect": "NoSchedule"}]}}, [
        "Invalid metadata.taints[0].value: Invalid value: \"b c\": a valid label must be an empty string or co…"]),
    ({"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}, {"key": "a", "effect": "NoSchedule"}]}}, [
        "Duplicate metadata.taints[1]: Duplicate value: {\"key\":\"a\",\"effect\":\"NoSchedule\"}"]),
    ({"spec": {"podCIDR": "x"}}, [
        "Invalid spec.podCIDRs[0]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001…"]),
    ({"spec": {"podCIDRs": ["10.0.0.0/8", "11.0.0.0/8"], "podCIDR": "10.0.0.0/8"}}, [
        "Invalid spec.podCIDRs: Invalid value: [\"10.0.0.0/8\",\"11.0.0.0/8\"]: may specify no more than one C…"]),
    ({"status": {"capacity": {"cpu": "-1"}}}, [
        "Invalid status.capacity.cpu: Invalid value: \"-1\": must be greater than or equal to 0",
        "Invalid status.allocatable.cpu: Invalid value: \"-1\": must be greater than or equal to 0"]),
    ({"status": {"allocatable": {"example.com/x": "500m"}}}, [
        "Invalid status.allocatable.example.com/x: Invalid value: \"500m\": must be an integer"]),
]
CHANGES: list[Change] = [
    ({"spec": {"podCIDR": "10.0.0.0/8", "podCIDRs": ["10.0.0.0/8"]}}, {"spec": {"podCIDR": "11.0.0.0/8", "podCIDRs": [
        "11.0.0.0/8"]}}, [
        "Forbidden spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"]),
    ({"spec": {"providerID": "a"}}, {"spec": {"providerID": "b"}}, [
        "Forbidden spec.providerID: Forbidden: node updates may not change providerID except from \"\" to valid"]),
    ({}, {"spec": {"taints": [{"key": "a", "effect": "Some"}]}}, [
        "NotSupported metadata.taints[0].effect: Unsupported value: \"Some\": supported values: \"NoSchedule\"…"]),
    ({}, {"spec": {"providerID": "b"}}, []),
    ({}, {"status": {"capacity": {"cpu": "-1"}}}, []),
]
# fmt: on
