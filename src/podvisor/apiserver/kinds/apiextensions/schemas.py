"""What the schema of a CustomResourceDefinition may say."""

from collections.abc import Iterator, Sequence

from podvisor.apiserver.resource import Json
from podvisor.types.field import Error, Path


def check(schema: Json, path: Path, has_status: bool) -> Iterator[Error]:
    """Objections to the schema of a version."""
    return iter(())


def check_selectable(fields: Sequence[Json], path: Path, schema: Json) -> Iterator[Error]:
    """Objections to the fields by which objects can be selected."""
    return iter(())
