"""What is refused of VolumeAttachment: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": {"name": "a"}, "spec":
    {"attacher": "d.example", "nodeName": "n", "source": {"persistentVolumeName": "pv"}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"attacher": ""}}, ["Required spec.attacher: Required value",
        "Invalid spec.attacher: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower ca…"]),
    ({"spec": {"attacher": "A_"}},
        ["Invalid spec.attacher: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower …"]),
    ({"spec": {"nodeName": "A_"}},
        ["Invalid spec.nodeName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower …"]),
    ({"spec": {"source": {}}}, []),
    ({"spec": {"source": {"persistentVolumeName": None}}},
        ["Required spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVo…"]),
    ({"spec": {"source": {"persistentVolumeName": ""}}},
        ["Required spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeN…",
        "Invalid spec.source.persistentVolumeName: Invalid value: \"\": a lowercase RFC 1123 subdomain must …"]),
    ({"spec": {"source": {"persistentVolumeName": "A_"}}},
        ["Invalid spec.source.persistentVolumeName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain mus…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"nodeName": "m"}},
        ["Invalid spec: Invalid value: {\"attacher\":\"d.example\",\"nodeName\":\"m\",\"source\":{\"persisten…"]),
]
# fmt: on
