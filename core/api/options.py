"""Query parameters (and ``DeleteOptions`` bodies) to typed options, refused as Kubernetes refuses them.

Called by the HTTP layer only: the in-process client builds the same options itself. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast
from urllib.parse import parse_qsl

from sampan.core.classes import frozen
from sampan.core.errors import BadRequest, Cause, Invalid
from sampan.core.model.causes import forbidden, invalid, not_supported, required
from sampan.core.model.kinds import Propagation
from sampan.core.schema.decode import FieldValidation
from sampan.core.schema.refusal import aggregate

META_GROUP: Final = "meta.k8s.io"
Query = Mapping[str, str]
MANAGER_LIMIT: Final = 128
_NUMBER: Final = re.compile(r"[-+]?[0-9]+")
_INT64_DIGITS: Final = 20


@frozen(kw_only=True)
class ListOptions:
    """https://kubernetes.io/docs/reference/using-api/api-concepts/ has the rules for versions and pages."""

    label_selector: str = ""
    field_selector: str = ""
    resource_version: str = ""
    version_match: str = ""
    limit: int = 0
    continue_token: str = ""
    watch: bool = False
    timeout: int | None = None
    """Seconds after which a watch ends."""
    bookmarks: bool = False
    send_initial: bool | None = None


@frozen(kw_only=True)
class WriteOptions:
    dry_run: bool = False
    manager: str = ""
    force: bool = False
    """An apply takes fields over that others own."""
    field_validation: FieldValidation = "Warn"

    @property
    def told(self) -> dict[str, Any]:
        """What admission is told of them."""
        return {"fieldManager": self.manager} if self.manager else {}


@frozen(kw_only=True)
class DeleteOptions:
    dry_run: bool = False
    grace_period: int | None = None
    propagation: Propagation | None = None
    uid: str | None = None
    resource_version: str | None = None
    keeps_none: bool = False
    """The outdated ``orphanDependents: false``: who says so is told whether the object only began to go."""

    @property
    def told(self) -> dict[str, Any]:
        """What admission is told of them."""
        needs = {"uid": self.uid, "resourceVersion": self.resource_version}
        given = {
            "gracePeriodSeconds": self.grace_period,
            "preconditions": {name: value for name, value in needs.items() if value is not None} or None,
            "propagationPolicy": self.propagation,
        }
        return {name: value for name, value in given.items() if value is not None}


EVERYTHING: Final = ListOptions()


def parse_query(raw: bytes) -> Query:
    """The first value of each parameter."""
    if not raw:
        return {}
    query: dict[str, str] = {}
    for key, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
        query.setdefault(key, value)
    return query


def flag(query: Query, name: str) -> bool:
    """As Kubernetes reads booleans: present means yes, unless it says ``false`` or ``0``."""
    return name in query and query[name].lower() not in ("false", "0")


