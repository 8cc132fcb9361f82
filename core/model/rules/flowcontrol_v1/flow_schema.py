"""FlowSchema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import forbidden, invalid, malformed, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.carry_over import ALL_META
from sampan.core.model.rules.flowcontrol_v1.conditions import validate_own_conditions

Value = Mapping[str, Any]

FIRST: Final = 1000
"""The precedence of a schema that names none."""
LAST: Final = 10000
METHODS: Final = ("ByNamespace", "ByUser")
SUBJECTS: Final = {"Group": "group", "ServiceAccount": "serviceAccount", "User": "user"}
VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
NAMESPACE_RULE: Final = "each member of this list must be '*' or a DNS-1123 label; "


class FlowSchemaRules(KindRules):
    revalidates_metadata = 1
    rechecks_changes = False
    status_keeps = ALL_META

    def default(self, obj: JsonObject) -> None:
        spec = obj.setdefault("spec", {})
        if not spec.get("matchingPrecedence"):
            spec["matchingPrecedence"] = FIRST

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return validate_own_conditions(obj) if subresource == "status" else ()


def validate_flow_schema(obj: Value, path: str) -> list[Cause]:
    spec, name = obj.get("spec") or {}, (obj.get("metadata") or {}).get("name") or ""
    place, where = spec.get("matchingPrecedence") or 0, "spec.matchingPrecedence"
    causes = []
    if place <= 0:
        causes.append(invalid(where, place, "must be a positive value"))
    if place > LAST:
        causes.append(invalid(where, place, f"must not be greater than {LAST}"))
    if place == 1 and name != "exempt":
        causes.append(invalid(where, place, "only the schema named 'exempt' may have matchingPrecedence 1"))
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in METHODS:
        shown = {"Type": method.get("type") or ""}
        causes.append(not_supported("spec.distinguisherMethod.type", shown, METHODS))
    level, where = (spec.get("priorityLevelConfiguration") or {}).get("name"), "spec.priorityLevelConfiguration.name"
    if level:
        causes += malformed(where, level, "dns1123-subdomain")
    else:
        causes.append(required(where, "must reference a priority level"))
    for index, rule in enumerate(spec.get("rules") or ()):
        causes += _rule(rule, f"spec.rules[{index}]")
    return causes


def _rule(rule: Value, path: str) -> list[Cause]:
    subjects = rule.get("subjects") or ()
    causes = [] if subjects else [required(f"{path}.subjects", "subjects must contain at least one value")]
    for index, subject in enumerate(subjects):
        causes += _subject(subject, f"{path}.subjects[{index}]")
    resources, others = rule.get("resourceRules") or (), rule.get("nonResourceRules") or ()
    if not resources and not others:
        words = "at least one of resourceRules and nonResourceRules has to be non-empty"
        causes.append(required(path, words))
    for index, each in enumerate(resources):
        causes += _resource_rule(each, f"{path}.resourceRules[{index}]")
    for index, each in enumerate(others):
        causes += _path_rule(each, f"{path}.nonResourceRules[{index}]")
    return causes


def _subject(subject: Value, path: str) -> list[Cause]:
    """Exactly the field that the kind names."""
    kind = subject.get("kind") or ""
    if kind not in SUBJECTS:
        return [not_supported(f"{path}.kind", kind, SUBJECTS)]
    word = SUBJECTS[kind]
    value = subject.get(word)
    if value is None:
        causes = [required(f"{path}.{word}", f"{word} is required when subject kind is '{kind}'")]
    else:
        causes = _account(value, f"{path}.{word}") if kind == "ServiceAccount" else _named(value, f"{path}.{word}")
    for other_kind in ("ServiceAccount", "User", "Group"):
        other = SUBJECTS[other_kind]
        if other != word and subject.get(other) is not None:
            words = f"{other} is forbidden when subject kind is not '{other_kind}'"
            causes.append(forbidden(f"{path}.{other}", words))
    return causes


def _named(value: Value, path: str) -> list[Cause]:
    return [] if value.get("name") else [required(f"{path}.name")]


def _account(value: Value, path: str) -> list[Cause]:
    name, namespace = value.get("name") or "", value.get("namespace") or ""
    causes = _named(value, path)
    if name and name != "*":
        causes += malformed(f"{path}.name", name, "dns1123-subdomain")
    if namespace:
        return causes + malformed(f"{path}.namespace", namespace, "dns1123-label")
    return [*causes, required(f"{path}.namespace", "must specify namespace for service account")]


def _alone(values: Sequence[str], path: str, words: str) -> list[Cause]:
    """A star stands for everything, so nothing stands beside it."""
    if "*" not in values or len(values) == 1:
        return []
    return [invalid(path, values, f"if '*' is present, must not specify other {words}")]


def _verbs(verbs: Sequence[str], path: str) -> list[Cause]:
    if not verbs:
        return [required(path, "verbs must contain at least one value")]
    if "*" in verbs:
        return _alone(verbs, path, "verbs")
    return [] if set(verbs) <= set(VERBS) else [not_supported(path, verbs, VERBS)]


def _resource_rule(rule: Value, path: str) -> list[Cause]:
    causes = _verbs(rule.get("verbs") or (), f"{path}.verbs")
    for word, one, many in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        values = rule.get(word) or ()
        if not values:
            causes.append(required(f"{path}.{word}", f"resource rules must supply at least one {one}"))
        causes += _alone(values, f"{path}.{word}", many)
    namespaces, where = rule.get("namespaces") or (), f"{path}.namespaces"
    if not namespaces and not rule.get("clusterScope"):
        words = "resource rules that are not cluster scoped must supply at least one namespace"
        return [*causes, required(where, words)]
    if "*" in namespaces:
        return causes + _alone(namespaces, where, "namespaces")
    return causes + [
        invalid(f"{where}[{index}]", name, NAMESPACE_RULE + problem)
        for index, name in enumerate(namespaces)
        for problem in formats.dns1123_label(name)
    ]


def _path_rule(rule: Value, path: str) -> list[Cause]:
    causes = _verbs(rule.get("verbs") or (), f"{path}.verbs")
    urls, where = rule.get("nonResourceURLs") or (), f"{path}.nonResourceURLs"
    if not urls:
        return [*causes, required(where, "nonResourceURLs must contain at least one value")]
    if "*" in urls:
        return causes + _alone(urls, where, "non-resource URLs")
    problems = ((index, url, _url_problem(url)) for index, url in enumerate(urls))
    return causes + [invalid(f"{where}[{index}]", url, problem) for index, url, problem in problems if problem]


def _url_problem(url: str) -> str:
    if not url:
        return "must not be empty"
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    wrong = url.count("*") > 1 or (url.count("*") == 1 and not url.endswith("/*"))
    return "wildcard can only do suffix matching" if wrong else ""
