"""``format``: named formats of texts, and what keeps a text from having one.

Both ``format.named`` and ``validate`` give an optional value, which no function of ours can: they give a list of what is
there, see `sampan.core.cel.optional_results`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from sampan.core.cel.library.function import FORMAT, Function, tagged, untagged
from sampan.core.model.formats import dns1035_label, dns1123_label, dns1123_subdomain, label_value, qualified_name
from sampan.core.schema.openapi_formats import OPENAPI_FORMATS

Problems = Callable[[str], list[str]]


def _prefix(check: Problems) -> Problems:
    """Of a beginning: a dash at its end is followed by something."""
    return lambda text: check(f"{text[:-2]}a" if len(text) > 1 and text.endswith("-") else text)


def _openapi(name: str, words: str) -> Problems:
    def check(text: str) -> list[str]:
        return [] if OPENAPI_FORMATS[name](text) else [words.format(text=text)]

    return check


FORMATS: Final[Mapping[str, Problems]] = {
    "dns1123Label": dns1123_label,
    "dns1123Subdomain": dns1123_subdomain,
    "dns1035Label": dns1035_label,
    "qualifiedName": qualified_name,
    "dns1123LabelPrefix": _prefix(dns1123_label),
    "dns1123SubdomainPrefix": _prefix(dns1123_subdomain),
    "dns1035LabelPrefix": _prefix(dns1035_label),
    "labelValue": label_value,
    "uri": _openapi("uri", 'parse "{text}": invalid URI for request'),
    "uuid": _openapi("uuid", "does not match the UUID format"),
    "byte": _openapi("byte", "invalid base64"),
    "date": _openapi("date", "invalid date"),
    "datetime": _openapi("datetime", "invalid datetime"),
}


def validate(value: object, text: str) -> list[list[str]]:
    """Nothing for a text of the format, else one list of what is wrong with it."""
    problems = FORMATS[untagged(FORMAT, value)](text)
    return [problems] if problems else []


def named(name: str) -> list[dict[str, str]]:
    return [tagged(FORMAT, name)] if name in FORMATS else []


FUNCTIONS = (
    Function("validate", [FORMAT, "string"], "list(list(string))", validate),
    Function("format.named", ["string"], f"list({FORMAT})", named, is_method=False),
    *(Function(f"format.{name}", [], FORMAT, partial(tagged, FORMAT, name), is_method=False) for name in FORMATS),
)
