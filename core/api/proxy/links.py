"""Links in proxied pages, so that they lead to the same server by way of the API server. Pure.

Absolute paths and addresses of that very server are changed, in redirects and in the attributes of HTML that hold links.
"""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import urlsplit, urlunsplit

from sampan.core.classes import frozen

_LINKS = re.compile(
    r"(?P<head><[a-zA-Z][^<>]*?\s(?:href|src|action|background|cite|codebase|data|formaction|icon|longdesc|manifest"
    r"|poster|profile|usemap)\s*=\s*)(?P<quote>[\"'])(?P<link>[^\"'<>]*)(?P=quote)",
    re.IGNORECASE,
)


@frozen(kw_only=True)
class Links:
    """``prefix`` is the path that leads to the server's root: ``/api/v1/namespaces/…/proxy``."""

    scheme: str
    authority: str
    """As the client was told: where the API server is."""
    prefix: str
    server: str
    """Host and port of the proxied server."""

    def link(self, text: str) -> str:
        try:
            parts = urlsplit(text)
        except ValueError:  # no link that anybody could follow
            return text
        if (parts.netloc and parts.netloc != self.server) or not parts.path.startswith("/"):
            return text
        if parts.path.startswith(f"{self.prefix}/"):
            return text
        whole = (self.scheme, self.authority) if parts.netloc else ("", "")
        return urlunsplit((*whole, f"{self.prefix}{parts.path}", parts.query, parts.fragment))

    def page(self, text: str) -> str:
        def replace(match: re.Match[str]) -> str:
            link = self.link(unescape(match["link"]))
            return f"{match['head']}{match['quote']}{escape(link)}{match['quote']}"

        previous, changed = "", text
        while previous != changed:  # a tag may have several such attributes
            previous, changed = changed, _LINKS.sub(replace, changed)
        return changed