def number(query: Query, name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    value = int(text) if len(text) <= _INT64_DIGITS else None
    if value is None or not -(2**63) <= value < 2**63:
        raise BadRequest(f'strconv.ParseInt: parsing "{text[:64]}": value out of range')
    return value


def list_options(query: Query) -> ListOptions:
    """Raises `BadRequest` and `Invalid` as kube-apiserver does."""
    if not query:
        return EVERYTHING
    options = ListOptions(
        label_selector=query.get("labelSelector", ""),
        field_selector=query.get("fieldSelector", ""),
        resource_version=query.get("resourceVersion", ""),
        version_match=query.get("resourceVersionMatch", ""),
        limit=max(number(query, "limit") or 0, 0),
        continue_token=query.get("continue", ""),
        watch=flag(query, "watch"),
        timeout=number(query, "timeoutSeconds"),
        bookmarks=flag(query, "allowWatchBookmarks"),
        send_initial=flag(query, "sendInitialEvents") if "sendInitialEvents" in query else None,
    )
    check_list_options(options)
    return options


def check_list_options(options: ListOptions) -> None:
    causes = _watch_causes(options) if options.watch else _list_causes(options)
    if causes:
        raise invalid_options("ListOptions", causes)


def _list_causes(options: ListOptions) -> list[Cause]:
    causes: list[Cause] = []
    match, field = options.version_match, "resourceVersionMatch"
    if match:
        if not options.resource_version:
            causes.append(forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        if options.continue_token:
            causes.append(forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
        if match not in ("Exact", "NotOlderThan"):
            causes.append(not_supported(field, match, ("Exact", "NotOlderThan", "")))
        if match == "Exact" and options.resource_version == "0":
            causes.append(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    if options.send_initial is not None:
        causes.append(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return causes


def _watch_causes(options: ListOptions) -> list[Cause]:
    causes: list[Cause] = []
    match, field = options.version_match, "resourceVersionMatch"
    if options.send_initial is not None and match != "NotOlderThan":
        causes.append(forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
    if match:
        if options.send_initial is None:
            causes.append(
                forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
            )
        if match != "NotOlderThan":
            causes.append(not_supported(field, match, ("NotOlderThan",)))
    # A watch that begins with everything is taken for one that asks for it.
    begins_with_all = options.send_initial is None and options.resource_version in ("", "0")
    if options.continue_token and (match or begins_with_all):
        causes.append(forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
    return causes


def write_options(
    query: Query, kind: Literal["CreateOptions", "UpdateOptions", "PatchOptions"], *, applies: bool = False
) -> WriteOptions:
    """The options of a create, update or patch (``applies``: of a server-side apply). Raises `Invalid`."""
    causes = _apply_causes(query, applies) if kind == "PatchOptions" else []
    causes += [*_manager_causes(query.get("fieldManager", "")), *_dry_run_causes(query)]
    validation = query.get("fieldValidation", "")
    if validation not in ("", "Ignore", "Warn", "Strict"):
        causes.append(not_supported("fieldValidation", validation, ("", "Ignore", "Strict", "Warn")))
    if causes:
        raise invalid_options(kind, causes)
    return WriteOptions(
        dry_run="dryRun" in query,
        manager=query.get("fieldManager", ""),
        force=flag(query, "force"),
        field_validation=cast(FieldValidation, validation or "Warn"),
    )


def _apply_causes(query: Query, applies: bool) -> list[Cause]:
    """An apply must say who applies, and nothing else may be forced."""
    if not applies:
        return [forbidden("force", "may not be specified for non-apply patch")] if "force" in query else []
    return [] if query.get("fieldManager") else [required("fieldManager", "is required for apply patch")]


def _manager_causes(manager: str) -> list[Cause]:
    causes: list[Cause] = []
    if len(manager.encode()) > MANAGER_LIMIT:
        message = f"Too long: may not be more than {MANAGER_LIMIT} bytes"
        causes.append(Cause("FieldValueTooLong", message, "fieldManager"))
    for place, char in enumerate(manager):
        if not char.isprintable():
            causes.append(
                invalid("fieldManager", manager, f"invalid character U+{ord(char):04X} (at position {place})")
            )
            break
    return causes


def _dry_run_causes(query: Query) -> list[Cause]:
    value = query.get("dryRun", "All")
    return [] if value == "All" else [not_supported("dryRun", [value], ("All",))]


def delete_options(query: Query, body: Mapping[str, Any] | None) -> DeleteOptions:
    """From the body where there is one, else from the query. Raises `BadRequest` and `Invalid`."""
    values = dict(body) if body is not None else _from_query(query)
    dry_run, policy, orphan = values.get("dryRun"), values.get("propagationPolicy"), values.get("orphanDependents")
    causes: list[Cause] = []
    if policy is not None and orphan is not None:
        causes.append(
            invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set")
        )
    if policy not in (None, "Orphan", "Background", "Foreground"):
        causes.append(not_supported("propagationPolicy", policy, ("Foreground", "Background", "Orphan", "nil")))
    if any(each != "All" for each in dry_run or ()):
        causes.append(not_supported("dryRun", dry_run, ("All",)))
    if causes:
        raise invalid_options("DeleteOptions", causes)
    if policy is None and orphan is not None:
        policy = "Orphan" if orphan else "Background"
    preconditions = values.get("preconditions") or {}
    return DeleteOptions(
        dry_run=bool(dry_run),
        grace_period=values.get("gracePeriodSeconds"),
        propagation=cast("Propagation | None", policy),
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        keeps_none=orphan is False,
    )


def _from_query(query: Query) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "dryRun" in query:
        values["dryRun"] = [query["dryRun"]]
    if preconditions := {name: query[name] for name in ("uid", "resourceVersion") if name in query}:
        values["preconditions"] = preconditions
    if (grace := number(query, "gracePeriodSeconds")) is not None:
        values["gracePeriodSeconds"] = grace
    if "propagationPolicy" in query:
        values["propagationPolicy"] = query["propagationPolicy"]
    if "orphanDependents" in query:
        values["orphanDependents"] = flag(query, "orphanDependents")
    return values


def invalid_options(kind: str, causes: Sequence[Cause]) -> Invalid:
    message = f'{kind}.{META_GROUP} "" is invalid: {aggregate(causes)}'
    return Invalid(message, kind=kind, group=META_GROUP, causes=causes)
