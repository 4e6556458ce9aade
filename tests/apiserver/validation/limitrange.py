"""What is refused of LimitRange: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"}, "spec": {"limits": [{"type":
    "Container", "max": {"cpu": "2", "memory": "1Gi"}, "min": {"cpu": "100m"}, "default": {"cpu": "500m"},
    "defaultRequest": {"cpu": "200m"}, "maxLimitRequestRatio": {"cpu": "10"}}, {"type": "Pod", "max":
    {"cpu": "4"}}, {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage":
    "2Gi"}}]}}
MISTAKES: list[Mistake] = [
    ({"spec": {"limits": [{"max": {"cpu": "1"}}]}},
        ["Invalid spec.limits[0].type: Invalid value: \"\": name part must be non-empty",
        "Invalid spec.limits[0].type: Invalid value: \"\": name part must consist of alphanumeric characters, …"]),
    ({"spec": {"limits": [{"type": "Some", "max": {"cpu": "1"}}]}},
        ["Invalid spec.limits[0].type: Invalid value: \"Some\": must be a standard limit type or fully qualified"]),
    ({"spec": {"limits": [{"type": "a b"}]}},
        ["Invalid spec.limits[0].type: Invalid value: \"a b\": name part must consist of alphanumeric character…"]),
    ({"spec": {"limits": [{"type": "Container"}, {"type": "Container"}]}},
        ["Duplicate spec.limits[1].type: Duplicate value: \"Container\""]),
    ({"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "2"}, "default": {"cpu": "2"},
        "defaultRequest": {"cpu": "2"}}]}},
        ["Invalid spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1",
        "Invalid spec.limits[0].defaultRequest[cpu]: Invalid value: \"2\": default request value 2 is greater …",
        "Invalid spec.limits[0].default[cpu]: Invalid value: \"1\": default value 2 is greater than max value 1"]),
    ({"spec": {"limits": [{"type": "Container", "min": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}}]}},
        ["Invalid spec.limits[0].defaultRequest[cpu]: Invalid value: \"1\": min value 2 is greater than default…"]),
    ({"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}, "default": {"cpu": "1"}, "defaultRequest":
        {"cpu": "2"}}]}},
        ["Invalid spec.limits[0].defaultRequest[cpu]: Invalid value: \"2\": default request value 2 is greater …",
        "Invalid spec.limits[0].defaultRequest[cpu]: Invalid value: \"2\": default request value 2 is greater …"]),
    ({"spec": {"limits": [{"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "2"}}]}},
        ["Invalid spec.limits[0].defaultRequest[cpu]: Invalid value: \"2\": default request value 2 is greater …"]),
    ({"spec": {"limits": [{"type": "Container", "min": {"cpu": "2"}, "default": {"cpu": "1"}, "defaultRequest":
        {"cpu": "3"}}]}},
        ["Invalid spec.limits[0].defaultRequest[cpu]: Invalid value: \"3\": default request value 3 is greater …",
        "Invalid spec.limits[0].default[cpu]: Invalid value: \"2\": min value 2 is greater than default value 1"]),
    ({"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}, "default": {"cpu": "2"}, "defaultRequest":
        {"cpu": "1"}}]}},
        ["Invalid spec.limits[0].default[cpu]: Invalid value: \"1\": default value 2 is greater than max value 1"]),
    ({"spec": {"limits": [{"type": "Container", "maxLimitRequestRatio": {"cpu": "500m"}}]}},
        ["Invalid spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"500m\": ratio 500m is less than 1"]),
    ({"spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "1"}, "maxLimitRequestRatio":
        {"cpu": "3"}}]}},
        ["Invalid spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"3\": ratio 3 is greater than max/m…"]),
    ({"spec": {"limits": [{"type": "Container", "default": {"example.com/x": "1"}, "defaultRequest":
        {"example.com/x": "2"}}]}},
        ["Invalid spec.limits[0].defaultRequest[example.com/x]: Invalid value: \"2\": default request value 2 i…",
        "Invalid spec.limits[0].defaultRequest[example.com/x]: Invalid value: \"2\": default value 1 must equa…"]),
    ({"spec": {"limits": [{"type": "Container", "max": {"pods": "1"}}]}},
        ["Invalid spec.limits[0].max[pods]: Invalid value: pods: must be a standard resource for containers",
        "Invalid spec.limits[0].default[pods]: Invalid value: pods: must be a standard resource for containe…",
        "Invalid spec.limits[0].defaultRequest[pods]: Invalid value: pods: must be a standard resource for c…"]),
    ({"spec": {"limits": [{"type": "Container", "max": {"nonsense": "1"}}]}},
        ["Invalid spec.limits[0].max[nonsense]: Invalid value: nonsense: must be a standard resource type or …",
        "Invalid spec.limits[0].max[nonsense]: Invalid value: nonsense: must be a standard resource for cont…",
        "Invalid spec.limits[0].default[nonsense]: Invalid value: nonsense: must be a standard resource type…",
        "Invalid spec.limits[0].default[nonsense]: Invalid value: nonsense: must be a standard resource for …",
        "Invalid spec.limits[0].defaultRequest[nonsense]: Invalid value: nonsense: must be a standard resour…",
        "Invalid spec.limits[0].defaultRequest[nonsense]: Invalid value: nonsense: must be a standard resour…"]),
    ({"spec": {"limits": [{"type": "Container", "min": {"a b": "1"}}]}},
        ["Invalid spec.limits[0].min[a b]: Invalid value: a b: name part must consist of alphanumeric charact…",
        "Invalid spec.limits[0].min[a b]: Invalid value: a b: must be a standard resource for containers",
        "Invalid spec.limits[0].defaultRequest[a b]: Invalid value: a b: name part must consist of alphanume…",
        "Invalid spec.limits[0].defaultRequest[a b]: Invalid value: a b: must be a standard resource for con…"]),
    ({"spec": {"limits": [{"type": "Pod", "default": {"cpu": "1"}}]}},
        ["Forbidden spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"]),
    ({"spec": {"limits": [{"type": "Pod", "defaultRequest": {"cpu": "1"}}]}},
        ["Forbidden spec.limits[0].defaultRequest: Forbidden: may not be specified when `type` is 'Pod'"]),
    ({"spec": {"limits": [{"type": "PersistentVolumeClaim"}]}},
        ["Required spec.limits[0].limits: Required value: either minimum or maximum storage value is required…"]),
    ({"spec": {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "1", "nonsense": "1"}}]}},
        ["Invalid spec.limits[0].max[nonsense]: Invalid value: nonsense: must be a standard resource type or …"]),
    ({"spec": {"limits": [{"type": "Container", "maxLimitRequestRatio": {"pods": "1"}}]}},
        ["Invalid spec.limits[0].maxLimitRequestRatio[pods]: Invalid value: pods: must be a standard resource…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"limits": [{"type": "Some"}]}},
        ["Invalid spec.limits[0].type: Invalid value: \"Some\": must be a standard limit type or fully qualified"]),
]
# fmt: on
