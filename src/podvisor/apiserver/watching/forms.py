"""The forms in which clients want the objects of a watch."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from podvisor.apiserver import answers, negotiation, objects, table
from podvisor.apiserver.state import State


@dataclass(frozen=True, slots=True)
class Form:
    """A form: whoever wants the same shares what was encoded."""

    shape: negotiation.Form = "object"
    version: str = "v1"
    """Of the Table or PartialObjectMetadata."""
    include: str = ""
    """How much of the object a Table carries (`includeObject`)."""

    def encode(self, state: State, revision: int, now: datetime) -> bytes:
        """The object as JSON, at `revision`."""
        if self.shape == "object":
            return objects.sent(state.resource, state.kv, revision)
        item = state.item | {"metadata": state.item["metadata"] | {"resourceVersion": str(revision)}}
        if self.shape != "Table":
            return orjson.dumps(answers.partial(item, self.version))
        shown = table.of(state.resource, [item], now, {"includeObject": self.include}, self.version)
        return orjson.dumps(shown | {"metadata": {"resourceVersion": str(revision)}})
