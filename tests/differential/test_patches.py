"""Our patches beside those of Kubernetes' own libraries, for objects and patches at random.

`make test-differential` asks thousands of questions (PODVISOR_PATCHES), the ordinary suite a few hundred.
"""

import os
from typing import Any

from differential import judge
from differential.generator import KINDS, Generator, shape_of
from podvisor.types import patch

QUESTIONS = int(os.environ.get("PODVISOR_PATCHES", "300"))
KIND_NAMES = tuple(KINDS)


def ours(question: dict[str, Any]) -> dict[str, Any]:
    """Our answer in the judge's form."""
    original, change = question["original"], question["change"]
    try:
        match question["patch"]:
            case "strategic":
                return {"result": patch.strategic.apply(shape_of(question["kind"]), original, change)}
            case "merge":
                return {"result": patch.merge.apply(original, change)}
            case _:
                return {"result": patch.json_patch.apply(original, change)}
    except (patch.BadPatch, patch.Inapplicable) as error:
        return {"error": str(error)}


def differences(questions: list[dict[str, Any]], *, words: bool = False) -> list[Any]:
    """The questions that are answered otherwise: another result, no error where there is one, or other `words`.

    Which of several errors in a strategic merge is told depends on the order of Go's maps, and so is not compared.
    """
    found: list[Any] = []
    for question, theirs in zip(questions, judge.answers(questions), strict=True):
        answer = ours(question)
        same = answer == theirs if words and not _panicked(theirs) else _outcome(answer) == _outcome(theirs)
        if not same:
            found.append({"question": question, "ours": answer, "theirs": theirs})
    return found


def _panicked(answer: dict[str, Any]) -> bool:
    return answer.get("error", "").startswith("panic: ")


def _outcome(answer: dict[str, Any]) -> tuple[bool, Any]:
    return "error" in answer, answer.get("result")


def test_strategic_merges_are_those_of_apimachinery() -> None:
    questions: list[dict[str, Any]] = []
    for seed in range(QUESTIONS):
        generator, kind = Generator(seed), KIND_NAMES[seed % len(KIND_NAMES)]
        original = generator.original(kind)
        change = generator.patch(kind, original)
        questions.append({"patch": "strategic", "kind": kind, "original": original, "change": change})
    assert differences(questions)[:3] == []


def test_merge_patches_are_those_of_the_real_server() -> None:
    questions: list[dict[str, Any]] = []
    for seed in range(QUESTIONS):
        generator, kind = Generator(seed), KIND_NAMES[seed % len(KIND_NAMES)]
        original = generator.original(kind)
        questions.append({"patch": "merge", "original": original, "change": generator.patch(kind, original)})
    assert differences(questions)[:3] == []


def test_json_patches_are_those_of_the_real_server() -> None:
    questions: list[dict[str, Any]] = []
    for seed in range(QUESTIONS):
        generator = Generator(seed)
        original = generator.original("Pod")
        questions.append({"patch": "json", "original": original, "change": generator.json_patch(original)})
    assert differences(questions, words=True)[:3] == []


def test_what_kubectl_apply_computes_leads_to_what_was_applied() -> None:
    """The three-way patch is kubectl's; the server has to make of it what the real one makes."""
    asked: list[dict[str, Any]] = []
    for seed in range(QUESTIONS):
        generator, kind = Generator(seed), KIND_NAMES[seed % len(KIND_NAMES)]
        last = generator.original(kind)
        modified, current = generator.modified(kind, last), generator.modified(kind, last)
        asked.append({"patch": "apply", "kind": kind, "original": last, "modified": modified, "change": current})
    questions = [
        {"patch": "strategic", "kind": one["kind"], "original": one["change"], "change": made["result"]}
        for one, made in zip(asked, judge.answers(asked), strict=True)
        if "result" in made
    ]
    assert len(questions) > QUESTIONS / 2
    assert differences(questions)[:3] == []
