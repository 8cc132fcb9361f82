"""The level of Kubernetes that is spoken: ``/version`` and the OpenAPI documents say it."""

from __future__ import annotations

import platform
from typing import Final

MAJOR: Final = "1"
MINOR: Final = "36"
VERSION: Final = f"v{MAJOR}.{MINOR}.0+sampan"
ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def version_info() -> dict[str, str]:
    """The body of ``/version``: Kubernetes' level, and that it is sampan which speaks."""
    machine = platform.machine()
    return {
        "major": MAJOR,
        "minor": MINOR,
        "emulationMajor": MAJOR,
        "emulationMinor": MINOR,
        "minCompatibilityMajor": MAJOR,
        "minCompatibilityMinor": str(int(MINOR) - 1),
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": f"python{platform.python_version()}",
        "platform": f"linux/{ARCHITECTURES.get(machine, machine)}",
    }
