"""Image archives made on the spot: layers by their entries, and the files that `docker save` makes of them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Entry = tuple[str, Any]
"""(name, bytes for a file; ``None`` for a folder; ("link", target), ("hard", target) for links)"""


def tar(entries: Sequence[Entry]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in entries:
            member = tarfile.TarInfo(name)
            member.mode = 0o755
            data = b""
            if content is None:
                member.type = tarfile.DIRTYPE
            elif isinstance(content, tuple):
                member.type = tarfile.SYMTYPE if content[0] == "link" else tarfile.LNKTYPE
                member.linkname = content[1]
            else:
                data = content
                member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def docker_save(
    path: Path, layers: Sequence[bytes], names: Sequence[str] = ("boat:1",), config: Mapping[str, Any] | None = None
) -> Path:
    """What `docker save` writes."""
    body = {"config": dict(config or {}), "rootfs": {"diff_ids": [digest(layer) for layer in layers]}}
    files = [(f"layer{number}/layer.tar", layer) for number, layer in enumerate(layers)]
    manifest = [{"Config": "config.json", "RepoTags": list(names), "Layers": [name for name, _ in files]}]
    everything = [*files, ("config.json", json.dumps(body).encode()), ("manifest.json", json.dumps(manifest).encode())]
    path.write_bytes(tar(everything))
    return path
