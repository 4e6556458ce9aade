"""Write src/podvisor/types/data: the schemas of the kinds that we serve, from the package kubernetes-validate.

Run by hand when the Kubernetes version or the list of groups changes: `.venv/bin/python tools/generate_schemas.py`.
kubernetes-validate carries Kubernetes' own OpenAPI definitions, adapted to plain JSON Schema; that adaptation is
undone here: nullable types become plain ones, references point to `#/definitions` and the enums of kind and
apiVersion go. Descriptions are kept in a file of their own, which only `/openapi` reads. How Go writes fields that hold
nothing is read from its structs (tools/structs, which needs go).
"""

import json
import lzma
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

VERSION = "1.33"
"""The Kubernetes version whose API we serve: kubectl 1.32 to 1.34 are within its skew."""
SOURCE = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{VERSION}.0-local" / "_definitions.json"
TARGET = Path(__file__).parent.parent / "src/podvisor/types/data"
META = "io.k8s.apimachinery.pkg.apis.meta.v1"
PACKAGES = ("admissionregistration", "apps", "authentication", "authorization", "autoscaling", "batch", "certificates")
PACKAGES += ("coordination", "core", "discovery", "events", "flowcontrol", "networking", "node", "policy", "rbac")
PACKAGES += ("scheduling", "storage")
ROOTS = [f"io.k8s.api.{package}.v1." for package in PACKAGES]
ROOTS += ["io.k8s.api.autoscaling.v2.", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."]
ROOTS += ["io.k8s.kube-aggregator.pkg.apis.apiregistration.v1."]
EXTRA = [f"{META}.{kind}" for kind in ("APIGroupList", "APIResourceList", "APIVersions", "DeleteOptions", "Status")]
EXTRA += [f"{META}.Patch", f"{META}.WatchEvent", "io.k8s.apimachinery.pkg.version.Info"]

Json = dict[str, Any]


def restored(schema: Any) -> Any:
    """`schema` as Kubernetes publishes it."""
    if isinstance(schema, list):
        return [restored(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: restored(value) for key, value in schema.items()}
    if isinstance(kinds := schema.get("type"), list):
        schema["type"] = next(kind for kind in kinds if kind != "null")
    if isinstance(reference := schema.get("$ref"), str):
        schema["$ref"] = reference.replace("#/$defs/", "#/definitions/")
    schema.pop("x-kubernetes-unions", None)
    return schema


def definition(name: str, source: Json) -> Json:
    """One definition, with what the source changed for its own purposes put back."""
    result = restored(source)
    for field in ("apiVersion", "kind"):
        result.get("properties", {}).get(field, {}).pop("enum", None)
    if name.endswith(".IntOrString"):
        result = {"description": result.get("description", ""), "format": "int-or-string", "type": "string"}
    if name.endswith(".Quantity"):
        result = {"description": result.get("description", ""), "type": "string"}
    return result


def reachable(definitions: dict[str, Json]) -> dict[str, Json]:
    """The kinds of our groups and everything they refer to."""
    wanted = [name for name in definitions if name.startswith(tuple(ROOTS)) or name in EXTRA]
    found: dict[str, Json] = {}
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = definitions[name]
            wanted += re.findall(r'"#/definitions/([^"]+)"', json.dumps(found[name]))
    return dict(sorted(found.items()))


def split(definitions: dict[str, Json]) -> dict[str, dict[str, str]]:
    """Take the descriptions out of `definitions`: for each definition those of its fields, its own under ''."""
    texts: dict[str, dict[str, str]] = {}
    for name, schema in definitions.items():
        fields = {"": schema, **schema.get("properties", {})}
        texts[name] = {key: text for key, field in fields.items() if (text := field.pop("description", ""))}
    return texts


def empties(kept: dict[str, Json]) -> dict[str, dict[str, list[str]]]:
    """For each definition the fields that are omitted, structs, null or zero when empty, by first letter."""
    source = Path(__file__).parent / "structs"
    told = subprocess.run(["go", "run", "."], cwd=source, stdout=subprocess.PIPE, check=True)
    found: dict[str, dict[str, list[str]]] = {}
    for name, fields in json.loads(told.stdout).items():
        for field, how in fields.items() if name in kept else ():
            found.setdefault(name, {}).setdefault(how[0], []).append(field)
    return found


def write(name: str, content: Json) -> None:
    path = TARGET / f"{name}.json.xz"
    path.write_bytes(lzma.compress(json.dumps(content, separators=(",", ":")).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(path.name, path.stat().st_size)


if __name__ == "__main__":
    source = json.loads(SOURCE.read_text())["$defs"]
    kept = reachable({name: definition(name, schema) for name, schema in source.items()})
    descriptions = split(kept)
    write("descriptions", descriptions)
    write("empties", empties(kept))
    write("schemas", {"version": VERSION, "definitions": kept})
