"""Where the process runtime keeps what it knows, below its state folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sampan.core.classes import frozen

SHIM = Path(__file__).parent / "shim"


@frozen
class Layout:
    state_dir: Path

    @property
    def sandboxes(self) -> Path:
        return self.state_dir / "sandboxes"

    @property
    def containers(self) -> Path:
        return self.state_dir / "containers"

    @property
    def addresses(self) -> Path:
        return self.state_dir / "addresses"

    @property
    def network(self) -> Path:
        return self.state_dir / "network.json"

    @property
    def events(self) -> Path:
        """A FIFO: supervisors write, the runtime reads."""
        return self.state_dir / "events"

    @property
    def probe(self) -> Path:
        return self.state_dir / "probe"

    @property
    def launcher_log(self) -> Path:
        return self.state_dir / "launcher.log"

    @property
    def images(self) -> Path:
        """Shared by all runtimes of this kind below one data directory."""
        return self.state_dir.parent / "images"

    @property
    def tag(self) -> str:
        """Ten letters that name this node's things on the host: its bridge, its rules, its control groups."""
        return hashlib.sha256(str(self.state_dir).encode()).hexdigest()[:10]

    def make(self) -> None:
        for folder in (self.state_dir, self.sandboxes, self.containers, self.addresses):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
