"""One kept-alive connection to an API server, with as little of HTTP as benchmarks take."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

import attrs

from sampan.core.kubeconfig import Access


@attrs.define
class Connection:
    """One kept-alive connection. Whoever measures asks for nothing that is answered in chunks but watches."""

    access: Access
    reader: asyncio.StreamReader = attrs.field(init=False)
    writer: asyncio.StreamWriter = attrs.field(init=False)

    async def open(self) -> Connection:
        target = urlsplit(self.access.server)
        context = ssl.create_default_context(cadata=self.access.ca_pem)
        self.reader, self.writer = await asyncio.open_connection(
            target.hostname, target.port, ssl=context, limit=1 << 24
        )
        return self

    def close(self) -> None:
        self.writer.close()

    def send(self, method: str, path: str, body: Any = None) -> None:
        raw = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.access.token}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
        self.writer.write(head.encode() + raw)

    async def answer(self) -> tuple[int, bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        return int(head.split()[1]), await self.reader.readexactly(length)

    async def raw(self, method: str, path: str, body: Any = None) -> bytes:
        """The answer's body; a refusal ends the benchmark."""
        self.send(method, path, body)
        code, raw = await self.answer()
        if code >= 300:
            raise SystemExit(f"{method} {path}: {code} {raw!r}")
        return raw

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        return json.loads(await self.raw(method, path, body))

    async def watch(self, path: str) -> None:
        """Ask for a watch and read its head: `reader` then has an event a line, between lines that are none."""
        self.send("GET", path)
        await self.reader.readuntil(b"\r\n\r\n")
