"""What is refused of Namespace: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
MISTAKES: list[Mistake] = [
    ({"spec": {"finalizers": ["foo"]}}, [
        "Invalid spec.finalizers: Invalid value: \"foo\": name is neither a standard finalizer name nor is it …"]),
    ({"spec": {"finalizers": ["a b/c"]}}, [
        "Invalid spec.finalizers: Invalid value: \"a b/c\": prefix part a lowercase RFC 1123 subdomain must co…"]),
    ({"metadata": {"name": "a.b"}}, [
        "Invalid metadata.name: Invalid value: \"a.b\": must not contain dots"]),
]
CHANGES: list[Change] = [
]
# fmt: on
