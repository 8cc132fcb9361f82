"""PriorityLevelConfiguration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.carry_over import ALL_META
from sampan.core.model.rules.flowcontrol_v1.conditions import validate_own_conditions

Value = Mapping[str, Any]

TYPES: Final = ("Exempt", "Limited")
RESPONSES: Final = ("Queue", "Reject")
QUEUING: Final = {"handSize": 8, "queues": 64, "queueLengthLimit": 50}
MOST_QUEUES: Final = 10_000_000
HASH_BITS: Final = 60
"""How much of a hash there is to deal a flow its queues with."""
EXEMPT: Final = "exempt"
CATCH_ALL: Final[Value] = {
    "type": "Limited",
    "limited": {"nominalConcurrencyShares": 5, "limitResponse": {"type": "Reject"}, "lendablePercent": 0},
}
"""What the level that takes all other requests must say."""


class PriorityLevelConfigurationRules(KindRules):
    revalidates_metadata = 1
    rechecks_changes = False
    status_keeps = ALL_META

    def default(self, obj: JsonObject) -> None:
        limited = (obj.get("spec") or {}).get("limited") or {}
        queuing = (limited.get("limitResponse") or {}).get("queuing")
        if queuing is not None:
            for word, default in QUEUING.items():
                queuing[word] = queuing.get(word) or default

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return validate_own_conditions(obj) if subresource == "status" else ()


def validate_priority_level_configuration(obj: Value, path: str) -> list[Cause]:
    spec, name = obj.get("spec") or {}, (obj.get("metadata") or {}).get("name") or ""
    kind, limited, exempt = spec.get("type") or "", spec.get("limited"), spec.get("exempt")
    causes = []
    if (name == EXEMPT) != (kind == "Exempt"):
        causes.append(invalid("spec.type", kind, "must be 'Exempt' if and only if `name` is 'exempt'"))
    if kind == "Exempt":
        if limited is not None:
            causes.append(forbidden("spec.limited", "must be nil if the type is not Limited"))
        causes += _shares(exempt, "spec.exempt") if exempt is not None else []
    elif kind == "Limited":
        if exempt is not None:
            causes.append(forbidden("spec.exempt", "must be nil if the type is Limited"))
        if limited is None:
            causes.append(required("spec.limited", "must not be empty when type is Limited"))
        else:
            causes += _limited(limited, "spec.limited")
    else:
        causes.append(not_supported("spec.type", kind, TYPES))
    if name == EXEMPT and {"type": kind, "limited": limited} != {"type": "Exempt", "limited": None}:
        words = "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"
        causes.append(invalid("spec", spec, words))
    if name == "catch-all" and spec != CATCH_ALL:
        causes.append(invalid("spec", spec, f"spec of '{name}' must equal the fixed value"))
    return causes


def _shares(level: Value, path: str) -> list[Cause]:
    shares, lent = level.get("nominalConcurrencyShares"), level.get("lendablePercent")
    causes = []
    if shares is not None and shares < 0:
        causes.append(invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer"))
    return causes + _lent(lent, path)


def _lent(lent: int | None, path: str) -> list[Cause]:
    if lent is None or 0 <= lent <= 100:
        return []
    return [invalid(f"{path}.lendablePercent", lent, "must be between 0 and 100, inclusive")]


def _limited(level: Value, path: str) -> list[Cause]:
    shares, borrowed = level.get("nominalConcurrencyShares"), level.get("borrowingLimitPercent")
    causes = []
    if shares is not None and shares < 0:
        causes.append(invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer"))
    causes += _response(level.get("limitResponse") or {}, f"{path}.limitResponse")
    causes += _lent(level.get("lendablePercent"), path)
    if borrowed is not None and borrowed < 0:
        words = "if specified, must be a non-negative integer"
        causes.append(invalid(f"{path}.borrowingLimitPercent", borrowed, words))
    return causes


def _response(response: Value, path: str) -> list[Cause]:
    kind, queuing = response.get("type") or "", response.get("queuing")
    if kind == "Reject":
        words = "must be nil if limited.limitResponse.type is not Limited"
        return [] if queuing is None else [forbidden(f"{path}.queuing", words)]
    if kind != "Queue":
        return [not_supported(f"{path}.type", kind, RESPONSES)]
    if queuing is None:
        words = "must not be empty if limited.limitResponse.type is Limited"
        return [required(f"{path}.queuing", words)]
    return _queuing(queuing, f"{path}.queuing")


def _queuing(queuing: Value, path: str) -> list[Cause]:
    length, queues, hand = (queuing.get(word) or 0 for word in ("queueLengthLimit", "queues", "handSize"))
    causes = [] if length > 0 else [invalid(f"{path}.queueLengthLimit", length, "must be positive")]
    if queues <= 0:
        causes.append(invalid(f"{path}.queues", queues, "must be positive"))
    elif queues > MOST_QUEUES:
        causes.append(invalid(f"{path}.queues", queues, f"must not be greater than {MOST_QUEUES}"))
    where = f"{path}.handSize"
    if hand <= 0:
        causes.append(invalid(where, hand, "must be positive"))
    elif hand > queues:
        causes.append(invalid(where, hand, f"should not be greater than queues ({queues})"))
    elif _bits(queues, hand) > HASH_BITS:
        words = f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {HASH_BITS}"
        causes.append(invalid(where, hand, words))
    return causes


def _bits(queues: int, hand: int) -> int:
    """How many bits it takes to deal so many queues out of so many."""
    return math.ceil(math.log2(float(queues)) * hand)
