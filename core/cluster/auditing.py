"""The audit log of a control plane: its policy read, its file opened, plugins told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.api.audit.auditor import Auditor
from sampan.core.api.audit.log_file import LogFile
from sampan.core.api.audit.policy import read_policy
from sampan.core.config import ClusterContext
from sampan.core.plugins import Plugins

HOOK = "sampan_audit"


def make_auditor(context: ClusterContext, plugins: Plugins) -> Auditor:
    """Raises `ConfigError` for a policy that is wrong, or a file that cannot be written."""
    settings = context.config.audit
    if settings.policy is None:
        return Auditor(context.clock)
    policy = read_policy(settings.policy)
    file = LogFile(settings, context.clock) if settings.path else None
    if file is not None:
        file.check()

    def tell(event: Mapping[str, Any]) -> None:
        plugins.tell(HOOK, event=event)

    return Auditor(context.clock, policy, file, tell if plugins.has(HOOK) else None, context.metrics)
