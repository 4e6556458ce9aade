"""pods/binding: the scheduler's decision, stored once and for all."""

from podvisor.apiserver import answers, bodies, cells, writing
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer
from podvisor.types import field, status

BINDING = Resource("", "v1", "bindings", "Binding")


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Give the pod its node: 409 if it has one or is being deleted."""
    binding = bodies.typed(call, BINDING, await bodies.read(call))
    target = binding.get("target", {})
    _check(target, call.target.name)
    uid = binding["metadata"].get("uid", "")

    def make(pod: Json) -> Json:
        _check_pod(pod, uid, resource)
        pod["spec"]["nodeName"] = target["name"]
        pod["metadata"].setdefault("annotations", {}).update(binding["metadata"].get("annotations", {}))
        if not pod["metadata"]["annotations"]:
            del pod["metadata"]["annotations"]
        _mark_scheduled(pod, cells.timestamp(server.clock.now()))
        return pod

    await writing.change(server, call, resource, writing.Edit(make, "binding", tracked=True))
    return answers.whole(
        call, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201
    )


def _check(target: Json, name: str) -> None:
    errors: list[field.Error] = []
    if target.get("kind", "") not in ("", "Node", "Minion"):
        errors.append(field.unsupported("target.kind", target["kind"], ("Node", "<empty>")))
    if not target.get("name"):
        errors.append(field.required("target.name"))
    if errors:
        raise status.Invalid(BINDING.as_kind(name), errors)


def _check_pod(pod: Json, uid: str, resource: Resource) -> None:
    metadata = pod["metadata"]
    why = ""
    if "deletionTimestamp" in metadata:
        why = f"pod {metadata['name']} is being deleted, cannot be assigned to a host"
    elif pod["spec"].get("nodeName"):
        why = f'pod {metadata["name"]} is already assigned to node "{pod["spec"]["nodeName"]}"'
    elif uid and uid != metadata["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {metadata['uid']}"
    elif pod["spec"].get("schedulingGates"):
        why = f"pod {metadata['name']} has non-empty .spec.schedulingGates"
    if why:
        raise status.Conflict(resource.subject(metadata["name"]), why)


def _mark_scheduled(pod: Json, now: str) -> None:
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    conditions[:] = [one for one in conditions if one["type"] != "PodScheduled"]
    conditions.append({"type": "PodScheduled", "status": "True", "lastTransitionTime": now})
