"""Write src/podvisor/types/data/protobuf.json.xz: the field numbers of Kubernetes' protobuf encoding.

    .venv/bin/python tools/generate_protobuf.py <checkout of k8s.io/api> <checkout of k8s.io/apimachinery>

The numbers are read from the `generated.proto` files of the version of `generate_schemas.py`, which fields are pointers
from `types.go`. The types of fields come from the schemas, so that only this is kept:

    {"io.k8s.api.core.v1.Volume": {"1": "name", "2": ["io.k8s.api.core.v1.VolumeSource"]}}
    {"io.k8s.api.apps.v1.DeploymentSpec": {"1": "*replicas", ...}}

A list names a struct that JSON inlines; a star marks a pointer to a plain value, whose zero is not the same as nothing.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from generate_schemas import TARGET, VERSION, write

from podvisor.types import schema

Stars = set[tuple[str, str]]
_FIELD = re.compile(r"^\s*(optional|repeated)?\s*(map<\w+, *[\w.]+>|[\w.]+) (\w+) = (\d+);")


def sources(checkout: Path, tag: str) -> Iterator[str]:
    """The text of every generated.proto of a tag."""
    listed = subprocess.check_output(["git", "-C", checkout, "ls-tree", "-r", "--name-only", tag], text=True)
    for name in listed.split():
        if name.endswith("generated.proto"):
            yield subprocess.check_output(["git", "-C", checkout, "show", f"{tag}:{name}"], text=True)


def pointers(checkout: Path, tag: str) -> Iterator[tuple[str, str]]:
    """Struct and JSON name of every pointer field."""
    listed = subprocess.check_output(["git", "-C", checkout, "ls-tree", "-r", "--name-only", tag], text=True)
    for name in listed.split():
        if name.endswith("types.go"):
            text = subprocess.check_output(["git", "-C", checkout, "show", f"{tag}:{name}"], text=True)
            package = name.rpartition("/")[0].replace("/", ".")
            for struct, body in re.findall(r"^type (\w+) struct \{(.*?)^\}", text, re.MULTILINE | re.DOTALL):
                for field in re.findall(r'^\s*\w+\s+\*\w+\s+`.*json:"(\w+)', body, re.MULTILINE):
                    yield f"{package}.{struct}", field


def messages(text: str) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Each message by its full name, with type, name and number of its fields."""
    package = re.search(r"^package ([\w.]+);", text, re.MULTILINE)
    assert package
    for name, body in re.findall(r"^message (\w+) \{(.*?)^\}", text, re.MULTILINE | re.DOTALL):
        found = [match.groups()[1:] for line in body.splitlines() if (match := _FIELD.match(line))]
        yield f"{package[1]}.{name}", found


def definition(message: str) -> str:
    """The definition that a message encodes: `k8s.io.api.core.v1.Pod` is `io.k8s.api.core.v1.Pod`."""
    return message.replace("k8s.io.", "io.k8s.", 1)


def numbers(
    message: str, fields: list[tuple[str, str, str]], known: dict[str, object], stars: Stars
) -> dict[str, object]:
    """For each number the name of its field, or the message of a struct that JSON inlines."""
    properties = known.get("properties", {})
    found: dict[str, object] = {}
    struct = ".".join(message.split(".")[-3:])
    for kind, name, number in fields:
        if not known or name in properties:
            plain = kind in ("int32", "int64", "bool", "string", "double")
            found[number] = f"*{name}" if plain and (struct, name) in stars else name
        elif kind[0].isupper() or kind.startswith("."):
            full = kind.removeprefix(".") if kind.startswith(".") else f"{message.rpartition('.')[0]}.{kind}"
            found[number] = [definition(full)]
    return found


if __name__ == "__main__":
    tag = f"v0.{VERSION.partition('.')[2]}.0"
    definitions = schema.data().definitions
    parsed = [pair for path in sys.argv[1:] for text in sources(Path(path), tag) for pair in messages(text)]
    stars = {
        (struct.removeprefix("pkg.apis."), name) for path in sys.argv[1:] for struct, name in pointers(Path(path), tag)
    }
    embedded = {
        definition(name): numbers(name, fields, definitions.get(definition(name), {}), stars) for name, fields in parsed
    }
    wanted = {name for name in embedded if name in definitions}
    while (
        inlined := {inner[0] for name in wanted for inner in embedded[name].values() if isinstance(inner, list)}
        & embedded.keys() - wanted
    ):
        wanted |= inlined
    write("protobuf", {name: embedded[name] for name in sorted(wanted)})
    print(TARGET, len(wanted))
