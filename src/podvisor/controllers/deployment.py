"""Moves each Deployment's pods to its current template, as fast and as carefully as it asks."""

from collections.abc import Sequence

from podvisor.controllers import ownership, pods, progress, revisions, rollout
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import STATUS, DeleteOptions, Key, conditions, errors, key_of, kinds, selectors
from podvisor.sdk.objects import controller_of
from podvisor.sdk.objects.apps import Deployment, DeploymentStatus, ReplicaSet
from podvisor.sdk.objects.core import Pod
from podvisor.sdk.objects.meta import Condition


class Deployments:
    """The loop over Deployments. It acts through ReplicaSets only and never touches a pod."""

    name = "deployment-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._events = cluster.recorder(self.name)
        self._deployments = cluster.informers.of(kinds.DEPLOYMENTS)
        self._sets = cluster.informers.of(kinds.REPLICASETS)
        self._pods = cluster.informers.of(kinds.PODS)
        ownership.index(self._sets.cache)
        ownership.index(self._pods.cache)
        ownership.index_takers(self._deployments.cache)
        self._claimer = ownership.Claimer(self._client, kinds.DEPLOYMENTS, kinds.REPLICASETS, self._sets.cache)
        self._deployments.on_change(enqueue_itself(self.queue))
        self._sets.on_change(self._set_changed)
        self._pods.on_change(self._pod_changed)

    async def reconcile(self, key: Key) -> None:
        """Take the next step of one Deployment's rollout; the ReplicaSets' changes bring it back for the one after."""
        await self._sets.wait_synced()
        await self._pods.wait_synced()
        deployment = self._deployments.cache.get(key)
        if deployment is None or selectors.is_empty(deployment.spec.selector):
            return
        sets = await self._claimer.claim(deployment, deployment.spec.selector)
        view = self._view(deployment, sets)
        if deployment.metadata.deleting:
            await self._report(deployment, progress.counted(view, deployment.status.conditions))
            return
        told = progress.pausing(deployment, view.now)
        if deployment.spec.paused or rollout.is_scaling(deployment, sets):
            await self._scale(view, told)
        elif deployment.spec.strategy.type == "Recreate":
            await self._recreate(view, told)
        else:
            await self._roll(view, told)

    def _view(self, deployment: Deployment, sets: Sequence[ReplicaSet]) -> progress.View:
        new = revisions.find_new(deployment, sets)
        olds = [one for one in revisions.by_age(sets) if one is not new]
        return progress.View(deployment, new, olds, self._clock.now())

    async def _scale(self, view: progress.View, told: list[Condition]) -> None:
        if view.new is not None:
            await self._renumber(view, view.new)
        sizes = rollout.scale(view.deployment, view.new, view.olds)
        active = [one for one in view.every if one.spec.replicas > 0 or one.metadata.name in sizes]
        await self._resize(view.deployment, active, sizes)
        if view.deployment.spec.paused and not sizes:
            await self._clean_up(view)
        await self._report(view.deployment, progress.counted(view, told))

    async def _roll(self, view: progress.View, told: list[Condition]) -> None:
        view, told = await self._with_current(view, told)
        if view.new is None:
            return
        sizes = rollout.grow_new(view.deployment, view.new, view.olds) or rollout.shrink_old(
            view.deployment, view.new, view.olds
        )
        await self._resize(view.deployment, view.every, sizes)
        await self._conclude(view, told, moved=bool(sizes))

    async def _recreate(self, view: progress.View, told: list[Condition]) -> None:
        if sizes := rollout.recreate(view.olds):
            await self._resize(view.deployment, view.olds, sizes)
        elif not self._old_pods_run(view):
            view, told = await self._with_current(view, told)
            if view.new is None:
                return
            sizes = rollout.grow_new(view.deployment, view.new, view.olds)
            await self._resize(view.deployment, [view.new], sizes)
        await self._conclude(view, told, moved=bool(sizes))

    def _old_pods_run(self, view: progress.View) -> bool:
        """Whether a pod of an old template may still be running: `Recreate` promises that the two never meet."""
        if any(one.status.replicas for one in view.olds):
            return True
        owned = (self._pods.cache.indexed(ownership.CONTROLLER, one.metadata.uid) for one in view.olds)
        return any(not pods.is_ended(pod) for each in owned for pod in each)

    async def _conclude(self, view: progress.View, told: list[Condition], *, moved: bool) -> None:
        status = progress.rolled(view, told)
        if not moved and progress.is_complete(view.deployment, status):
            await self._clean_up(view)
        await self._report(view.deployment, status)
        if (wait := progress.until_deadline(view.deployment, status, view.now)) is not None:
            self.queue.add_after(key_of(view.deployment), wait)

    async def _with_current(self, view: progress.View, told: list[Condition]) -> tuple[progress.View, list[Condition]]:
        """With the current template's ReplicaSet, made or renumbered; without one if its name was taken."""
        deployment = view.deployment
        created = view.new is None
        new = await self._create(view) if view.new is None else await self._renumber(view, view.new)
        if new is None:
            return view, told
        current = conditions.find(told, "Progressing")
        if progress.has_deadline(deployment) and (created or current is None):
            verb, reason = ("Created", "NewReplicaSetCreated") if created else ("Found", "FoundNewReplicaSet")
            message = f'{verb} new replica set "{new.metadata.name}"'
            told = conditions.put(told, progress.progressing("True", reason, message, view.now))
        return progress.View(deployment, new, view.olds, view.now), told

    async def _create(self, view: progress.View) -> ReplicaSet | None:
        deployment = view.deployment
        replicas = rollout.initial(deployment, view.olds)
        thing = revisions.new_set(deployment, view.olds, replicas, rollout.most(deployment))
        try:
            new = await self._client.create(kinds.REPLICASETS, thing, deployment.metadata.namespace)
        except errors.AlreadyExists:
            return await self._taken(deployment, thing["metadata"]["name"])
        except errors.ApiError as error:
            await self._creation_failed(view, error)
            raise
        if replicas:
            self._say_scaled(deployment, new, 0, replicas)
        await self._mark_revision(deployment, new)
        return new

    async def _taken(self, deployment: Deployment, name: str) -> ReplicaSet | None:
        """The name is taken: by what the cache does not show yet, or by another template with the same hash."""
        taken = await self._client.get(kinds.REPLICASETS, name, deployment.metadata.namespace)
        owner = controller_of(taken)
        ours = owner is not None and owner.uid == deployment.metadata.uid
        if ours and revisions.same_template(taken.spec.template, deployment.spec.template):
            return taken
        count = {"collisionCount": deployment.status.collision_count + 1}
        await self._client.patch(kinds.DEPLOYMENTS, key_of(deployment), {"status": count}, STATUS)
        return None

    async def _creation_failed(self, view: progress.View, error: errors.ApiError) -> None:
        if pods.is_namespace_ending(error):
            return
        message = f"Failed to create new replica set: {error}"
        self._events.warning(kinds.DEPLOYMENTS, view.deployment, "ReplicaSetCreateError", message)
        failed = progress.progressing("False", "ReplicaSetCreateError", message, view.now)
        told = conditions.put(view.deployment.status.conditions, failed)
        await self._report(view.deployment, progress.counted(view, told))

    async def _renumber(self, view: progress.View, new: ReplicaSet) -> ReplicaSet:
        """Give the current ReplicaSet the highest revision, and what else follows from the Deployment."""
        revision = revisions.next_revision(view.olds)
        wanted = revisions.annotations(view.deployment, revision, new.metadata.annotations)
        pause = view.deployment.spec.min_ready_seconds
        if not wanted.items() <= new.metadata.annotations.items() or new.spec.min_ready_seconds != pause:
            patch = {"metadata": _version(new) | {"annotations": wanted}, "spec": {"minReadySeconds": pause}}
            new = await self._client.patch(kinds.REPLICASETS, key_of(new), patch)
        await self._mark_revision(view.deployment, new)
        return new

    async def _mark_revision(self, deployment: Deployment, new: ReplicaSet) -> None:
        revision = revisions.revision_of(new)
        if revision and revision != revisions.revision_of(deployment):
            metadata = {"uid": deployment.metadata.uid, "annotations": {revisions.REVISION: str(revision)}}
            await self._client.patch(kinds.DEPLOYMENTS, key_of(deployment), {"metadata": metadata})

    async def _resize(self, deployment: Deployment, sets: Sequence[ReplicaSet], sizes: rollout.Sizes) -> None:
        noted = revisions.sizes(deployment, rollout.most(deployment))
        for one in sets:
            size = sizes.get(one.metadata.name, one.spec.replicas)
            current = noted.items() <= one.metadata.annotations.items()
            if size == one.spec.replicas and (current or not size):
                continue
            patch = {"metadata": _version(one) | {"annotations": noted}, "spec": {"replicas": size}}
            await self._client.patch(kinds.REPLICASETS, key_of(one), patch)
            if size != one.spec.replicas:
                self._say_scaled(deployment, one, one.spec.replicas, size)

    async def _clean_up(self, view: progress.View) -> None:
        for one in revisions.to_clean_up(view.deployment, view.olds):
            try:
                await self._client.delete(kinds.REPLICASETS, key_of(one), DeleteOptions(uid=one.metadata.uid))
            except errors.NotFound:
                continue

    async def _report(self, deployment: Deployment, status: DeploymentStatus) -> None:
        wanted, told = progress.plain(status), progress.plain(deployment.status)
        if wanted != told:
            patch = {"metadata": {"uid": deployment.metadata.uid}, "status": wanted}
            await self._client.patch(kinds.DEPLOYMENTS, key_of(deployment), patch, STATUS)

    def _say_scaled(self, deployment: Deployment, one: ReplicaSet, before: int, after: int) -> None:
        direction = "up" if after > before else "down"
        message = f"Scaled {direction} replica set {one.metadata.name} from {before} to {after}"
        self._events.normal(kinds.DEPLOYMENTS, deployment, "ScalingReplicaSet", message)

    def _set_changed(self, old: ReplicaSet | None, new: ReplicaSet | None) -> None:
        for one in (old, new):
            owner = controller_of(one) if one is not None else None
            if one is not None and owner is not None and owner.kind == kinds.DEPLOYMENTS.kind:
                self.queue.add(Key(one.metadata.namespace, owner.name))
        if new is not None and controller_of(new) is None:
            for deployment in ownership.takers(self._deployments.cache, new):
                self.queue.add(key_of(deployment))

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        """The last old pod's end lets a `Recreate` go on; nothing else about pods concerns this loop directly."""
        owner = controller_of(old or new) if new is None or pods.is_ended(new) else None
        if owner is None or owner.kind != kinds.REPLICASETS.kind:
            return
        pod = old or new
        assert pod is not None
        if (one := self._sets.cache.get(Key(pod.metadata.namespace, owner.name))) is not None:
            self._set_changed(one, one)


def _version(one: ReplicaSet) -> dict[str, str]:
    return {"uid": one.metadata.uid, "resourceVersion": one.metadata.resource_version}
