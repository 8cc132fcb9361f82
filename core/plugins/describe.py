"""What a process's plugins are and do, as plain data: what the API server answers under ``/sampan/plugins``, and what
`sampan plugins` shows where no cluster runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sampan.core.model.kinds import info
from sampan.core.parts import Part
from sampan.core.plugins.account import Tally
from sampan.core.plugins.load import Loaded, Plugins

PATH = "/sampan/plugins"


def describe_plugins(plugins: Plugins, chosen: Mapping[str, str]) -> dict[str, Any]:
    """``chosen``: which part is used of the sorts of which only one is (``runtime`` → ``docker``)."""
    return {
        "plugins": [_plugin(plugins, loaded) for loaded in plugins.loaded],
        "parts": list(_parts(plugins, chosen)),
        "kinds": [
            {"kind": info(cls).kind, "apiVersion": info(cls).api_version, "plugin": plugin}
            for cls, plugin in plugins.registry.kinds.items()
        ],
    }


def _plugin(plugins: Plugins, loaded: Loaded) -> dict[str, Any]:
    tallies = {hook: tally for (name, hook), tally in plugins.account.tallies().items() if name == loaded.name}
    return {
        "name": loaded.name,
        "source": loaded.source,
        "blocked": loaded.blocked,
        "problem": loaded.problem,
        "hooks": [_hook(hook, tallies.get(hook, Tally())) for hook in dict.fromkeys((*loaded.hooks, *tallies))],
        "hangs": loaded.name in plugins.hanging(),
    }


def _hook(name: str, tally: Tally) -> dict[str, Any]:
    """``seconds`` in all, and of the ``longest`` call."""
    return {
        "name": name,
        "calls": tally.calls,
        "failures": tally.failures,
        "seconds": round(tally.seconds, 6),
        "longest": round(tally.longest, 6),
        "slow": tally.slow,
        "lastProblem": tally.problem,
    }


def _parts(plugins: Plugins, chosen: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for parts in plugins.registry.all_parts():
        for part in parts:
            state = _state(part, chosen.get(parts.sort))
            yield {"sort": parts.sort, "name": part.name, "plugin": part.plugin, "about": part.doc, "state": state}


def _state(part: Part[Any], chosen: str | None) -> str:
    if chosen is None:
        return "in use"
    if part.name == chosen:
        return "chosen"
    reason = part.unavailable()
    return f"cannot work here: {reason}" if reason else "available"
