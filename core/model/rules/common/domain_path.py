"""Names with a domain in front, such as ``example.com/controller``."""

from __future__ import annotations

import re
from typing import Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, malformed, required
from sampan.core.model.formats import regex_message

HTTP_PATH: Final = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"


def validate_domain_path(value: str, path: str) -> list[Cause]:
    if not value:
        return [required(path)]
    host, slash, rest = value.partition("/")
    if not host or not slash or not rest:
        return [invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    causes = malformed(path, host, "dns1123-subdomain")
    if not re.fullmatch(HTTP_PATH, rest):
        causes.append(invalid(path, rest, regex_message("Invalid path", HTTP_PATH)))
    return causes
