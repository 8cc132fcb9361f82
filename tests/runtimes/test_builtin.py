"""The built-in runtimes and volume drivers are entered by name, and import nothing before they are chosen."""

from __future__ import annotations

import subprocess
import sys

from sampan.core.plugins import load_plugins
from sampan.runtimes import builtin as runtimes
from sampan.volumes import builtin as volumes


def test_runtimes_and_volume_drivers_are_there_by_name() -> None:
    registry = load_plugins(extra=[("r", runtimes), ("v", volumes)], entry_points=list).registry
    assert {part.name: part.rank for part in registry.runtimes} == {
        "docker": 1,
        "podman": 2,
        "process": 3,
        "simulated": None,
    }
    drivers = {part.name: part.make().field for part in registry.volume_drivers}
    assert drivers == {
        "configMap": "config_map",
        "downwardAPI": "downward_api",
        "emptyDir": "empty_dir",
        "ephemeral": "ephemeral",
        "hostPath": "host_path",
        "image": "image",
        "persistentVolumeClaim": "persistent_volume_claim",
        "projected": "projected",
        "secret": "secret",
    }


def test_no_engines_sdk_is_imported_before_it_is_chosen() -> None:
    script = (
        "import sys; from sampan.core.plugins import load_plugins; from sampan.runtimes import builtin;"
        "r = load_plugins(extra=[('r', builtin)], entry_points=list).registry; r.runtimes.choose('simulated');"
        "print([name for name in ('docker', 'podman', 'requests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
