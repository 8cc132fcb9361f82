"""The versions of a custom kind: their schemas, subresources, columns and selectable fields.

What all versions have alike, Kubernetes moves to the spec before it looks at it, and blames it there
(``spec.validation``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from sampan.core.classes import frozen
from sampan.core.errors import Cause
from sampan.core.model.causes import duplicate, forbidden, go_value, invalid, required, too_many
from sampan.core.model.cleared import digest_of, remember
from sampan.core.model.formats import problems_of
from sampan.core.model.rules.apiextensions_v1.field_path import find_field, split_path
from sampan.core.model.rules.apiextensions_v1.schema import validate_schema
from sampan.core.model.rules.apiextensions_v1.structural import Schema, unsupported, validate_structural

Value = Mapping[str, Any]


@frozen
class Deeper:
    """Checks of a structural schema that take more than its text."""

    defaults: Callable[[Schema, str], Iterable[Cause]] = lambda schema, path: ()
    rules: Callable[[Schema, str, Sequence[str]], Iterable[Cause]] = lambda schema, path, blamed: ()
    """Takes the places of other mistakes too: rules there are not looked at."""
    cleared: dict[bytes, None] = attrs.field(factory=dict, eq=False)
    """Schemas that are right: a definition is written several times before it is served."""


NO_DEEPER: Final = Deeper()

COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
COLUMN_FORMATS: Final = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
MAX_SELECTABLE: Final = 8
LONGEST_WARNING: Final = 256
AT_ROOT: Final = (
    "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum", "MaxLength",
    "MinLength", "Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required", "Items", "Properties",
    "ExternalDocs", "Example", "XPreserveUnknownFields", "XValidations",
)  # fmt: skip
"""What a schema may say at its root where the status is written apart, in the names that the message gives."""
ROOT_WORDS: Final = frozenset(word[:1].lower() + word[1:] for word in AT_ROOT) | {
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
}  # fmt: skip
NOT_SELECTABLE: Final = (
    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
)
VERSION_FIELDS: Final = {
    "name": "",
    "served": False,
    "storage": False,
    "deprecated": False,
    "deprecationWarning": None,
    "schema": None,
    "subresources": None,
    "additionalPrinterColumns": None,
    "selectableFields": None,
}
HOISTED: Final[Mapping[str, str]] = {
    "schema": "validation",
    "subresources": "subresources",
    "additionalPrinterColumns": "additionalPrinterColumns",
    "selectableFields": "selectableFields",
}


def common(versions: Sequence[Value], word: str) -> Any:
    """What all versions have alike; ``None`` where one differs or has none."""
    first = versions[0].get(word) if versions else None
    return first if first and all(version.get(word) == first for version in versions) else None


def validate_versions(versions: Sequence[Value], deeper: Deeper) -> Iterable[Cause]:
    """Each by itself, and how they go together."""
    shared = {word: common(versions, word) for word in HOISTED}
    common_words = [word for word, value in shared.items() if value is not None]
    for index, version in enumerate(versions):
        if problems := problems_of("dns1035-label", version.get("name") or ""):
            yield invalid(f"spec.versions[{index}].name", version.get("name") or "", ",".join(problems))
        own = {word: version.get(word) for word in HOISTED if shared[word] is None}
        subresources = version.get("subresources") or {}
        where = f"spec.versions[{index}]"
        yield from _deprecation(version, f"{where}.deprecationWarning")
        yield from _parts(
            own, version.get("schema"), subresources, {word: f"{where}.{word}" for word in HOISTED}, deeper
        )
    names = [version.get("name") for version in versions]
    shown = [go_value({**version, **dict.fromkeys(common_words)}, VERSION_FIELDS) for version in versions]
    if len(set(names)) < len(names):
        yield invalid("spec.versions", shown, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        words = "must have exactly one version marked as storage version"
        yield invalid("spec.versions", shown, words)
    first = (versions[0].get("name") or "") if versions else ""
    if problems := problems_of("dns1035-label", first) if first else []:
        yield invalid("spec.version", first, ",".join(problems))  # a field of older versions, made of the first one


def validate_shared(versions: Sequence[Value], deeper: Deeper) -> Iterable[Cause]:
    """What all versions have alike."""
    shared = {word: found for word in HOISTED if (found := common(versions, word)) is not None}
    paths = {word: f"spec.{name}" for word, name in HOISTED.items()}
    any_status: Value = next((each["subresources"] for each in versions if _has_status(each.get("subresources"))), {})
    yield from _parts(shared, shared.get("schema"), any_status, paths, deeper)


def _parts(
    parts: Value, schema: Value | None, subresources: Value, paths: Mapping[str, str], deeper: Deeper
) -> Iterable[Cause]:
    whole = (schema or {}).get("openAPIV3Schema")
    if "schema" in parts and whole is not None:
        yield from _schema(whole, f"{paths['schema']}.openAPIV3Schema", _has_status(subresources), deeper)
    yield from _subresources(parts.get("subresources") or {}, paths["subresources"])
    for index, column in enumerate(parts.get("additionalPrinterColumns") or ()):
        yield from _column(column, f"{paths['additionalPrinterColumns']}[{index}]")
    if fields := parts.get("selectableFields"):
        yield from _selectable(fields, whole or {}, paths["selectableFields"])


def _has_status(subresources: Value | None) -> bool:
    return (subresources or {}).get("status") is not None


def _schema(schema: Schema, path: str, has_status: bool, deeper: Deeper) -> Iterable[Cause]:
    digest = digest_of(schema, has_status)
    if digest in deeper.cleared:
        return
    found = list(_wrong_with(schema, path, has_status, deeper))
    if not found:
        remember(deeper.cleared, digest, None)
    yield from found


def _wrong_with(schema: Schema, path: str, has_status: bool, deeper: Deeper) -> Iterable[Cause]:
    if has_status:
        if schema.get("type") not in (None, "", "object"):
            words = (
                'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
            )
            yield invalid(f"{path}.type", schema["type"], words)
        elif any(value for word, value in schema.items() if word not in ROOT_WORDS):
            allowed = f"[{' '.join(AT_ROOT)}]"
            words = f"only {allowed} fields are allowed at the root of the schema if the status subresource is enabled"
            yield invalid(path, dict(schema), words)
    if schema.get("nullable"):
        yield forbidden(f"{path}.nullable", "nullable cannot be true at the root")
    unknown = unsupported(schema)
    wrong = [] if unknown else validate_structural(schema, path) or list(deeper.defaults(schema, path))
    further = list(validate_schema(schema, path))
    yield from wrong
    yield from further
    if unknown and not further:
        yield invalid(path, "", f"OpenAPIV3Schema '{unknown}' is not supported")
    if not unknown and not wrong:
        yield from deeper.rules(schema, path, [cause.field for cause in further])


def _deprecation(version: Value, path: str) -> Iterable[Cause]:
    text = version.get("deprecationWarning")
    if text is None:
        return
    if not version.get("deprecated"):
        yield invalid(path, text, "can only be set for deprecated versions")
        return
    if len(text.encode()) > LONGEST_WARNING:
        yield invalid(path, text, f"must be <= {LONGEST_WARNING} characters long")
    if not text:
        yield invalid(path, text, "must not be an empty string")
    place = next((index for index, letter in enumerate(text) if not letter.isprintable()), None)
    if place is not None:
        words = f"must only contain printable UTF-8 characters; non-printable character found at index {place}"
        yield invalid(path, text, words)


def _subresources(subresources: Value, path: str) -> Iterable[Cause]:
    scale = subresources.get("scale")
    if scale is None:
        return
    for word, parent in (("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")):
        where, text = f"{path}.scale.{word}", scale.get(word) or ""
        yield from _path_below(text, (parent,), where) if text else [required(where)]
    if text := scale.get("labelSelectorPath"):
        yield from _path_below(text, (".spec", ".status"), f"{path}.scale.labelSelectorPath")


def _path_below(text: str, parents: tuple[str, ...], path: str) -> Iterable[Cause]:
    if text[0] != ".":
        yield invalid(path, text, "must be a simple json path starting with .")
    elif not text.startswith(tuple(f"{parent}." for parent in parents)):
        either = "either " if len(parents) > 1 else ""
        yield invalid(path, text, f"should be a json path under {either}{' or '.join(parents)}")


def _column(column: Value, path: str) -> Iterable[Cause]:
    if not column.get("name"):
        yield required(f"{path}.name")
    kind, types = column.get("type") or "", f"must be one of {','.join(COLUMN_TYPES)}"
    if not kind:
        yield required(f"{path}.type", types)
    elif kind not in COLUMN_TYPES:
        yield invalid(f"{path}.type", kind, types)
    if (form := column.get("format")) and form not in COLUMN_FORMATS:
        yield invalid(f"{path}.format", form, f"must be one of {','.join(COLUMN_FORMATS)}")
    where, text = f"{path}.JSONPath", column.get("jsonPath") or ""
    if not text:
        yield required(where)
    elif text[0] != ".":
        yield invalid(where, text, "must be a simple json path starting with .")


def _selectable(fields: Sequence[Value], schema: Schema, path: str) -> Iterable[Cause]:
    if not schema:
        yield invalid(path, "", "selectableFields may only be set when validations.schema is included")
        return
    seen: set[tuple[str, ...]] = set()
    for index, field in enumerate(fields):
        where, text = f"{path}[{index}].jsonPath", field.get("jsonPath") or ""
        if not text:
            yield required(where)
            continue
        names, found = split_path(text), find_field(schema, text)
        if names is None or found is None:
            yield invalid(where, text, f"is an invalid path: does not refer to a valid field in the schema: {text}")
            continue
        if names[0] == "metadata":
            yield invalid(where, text, "must not point to fields in metadata")
        if found.get("type") not in ("string", "boolean", "integer"):
            yield invalid(where, text, NOT_SELECTABLE)
        if tuple(names) in seen:
            yield duplicate(where, text)
        seen.add(tuple(names))
    if len(seen) > MAX_SELECTABLE:
        yield too_many(path, len(seen), MAX_SELECTABLE)
