"""Runs expressions of CEL about a change, without holding the server while one takes long.

Decides where they run, and answers their questions to `authorizer`. What an expression means is `types.cel`'s matter.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from podvisor.apiserver.access import Attributes, Authorizer, User
from podvisor.apiserver.admission.chain import Change
from podvisor.apiserver.policies.variables import Variables
from podvisor.types import cel
from podvisor.types.cel.library import authorizer as questions

_AT_ONCE = 20_000
"""What an expression may spend within the event loop: some ten milliseconds."""
_QUESTIONS = 32
"""How often an expression is begun anew for a question; what a check costs allows it, and each variable, two."""


@dataclass(slots=True)
class Scope:
    """What the expressions about one change share."""

    authorizer: Authorizer
    change: Change
    budget: cel.Budget
    composed: Variables | None = None
    """The variables of the policy that the expressions belong to."""
    answers: dict[questions.Question, questions.Decision] = field(
        default_factory=dict[questions.Question, questions.Decision]
    )


class _Unanswered(Exception):
    """The expression asks something that nobody has found out yet."""

    def __init__(self, question: questions.Question) -> None:
        super().__init__(question)
        self.question = question


async def evaluate(program: cel.Program, variables: Mapping[str, Any], scope: Scope) -> Any:
    """What the expression comes to. Raises EvaluationError."""
    given = {**_authorizers(scope), **variables}
    for _ in range(_QUESTIONS):
        try:
            return await _run(program, given, scope)
        except _Unanswered as pending:
            # Expressions run without waiting; what needs a wait is found out, and they begin anew.
            scope.answers[pending.question] = await _answer(pending.question, scope)
    raise cel.CostExceeded


async def _run(program: cel.Program, variables: Mapping[str, Any], scope: Scope) -> Any:
    budget = scope.budget
    allowed = min(_AT_ONCE, budget.remaining)
    trial = cel.Budget(allowed)
    try:
        result = program.evaluate(_composed(variables, scope, trial), trial)
    except cel.CostExceeded:
        if budget.remaining <= _AT_ONCE:
            budget.remaining = -1
            raise
        return await asyncio.to_thread(program.evaluate, _composed(variables, scope, budget), budget)
    except cel.EvaluationError:
        budget.remaining -= allowed - trial.remaining
        raise
    budget.remaining -= allowed - trial.remaining
    return result


def _composed(variables: Mapping[str, Any], scope: Scope, budget: cel.Budget) -> Mapping[str, Any]:
    """All that an expression can speak of, the policy's own variables paid from the same budget as itself."""
    if scope.composed is None:
        return variables
    return {**variables, "variables": scope.composed.found_out(variables, budget)}


def _authorizers(scope: Scope) -> dict[str, Any]:
    def authorize(question: questions.Question) -> questions.Decision:
        if (known := scope.answers.get(question)) is None:
            raise _Unanswered(question)
        return known

    change = scope.change
    about = questions.Question(
        group=change.resource.group,
        resource=change.resource.plural,
        subresource=change.subresource,
        namespace=change.namespace,
        name=change.name,
    )
    return {
        "authorizer": questions.Authorizer(authorize),
        "authorizer.requestResource": questions.ResourceCheck(authorize, about),
    }


async def _answer(question: questions.Question, scope: Scope) -> questions.Decision:
    if question.path is not None:
        asked = Attributes(question.verb, path=question.path)
    else:
        asked = Attributes(
            question.verb,
            question.group,
            "*",
            question.resource,
            question.subresource,
            question.namespace,
            question.name,
        )
    decision = await scope.authorizer.authorize(_user(question, scope), asked)
    return questions.Decision(decision.allowed, decision.reason)


def _user(question: questions.Question, scope: Scope) -> User:
    if question.account is None:
        return scope.change.user
    namespace, name = question.account
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return User(f"system:serviceaccount:{namespace}:{name}", groups)
