"""PodTemplate."""

from podvisor.apiserver.kinds.podspec import defaults
from podvisor.apiserver.resource import Hooks, Json, Resource


def _default_template(item: Json) -> None:
    template = item.setdefault("template", {})
    template.setdefault("metadata", {})
    defaults.template(template.setdefault("spec", {}))


RECORD = Resource("", "v1", "podtemplates", "PodTemplate", hooks=Hooks(default=_default_template))
