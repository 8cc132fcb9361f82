"""A webhook's server for tests: HTTPS on loopback, with a certificate of its own, answering as the test says."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Review = dict[str, Any]


@attrs.define
class Webhook:
    """Where it listens, and what it was asked."""

    url: str
    port: int
    ca_bundle: str
    """As ``clientConfig.caBundle`` wants it."""
    asked: list[Review] = attrs.field(factory=list)
    connections: list[socket.socket] = attrs.field(factory=list)
    """All that were ever made, in their order."""

    def hang_up(self) -> None:
        """Close what is open, as a server does that is tired of waiting or ends."""
        for each in self.connections:
            with suppress(OSError):  # it is closed
                each.shutdown(socket.SHUT_RDWR)

    @property
    def client_config(self) -> dict[str, Any]:
        return {"url": self.url, "caBundle": self.ca_bundle}


def allow(review: Review, **more: Any) -> Review:
    """An answer that allows, with what ``more`` says besides."""
    response = {"uid": review["request"]["uid"], "allowed": True, **more}
    return {"kind": review["kind"], "apiVersion": review["apiVersion"], "response": response}


def deny(review: Review, **status: Any) -> Review:
    return allow(review, allowed=False, status=status)


def change(review: Review, *operations: dict[str, Any]) -> Review:
    patch = base64.b64encode(json.dumps(operations).encode()).decode()
    return allow(review, patch=patch, patchType="JSONPatch")


@contextmanager
def webhook(folder: Path, answer: Callable[[Review], Any], *names: str) -> Iterator[Webhook]:
    """``answer`` gives the body; bytes are sent as they are, with a number before them as that status code.

    ``names``: further names of the certificate.
    """
    certificate, key = _certificate(folder, names)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one write an answer
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            served.connections.append(self.connection)

        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            served.asked.append(review)
            code, said = 200, answer(review)
            if isinstance(said, tuple):
                code, said = said
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that hangs up early is what some tests are about

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # Who connects and says nothing keeps no other waiting: hands are shaken in the thread of each.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    port = server.server_address[1]
    bundle = base64.b64encode(certificate.read_bytes()).decode()
    served = Webhook(f"https://127.0.0.1:{port}/review", port, bundle)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        served.hang_up()
        thread.join()


def _certificate(folder: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "webhook")])
    alternatives = [x509.IPAddress(ip_address("127.0.0.1")), *(x509.DNSName(name) for name in names)]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "webhook.crt", folder / "webhook.key"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file
