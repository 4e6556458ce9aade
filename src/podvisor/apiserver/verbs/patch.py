"""patch: change an object, or its status, by saying what is different.

https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply ; the result goes the way of an update.
"""

from collections.abc import Callable
from typing import Any, cast

from podvisor.apiserver import answers, bodies, ownership, writing
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.verbs import apply as applying
from podvisor.base.http import Answer
from podvisor.types import decode, field, patch, status
from podvisor.types.patch import media_types

Apply = Callable[[Json], Any]


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Apply the patch in the body. Raises UnsupportedMediaType for a kind of patch that is not known here."""
    check_options(call)
    if is_apply(call):
        return await applying.handle(server, call, resource)
    body = await call.request.read()
    apply = applier(call, resource, body)

    def make(old: Json) -> Json:
        item = _object(changed(apply, old))
        if item is None:
            raise _rejected(body, "the object may not be replaced by a value")
        bodies.check_kind(resource, item)
        try:
            return bodies.conform(call, resource, item, repeated)
        except bodies.WrongType as error:
            raise _rejected(body, error.why) from None

    repeated = decode.duplicates(body)
    edit = writing.Edit(make, call.target.subresource)
    return answers.one(server, call, resource, await writing.change(server, call, resource, edit))


def is_apply(call: Call) -> bool:
    """True if the request carries a configuration rather than a patch."""
    return _media_type(call) == media_types.APPLY


def check_options(call: Call) -> None:
    """Raises Invalid for options of a patch that make no sense."""
    ownership.check_name(call, "PatchOptions")
    if "force" in call.query and not is_apply(call):
        error = field.forbidden("force", "may not be specified for non-apply patch")
        raise status.Invalid(status.Subject("meta.k8s.io", "PatchOptions"), [error])


def applier(call: Call, resource: Resource, body: bytes) -> Apply:
    """What the patch in `body` does to an object."""
    sent = _media_type(call)
    if sent not in resource.patch_types:
        raise status.UnsupportedMediaType(sent, resource.patch_types)
    try:
        content = decode.parse(body)
    except decode.WrongType as error:
        raise status.BadRequest(str(error)) from None
    if sent == media_types.JSON:
        return lambda old: patch.json_patch.apply(old, content)
    fields = _object(content)
    if fields is None:
        sent = decode.json_type(content)
        raise status.BadRequest(f"json: cannot unmarshal {sent} into Go value of type map[string]interface {{}}")
    if sent == media_types.MERGE:
        return lambda old: patch.merge.apply(old, fields)
    return lambda old: patch.strategic.apply(resource.shape, old, fields)


def changed(apply: Apply, old: Json) -> Any:
    """`old` with the patch applied. Raises BadRequest or Invalid, as the real server does."""
    try:
        return apply(old)
    except patch.BadPatch as error:
        raise status.BadRequest(str(error)) from None
    except patch.Inapplicable as error:
        why = f"the server rejected our request due to an error in our request: {error}"
        raise status.Unprocessable(why) from None


def _media_type(call: Call) -> str:
    return call.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _rejected(body: bytes, why: str) -> status.Invalid:
    """What the patch makes is no object of this kind: the patch is at fault, not the request's form."""
    return status.Invalid(status.Subject(), [field.invalid("patch", decode.parse(body), why)])


def _object(content: Any) -> Json | None:
    return cast("Json", content) if isinstance(content, dict) else None
