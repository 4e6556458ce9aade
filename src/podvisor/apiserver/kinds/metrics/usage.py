"""NodeMetrics and PodMetrics: what nodes and pods use (https://github.com/kubernetes/metrics, `metrics/v1beta1`).

They are stored nowhere: who asks for them has the nodes asked, `verbs.measured`.
"""

from collections.abc import Mapping
from datetime import datetime

from podvisor.apiserver.openapi import operations
from podvisor.apiserver.resource import Cells, Column, Json, Resource
from podvisor.types import amounts

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
_PACKAGE = "io.k8s.metrics.pkg.apis.metrics.v1beta1"
_REFERENCE = "#/components/schemas/"
_TEXT: Json = {"type": "string"}
_USAGE: Json = {"type": "object", "additionalProperties": {"type": "string"}}


class Usage(Resource):
    """A kind of this group."""

    def definitions(self) -> Mapping[str, Json]:
        """See Resource."""
        fields: Json = {"timestamp": {"type": "string", "format": "date-time"}, "window": _TEXT}
        container = {"type": "object", "required": ["name", "usage"], "properties": {"name": _TEXT, "usage": _USAGE}}
        listed = {"type": "array", "items": container}
        fields |= {"containers": listed} if self.namespaced else {"usage": _USAGE}
        one = self._definition(fields, operations.OBJECT_META, self.kind)
        items: Json = {"items": {"type": "array", "items": {"allOf": [{"$ref": _REFERENCE + self.definition}]}}}
        return {
            self.definition: one,
            f"{self.definition}List": self._definition(items, operations.LIST_META, f"{self.kind}List"),
        }

    def _definition(self, fields: Json, meta: str, kind: str) -> Json:
        head: Json = {"apiVersion": _TEXT, "kind": _TEXT, "metadata": {"allOf": [{"$ref": _REFERENCE + meta}]}}
        known = {"group": self.group, "version": self.version, "kind": kind}
        return {"type": "object", "properties": head | fields, "x-kubernetes-group-version-kind": [known]}


def _row(item: Json, now: datetime) -> Cells:
    uses = [one["usage"] for one in item["containers"]] if "containers" in item else [item["usage"]]
    total: amounts.Amounts = {}
    for use in uses:
        total = amounts.add(total, amounts.parse(use))
    shown = amounts.plain(total)
    return (item["metadata"]["name"], shown.get("cpu", "0"), shown.get("memory", "0"), item["window"])


def _resource(plural: str, kind: str, *, namespaced: bool) -> Resource:
    return Usage(
        GROUP,
        VERSION,
        plural,
        kind,
        namespaced=namespaced,
        verbs=("get", "list"),
        columns=(Column("Name"), Column("cpu"), Column("memory"), Column("Window")),
        row=_row,
        is_measured=True,
        definition=f"{_PACKAGE}.{kind}",
    )


NODES = _resource("nodes", "NodeMetrics", namespaced=False)
PODS = _resource("pods", "PodMetrics", namespaced=True)
