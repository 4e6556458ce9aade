"""PodTemplate."""

from podvisor.apiserver.kinds.podspec import defaults, spec
from podvisor.apiserver.resource import Hooks, Json, Resource
from podvisor.types import rules


def _default(item: Json) -> None:
    template = item.setdefault("template", {})
    template.setdefault("metadata", {})
    defaults.template(template.setdefault("spec", {}))


RULES = (rules.field("template", *spec.TEMPLATE),)
RECORD = Resource("", "v1", "podtemplates", "PodTemplate", hooks=Hooks(default=_default), rules=RULES)
