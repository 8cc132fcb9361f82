"""URLs and their parts."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qs, urlsplit

from sampan.core.cel.library.function import URL, Function, tagged, untagged


def parse(text: str) -> SplitResult | None:
    """An absolute URI or an absolute path, as Go's ``ParseRequestURI`` takes it."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return None
    is_usable = bool(parts.scheme) or text.startswith("/")
    has_spaces = any(char.isspace() or ord(char) < 32 for char in text)
    return parts if is_usable and not has_spaces else None


def make(text: str) -> dict[str, str]:
    if parse(text) is None:
        raise ValueError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    return tagged(URL, text)


def _parts(value: object) -> SplitResult:
    parts = parse(untagged(URL, value))
    assert parts is not None
    return parts


def host(value: object) -> str:
    return _parts(value).netloc.rpartition("@")[2]


def hostname(value: object) -> str:
    return (_parts(value).hostname or "") if host(value) else ""


def port(value: object) -> str:
    number = _parts(value).port
    return "" if number is None else str(number)


def query(value: object) -> dict[str, list[str]]:
    return parse_qs(_parts(value).query, keep_blank_values=True)


FUNCTIONS = (
    Function("url", ["string"], URL, make, is_method=False),
    Function("isURL", ["string"], "bool", lambda text: parse(text) is not None, is_method=False),
    Function("getScheme", [URL], "string", lambda value: _parts(value).scheme),
    Function("getHost", [URL], "string", host),
    Function("getHostname", [URL], "string", hostname),
    Function("getPort", [URL], "string", port),
    Function("getEscapedPath", [URL], "string", lambda value: _parts(value).path),
    Function("getQuery", [URL], "map(string, list(string))", query),
)
