"""CronJob."""

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from podvisor.apiserver import cells
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.kinds.batch import job
from podvisor.apiserver.kinds.podspec import defaults
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import cron, field, names, rules

_ZONE_PREFIX = re.compile(r"(CRON_)?TZ=\S* ")
"""What crontabs have before a schedule; the schedule is then no reason for a second objection."""
_ZONE_PART = re.compile(r"[A-Za-z._0-9+-]{1,14}")
_LONGEST_NAME = 52
"""What the time of a run, which its Job's name ends with, leaves of a label."""


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    spec["concurrencyPolicy"] = spec.get("concurrencyPolicy") or "Allow"
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {})
    pods = template.setdefault("spec", {}).setdefault("template", {})
    pods.setdefault("metadata", {})
    defaults.template(pods.setdefault("spec", {}))


def _schedule(at: rules.At) -> Iterator[field.Error]:
    path, text = at.path.child("schedule"), at.get("schedule")
    if not text:
        yield field.required(path)
        return
    try:
        cron.parse(_ZONE_PREFIX.sub("", text))
    except ValueError as error:
        yield field.invalid(path, text, str(error))
    if "TZ" in text:
        yield field.invalid(path, text, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")


def _time_zone(at: rules.At) -> Iterator[field.Error]:
    path, zone = at.path.child("timeZone"), at.get("timeZone")
    if zone is None or (at.updating and at.old.get("timeZone") == zone):
        return
    if not zone:
        yield field.invalid(path, zone, "timeZone must be nil or non-empty string")
        return
    for part in zone.split("/"):
        if part in (".", "..") or part.startswith("-") or not _ZONE_PART.fullmatch(part):
            yield field.invalid(path, zone, f"unknown time zone {zone}")
            return
    if zone.lower() == "local":
        detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        yield field.invalid(path, zone, detail)
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield field.invalid(path, zone, f"unknown time zone {zone}")


def _own_selector(at: rules.At) -> Iterator[field.Error]:
    if at.get("selector") is not None:
        yield field.invalid(at.path.child("selector"), at.get("selector"), "`selector` will be auto-generated")
    if at.get("manualSelector"):
        yield field.unsupported(at.path.child("manualSelector"), True, ("nil", "false"), in_order=True)


def _short_name(at: rules.At) -> Iterator[field.Error]:
    name = at.get("metadata", "name") or ""
    if not at.updating and len(name) > _LONGEST_NAME:
        path = at.path.child("metadata", "name")
        yield field.invalid(path, name, f"must be no more than {_LONGEST_NAME} characters")


RULES = (
    rules.field(
        "spec",
        _schedule,
        rules.field("startingDeadlineSeconds", rules.at_least(0)),
        _time_zone,
        rules.field("concurrencyPolicy", rules.one_of("Allow", "Forbid", "Replace")),
        rules.field(
            "jobTemplate",
            rules.field("spec", rules.scope("job", *job.SPEC_RULES), _own_selector),
        ),
        *(rules.field(f"{name}JobsHistoryLimit", rules.at_least(0)) for name in ("successful", "failed")),
    ),
    _short_name,
)


def _row(item: Json, now: datetime) -> Cells:
    spec, status = item["spec"], item.get("status", {})
    last, template = status.get("lastScheduleTime"), spec["jobTemplate"]
    return (
        item["metadata"]["name"],
        spec["schedule"],
        spec.get("timeZone", "<none>"),
        "True" if spec.get("suspend") else "False",
        len(status.get("active", ())),
        cells.since(last, now) if last else "<none>",
        cells.age(item["metadata"], now),
        *workloads.containers(template),
        workloads.selector(template),
    )


_COLUMNS = (Column("Schedule"), Column("Timezone"), Column("Suspend"), Column("Active", "integer"))
RECORD = Resource(
    "batch",
    "v1",
    "cronjobs",
    "CronJob",
    short_names=("cj",),
    categories=("all",),
    columns=(NAME, *_COLUMNS, Column("Last Schedule"), AGE, *workloads.WIDE),
    row=_row,
    hooks=Hooks(default=_default),
    rules=RULES,
    name_rule=names.dns_subdomain,
    has_status=True,
    counts_generations=True,
)
