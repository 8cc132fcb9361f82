"""Options of `sampan up` about the API server: its audit log and its admission, under kube-apiserver's names."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from sampan.core.config import AdmissionChoice, AuditLog
from sampan.core.errors import ConfigError

R = TypeVar("R")

DEFAULT = AuditLog()


def audit_options(command: Callable[..., R]) -> Callable[..., R]:
    """The command gets them together, as ``audit``."""

    @click.option(
        "--audit-policy-file", type=click.Path(path_type=Path), help="What to keep of requests (default: nothing)."
    )
    @click.option("--audit-log-path", default="", metavar="FILE", help="Where to keep it; - is the standard output.")
    @click.option("--audit-log-maxage", type=click.IntRange(0), default=DEFAULT.max_age, help="Days old files stay.")
    @click.option("--audit-log-maxbackup", type=click.IntRange(0), default=DEFAULT.max_backups, help="How many stay.")
    @click.option("--audit-log-maxsize", type=click.IntRange(0), default=DEFAULT.max_size, help="Megabytes of a file.")
    @functools.wraps(command)
    def with_audit(
        *args: Any,
        audit_policy_file: Path | None,
        audit_log_path: str,
        audit_log_maxage: int,
        audit_log_maxbackup: int,
        audit_log_maxsize: int,
        **kwargs: Any,
    ) -> R:
        if audit_log_path and audit_policy_file is None:
            raise ConfigError("--audit-log-path keeps nothing by itself: say what to keep with --audit-policy-file")
        path = audit_log_path
        audit = AuditLog(
            policy=audit_policy_file.absolute() if audit_policy_file else None,
            path=path if path in ("", "-") else str(Path(path).absolute()),
            max_age=audit_log_maxage,
            max_backups=audit_log_maxbackup,
            max_size=audit_log_maxsize,
        )
        return command(*args, audit=audit, **kwargs)

    return with_audit


def admission_options(command: Callable[..., R]) -> Callable[..., R]:
    """The command gets them together, as ``admission``."""

    @click.option("--enable-admission-plugins", default="", metavar="NAMES", help="Admission besides the usual.")
    @click.option("--disable-admission-plugins", default="", metavar="NAMES", help="Admission to leave out.")
    @click.option("--admission-control-config-file", type=click.Path(path_type=Path), help="What to tell its plugins.")
    @functools.wraps(command)
    def with_admission(
        *args: Any,
        enable_admission_plugins: str,
        disable_admission_plugins: str,
        admission_control_config_file: Path | None,
        **kwargs: Any,
    ) -> R:
        file = admission_control_config_file
        admission = AdmissionChoice(
            enabled=_names(enable_admission_plugins),
            disabled=_names(disable_admission_plugins),
            settings=file.absolute() if file else None,
        )
        return command(*args, admission=admission, **kwargs)

    return with_admission


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for each in text.split(",") if (name := each.strip()))
