"""Completion indexes of a Job, and their short form in its status (`1,3-5,7`)."""

from collections.abc import Iterable, Iterator, Set

from podvisor.sdk.objects.core import Pod

ANNOTATION = "batch.kubernetes.io/job-completion-index"


def parse(text: str) -> frozenset[int]:
    """The indexes of a short form; parts that are no numbers do not count."""
    return frozenset(index for part in text.split(",") for index in _interval(part))


def format(indexes: Iterable[int]) -> str:
    """The short form: runs of two or more become intervals."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def of(pod: Pod) -> int | None:
    """The index that a pod works on, or None if it has none."""
    text = pod.metadata.annotations.get(ANNOTATION, "")
    return int(text) if text.isdecimal() else None


def missing(completions: int, taken: Set[int], count: int) -> list[int]:
    """The first `count` indexes that nobody works on."""
    free = (index for index in range(completions) if index not in taken)
    return [index for index, _ in zip(free, range(count), strict=False)]


def _interval(part: str) -> Iterator[int]:
    first, _, last = part.partition("-")
    if first.isdecimal():
        yield from range(int(first), int(last if last.isdecimal() else first) + 1)
