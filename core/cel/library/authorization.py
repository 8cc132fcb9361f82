"""``authorizer``: whether the user of a request may do something else as well.

What is asked is put together as text, and answered by whoever evaluates: see `asking`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sampan.core.cel.library.function import AUTHORIZER, CHECK, DECISION, Function, tagged, untagged

Question = dict[str, str]
"""``path``, or ``group``, ``resource``, ``subresource``, ``namespace``, ``name``; ``verb``, and ``serviceAccount``."""
Answer = Callable[[Question], tuple[bool, str]]
"""Whether it is allowed, and the reason."""

_answer: ContextVar[Answer] = ContextVar("who answers the authorizer's questions")


@contextmanager
def asking(answer: Answer) -> Iterator[None]:
    """While it lasts, questions of expressions are answered by ``answer``."""
    token = _answer.set(answer)
    try:
        yield
    finally:
        _answer.reset(token)


def authorizer() -> dict[str, str]:
    """The value of the variable ``authorizer``."""
    return tagged(AUTHORIZER, "{}")


def request_resource(question: Question) -> dict[str, str]:
    """The value of ``authorizer.requestResource``."""
    return tagged(CHECK, json.dumps(question))


def _with(kind: str, part: str, result: str) -> Callable[[object, str], dict[str, str]]:
    def put(value: object, text: str) -> dict[str, str]:
        return tagged(result, json.dumps({**json.loads(untagged(kind, value)), part: text}))

    return put


def _service_account(value: object, namespace: str, name: str) -> dict[str, str]:
    account = f"system:serviceaccount:{namespace}:{name}"
    return tagged(AUTHORIZER, json.dumps({**json.loads(untagged(AUTHORIZER, value)), "serviceAccount": account}))


def _check(value: object, verb: str) -> dict[str, str]:
    question = {**json.loads(untagged(CHECK, value)), "verb": verb}
    allowed, reason = _answer.get()(question)
    return tagged(DECISION, json.dumps({"allowed": allowed, "reason": reason}))


def _decision(value: object) -> Any:
    return json.loads(untagged(DECISION, value))


FUNCTIONS = (
    Function("path", [AUTHORIZER, "string"], CHECK, _with(AUTHORIZER, "path", CHECK)),
    Function("group", [AUTHORIZER, "string"], CHECK, _with(AUTHORIZER, "group", CHECK)),
    Function("serviceAccount", [AUTHORIZER, "string", "string"], AUTHORIZER, _service_account),
    *(
        Function(part, [CHECK, "string"], CHECK, _with(CHECK, part, CHECK))
        for part in ("resource", "subresource", "namespace", "name", "fieldSelector", "labelSelector")
    ),
    Function("check", [CHECK, "string"], DECISION, _check),
    Function("allowed", [DECISION], "bool", lambda value: _decision(value)["allowed"]),
    Function("reason", [DECISION], "string", lambda value: _decision(value)["reason"]),
    Function("errored", [DECISION], "bool", lambda value: False),
    Function("error", [DECISION], "string", lambda value: ""),
)
