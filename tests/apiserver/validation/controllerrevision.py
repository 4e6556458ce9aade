"""What is refused of ControllerRevision: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "r"}, "revision": 1, "data": {
    "a": 1}}
MISTAKES: list[Mistake] = [
    ({"revision": -1}, ["Invalid revision: Invalid value: -1: must be greater than or equal to 0"]),
    ({"data": None}, ["Required data: Required value: data is mandatory"]),
    ({"data": [1]}, ["Required data: Required value: data must be a valid JSON object"]),
    ({"data": "x"}, ["Required data: Required value: data must be a valid JSON object"]),
]
CHANGES: list[Change] = [
    ({}, {"data": {"a": 2}}, ["Invalid data: Invalid value: {\"a\":2}: field is immutable"]),
    ({}, {"revision": -1}, ["Invalid revision: Invalid value: -1: must be greater than or equal to 0"]),
    ({}, {"revision": 2}, []),
]
# fmt: on
