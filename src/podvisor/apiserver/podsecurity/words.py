"""What checks have in common: what they look at, and how they say what is wrong (`policy/helpers.go`)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from podvisor.apiserver import objects
from podvisor.apiserver.resource import Json


@dataclass(frozen=True, slots=True)
class Pod:
    """What is checked: a pod, or the template of one."""

    metadata: Json
    spec: Json

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.metadata.get("annotations") or {}

    @property
    def security(self) -> Json:
        """Its own security context."""
        return self.spec.get("securityContext") or {}

    @property
    def containers(self) -> Iterator[Json]:
        """All of them: init containers first, ephemeral ones last."""
        for kind in ("initContainers", "containers", "ephemeralContainers"):
            yield from self.spec.get(kind) or ()

    @property
    def is_windows(self) -> bool:
        return objects.dig(self.spec, "os", "name") == "windows"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a level does not allow a pod."""

    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


Check = Callable[[Pod], Refusal | None]


def security(container: Json) -> Json:
    """The security context of a container."""
    return container.get("securityContext") or {}


def quoted(items: Iterable[str]) -> str:
    """`"a", "b"`."""
    return ", ".join(f'"{item}"' for item in items)


def plural(count: int, one: str, several: str = "") -> str:
    """The word for so many."""
    return one if count == 1 else several or f"{one}s"


def named(containers: Sequence[str]) -> str:
    """`containers "a", "b"`."""
    return f"{plural(len(containers), 'container')} {quoted(containers)}"


def setters(pod: Pod, is_bad: Callable[[Json], bool]) -> Sequence[str]:
    """Who of a pod and its containers has a security context that is bad: `pod`, `container "a"`."""
    bad = [container["name"] for container in pod.containers if is_bad(security(container))]
    return [*(["pod"] if is_bad(pod.security) else []), *([named(bad)] if bad else [])]
