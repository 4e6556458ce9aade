"""What is refused of ConfigMap: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}
MISTAKES: list[Mistake] = [
    ({"data": {"a b": "c"}}, [
        "Invalid data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters…"]),
    ({"data": {"..": "c"}}, ["Invalid data[..]: Invalid value: \"..\": must not be '..'"]),
    ({"data": {"..a": "c"}}, ["Invalid data[..a]: Invalid value: \"..a\": must not start with '..'"]),
    ({"data": {"a" * 254: "c"}}, [
        "Invalid data[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"]),
    ({"binaryData": {"a": "YQ=="}}, [
        "Invalid data[a]: Invalid value: \"a\": duplicate of key present in binaryData"]),
    ({"binaryData": {"a/b": "YQ=="}}, [
        "Invalid binaryData[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric char…"]),
]
CHANGES: list[Change] = [
    ({"immutable": True}, {"data": {"b": "c"}}, [
        "Forbidden data: Forbidden: field is immutable when `immutable` is set"]),
    ({"immutable": True}, {"immutable": None}, [
        "Forbidden immutable: Forbidden: field is immutable when `immutable` is set"]),
    ({"immutable": True}, {"binaryData": {"b": "YQ=="}}, [
        "Forbidden binaryData: Forbidden: field is immutable when `immutable` is set"]),
    ({}, {"data": {"a b": "c"}}, [
        "Invalid data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters…"]),
]
# fmt: on
