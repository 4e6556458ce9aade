"""JSONPath as kubectl and printer columns use it."""

import pytest

from podvisor.types import jsonpath

POD = {
    "metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "web"}},
    "spec": {"containers": [{"name": "x", "ports": [1, 2]}, {"name": "y"}, {"name": "z"}]},
    "status": {"conditions": [{"type": "Ready", "status": "True", "n": 3}, {"type": "Other", "status": "False"}]},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".metadata.name", ["a"]),
        ("$.metadata.name", ["a"]),
        (".metadata['name']", ["a"]),
        (r".metadata.labels.app\.kubernetes\.io/name", ["web"]),
        (".metadata.labels['app.kubernetes.io/name']", ["web"]),
        (".spec.containers[0].name", ["x"]),
        (".spec.containers[-1].name", ["z"]),
        (".spec.containers[0:2].name", ["x", "y"]),
        (".spec.containers[::2].name", ["x", "z"]),
        (".spec.containers[0,2].name", ["x", "z"]),
        (".spec.containers[*].name", ["x", "y", "z"]),
        ("..ports[1]", [2]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        ('.status.conditions[?(@.type!="Ready")].status', ["False"]),
        (".status.conditions[?(@.n>2)].type", ["Ready"]),
        (".status.conditions[?(@.n)].type", ["Ready"]),
        (".status.conditions[?(@.type>2)].type", []),
        (".spec.missing.name", []),
        (".spec.containers[7].name", []),
        (".metadata.name.further", []),
        (".", [POD]),
    ],
)
def test_what_a_path_names(path, found):
    assert jsonpath.find(jsonpath.parse(path), POD) == found


@pytest.mark.parametrize("path", ["name", ".a[", ".a[x]", ".a[?(@.b==c)]", ".a b", ".a[::0]"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(jsonpath.BadPath):
        jsonpath.parse(path)


def test_how_values_are_printed():
    assert [jsonpath.text(one) for one in ("a", 1, True, {"a": [1]}, None)] == ["a", "1", "true", '{"a":[1]}', "null"]
