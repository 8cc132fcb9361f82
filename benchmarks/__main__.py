"""All benchmarks, one after another: ``python -m benchmarks``."""

from __future__ import annotations

import subprocess
import sys

MODULES = (
    ("bench_up",),
    ("bench_idle", "process", "30"),
    ("bench_api",),
    ("bench_writes",),
    ("bench_control",),
    ("bench_custom",),
    ("bench_scheduler",),
    ("bench_store",),
    ("bench_pod_start",),
    ("bench_fixture",),
)


def main() -> None:
    """Each in a process of its own, so that none is measured with another's memory and threads."""
    failed = []
    for module, *arguments in MODULES:
        print(f"\n== {module}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{module}", *arguments], check=False).returncode:
            failed.append(module)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
