"""Whether a runtime that seems to be there can start pods: ``auto`` takes none that cannot.

An engine may answer and yet start nothing: its OCI runtime does not work with this machine's control groups, its network
helper is not installed, the kernel forbids it. So one sandbox is started and taken away again, in a cluster of its own.
A runtime that has passed is not tried again until this machine or sampan is another. Blocking.
"""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
from pathlib import Path
from uuid import uuid4

from sampan.core.contracts.runtime import Runtime, RuntimeSettings
from sampan.core.contracts.runtime_config import SandboxConfig
from sampan.core.errors import unexpected
from sampan.core.parts import Part

log = logging.getLogger(__name__)

TRIAL = "trial"
PASSED = "runtimes.json"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def why_no_pods(part: Part[Runtime], passed: Path | None = None) -> str | None:
    """Why ``part`` starts no pods here, in one sentence; ``None``: it does. ``passed``: where it is kept who has."""
    passed = passed or default_passed()
    if _known(passed).get(part.name) == _boot():
        return None
    reason = _try(part)
    if reason is None:
        _keep(passed, part.name)
    return reason


def default_passed() -> Path:
    from platformdirs import user_cache_path  # slow to import, and asked for at a first start only

    return user_cache_path("sampan") / PASSED


def _try(part: Part[Runtime]) -> str | None:
    with tempfile.TemporaryDirectory(prefix="sampan-trial-", ignore_cleanup_errors=True) as folder:
        settings = RuntimeSettings(cluster=f"{TRIAL}-{uuid4().hex[:8]}", node=TRIAL, state_dir=Path(folder))
        try:
            runtime = part.make(settings)
        except Exception as exc:
            return unexpected(exc)
        try:
            runtime.start()
            runtime.run_pod_sandbox(SandboxConfig(name=TRIAL, namespace=TRIAL, uid=str(uuid4()), hostname=TRIAL))
        except Exception as exc:
            return f"it cannot start a pod: {unexpected(exc)}"
        finally:
            _clear(runtime, part.name)
    return None


def _clear(runtime: Runtime, name: str) -> None:
    for step in (runtime.destroy, runtime.close):
        try:
            step()
        except Exception as exc:
            log.warning("trying the runtime %s has left something behind: %s", name, exc)


def _boot() -> str:
    """One run of this machine's kernel: a wrong yes of an engine that broke since costs what it cost before."""
    with contextlib.suppress(OSError):
        return BOOT_ID.read_text().strip()
    return ""


def _known(passed: Path) -> dict[str, str]:
    try:
        known = json.loads(passed.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _keep(passed: Path, name: str) -> None:
    """As well as it goes: without it the next first start tries again."""
    boot = _boot()
    if not boot:
        return
    with contextlib.suppress(OSError):
        passed.parent.mkdir(parents=True, exist_ok=True)
        beside = passed.with_name(f".{passed.name}-{uuid4().hex[:8]}")
        beside.write_text(json.dumps({**_known(passed), name: boot}))
        beside.replace(passed)
