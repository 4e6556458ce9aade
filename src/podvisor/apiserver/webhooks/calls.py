"""Asks the webhooks about a change: the mutating ones in turn, the validating ones at once.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, Plugin, View, admit, with_old
from podvisor.apiserver.policies import evaluation
from podvisor.apiserver.policies.variables import Variables
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.webhooks import conditions, matching, reviews, services
from podvisor.apiserver.webhooks.client import CallFailed
from podvisor.types import decode, patch, status

log = logging.getLogger(__name__)
_GROUP = "admissionregistration.k8s.io"


@dataclass(frozen=True, slots=True)
class Asked:
    """A webhook that a change concerns."""

    hook: Json
    wanted: Resource
    """The version in which it wants to see the object."""


def mutating(built_in: Sequence[Plugin]) -> Plugin:
    """Let the mutating webhooks change the object, one after the other; those that ask for it see it twice.

    What they have changed the `built_in` plugins see again: a container that a webhook adds gets what all get. The
    plugin raises ApiError where a webhook refuses, or fails and may not.
    """

    async def plugin(change: Change, view: View) -> None:
        hooks = await _hooks("mutatingwebhookconfigurations", view)
        change = await with_old(change, view) if hooks else change
        # A webhook that came before the last change is asked again, once, if its reinvocationPolicy wants it.
        asked_at: list[tuple[Json, int]] = []
        changes = 0
        for hook in hooks:
            changed = await _mutate(hook, change, view)
            changes += changed is True
            if changed is not None:
                asked_at.append((hook, changes))
        if changes:
            before = orjson.dumps(change.new)
            await admit(built_in, change, view)
            changes += orjson.dumps(change.new) != before
        for hook, seen in asked_at:
            if hook.get("reinvocationPolicy") == "IfNeeded" and seen < changes:
                await _mutate(hook, change, view)

    return plugin


async def validating(change: Change, view: View) -> None:
    """Ask the validating webhooks, all at once; the first that refuses, in the order of names, is heard."""
    hooks = await _hooks("validatingwebhookconfigurations", view)
    change = await with_old(change, view) if hooks else change
    asked = [found for hook in hooks if (found := await _concerned(hook, change, view))]
    results = await asyncio.gather(*(_validate(one, change, view) for one in asked), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _hooks(plural: str, view: View) -> Sequence[Json]:
    """All webhooks, by the names of their configurations and then as these list them."""
    resource = view.catalogue.get(_GROUP, "v1", plural)
    found = await view.storage.all(resource)
    return [hook for kv in found.kvs for hook in objects.decode(resource, kv).get("webhooks", ())]


async def _concerned(hook: Json, change: Change, view: View) -> Asked | None:
    wanted = matching.version_for(hook, change, view)
    if wanted is None or not await matching.selects(hook, change, view):
        return None
    if not await _conditions_hold(hook, change, view, wanted):
        return None
    if change.dry_run and hook.get("sideEffects") not in ("None", "NoneOnDryRun"):
        raise status.BadRequest(f'admission webhook "{hook["name"]}" does not support dry run')
    return Asked(hook, wanted)


async def _conditions_hold(hook: Json, change: Change, view: View, wanted: Resource) -> bool:
    """True if all match conditions are. Raises Forbidden where one comes to no result and that counts."""
    if not (given := hook.get("matchConditions")):
        return True
    conditions_ = [(one["name"], conditions.compiled(one["expression"])) for one in given]
    about = await evaluation.situation(change, view, wanted, None)
    try:
        return await evaluation.conditions_hold(conditions_, Variables({}), about)
    except evaluation.Failure as failure:
        if hook.get("failurePolicy") == "Ignore":
            return False
        raise status.Forbidden(str(failure), change.resource.subject(change.name)) from None


async def _mutate(hook: Json, change: Change, view: View) -> bool | None:
    """Whether the webhook changed the object; None if it was not asked."""
    asked = await _concerned(hook, change, view)
    if asked is None:
        return None
    verdict = await _ask(asked, change, view)
    if verdict is None or verdict.patch is None or change.new is None:
        return False
    try:
        new = await _patched(verdict.patch, change, asked.wanted, view)
    except (ValueError, binascii.Error, patch.BadPatch, patch.Inapplicable, decode.WrongType) as error:
        raise status.InternalError(f'failed to apply the patch of webhook "{hook["name"]}": {error}') from None
    if new == change.new:
        return False
    change.new.clear()
    change.new.update(new)
    return True


async def _patched(encoded: str, change: Change, wanted: Resource, view: View) -> Json:
    operations = orjson.loads(base64.b64decode(encoded, validate=True))
    shown: Any = await matching.converted(change.new, change.resource, wanted, view)
    made: Any = patch.json_patch.apply(shown, operations)
    result = await view.storage.in_version(made, wanted, change.resource)
    new, _ = change.resource.read(result)
    change.resource.hooks.default(new)
    return new


async def _validate(asked: Asked, change: Change, view: View) -> None:
    await _ask(asked, change, view)


async def _ask(asked: Asked, change: Change, view: View) -> reviews.Verdict | None:
    """The verdict, None if none came and that may be. Raises ApiError."""
    hook = asked.hook
    name: str = hook["name"]
    try:
        verdict = await _call(asked, change, view)
    except CallFailed as error:
        why = f'failed calling webhook "{name}": failed to call webhook: {error}'
        if hook.get("failurePolicy") != "Ignore":
            raise status.InternalError(why) from None
        log.warning("%s; its failurePolicy ignores that", why)
        return None
    change.warnings.extend(verdict.warnings)
    if not verdict.allowed:
        raise reviews.Denied(name, verdict.status)
    return verdict


async def _call(asked: Asked, change: Change, view: View) -> reviews.Verdict:
    hook = asked.hook
    if view.webhooks is None:
        raise CallFailed("this server calls no webhooks")
    endpoint = await services.endpoint(hook["clientConfig"], view)
    review = reviews.review(await reviews.request(change, asked.wanted, view), hook.get("admissionReviewVersions", ()))
    answer = await view.webhooks.post(endpoint, review, hook.get("timeoutSeconds", 10))
    return reviews.verdict(answer, review)
