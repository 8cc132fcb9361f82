"""The contract suites without pytest: whoever has a part, such as ``sampan plugins check``, holds it against what its sort
promises.

Only suites of parts that can be made anywhere, and of them the tests that need no fixture: what takes over a machine's
network, engines or disks is tried by its author's own tests.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.config import ClusterContext, Config
from sampan.core.contracts.access import AccessContext, Decision
from sampan.core.errors import SampanError
from sampan.core.model.kinds import KubeObject, info
from sampan.core.model.storage import Computed
from sampan.core.registry import Registry

SUITES: Final[Mapping[str, str]] = {
    "schedulers": "decision_contracts:SchedulerContract",
    "scheduler_plugins": "decision_contracts:SchedulerPluginContract",
    "controllers": "decision_contracts:ControllerContract",
    "balancers": "balancer_contract:BalancerContract",
    "admissions": "access_contracts:AdmissionContract",
    "authenticators": "access_contracts:AuthenticatorContract",
    "authorizers": "access_contracts:AuthorizerContract",
    "sources": "object_contracts:SourceContract",
    "groundworks": "object_contracts:GroundworkContract",
    "metrics_providers": "object_contracts:MetricsProviderContract",
}
"""By the registry's name for the sort; modules of `sampan.core.testing`."""


@frozen
class BrokenPromise:
    sort: str
    part: str
    promise: str
    """The test's name, as words."""
    why: str

    def __str__(self) -> str:
        return f"the {self.sort} {self.part} breaks a promise ({self.promise}): {self.why}"


def broken_promises(registry: Registry, plugin: str) -> Iterator[BrokenPromise]:
    """Of every part that ``plugin`` has brought."""
    for sort, place in SUITES.items():
        parts = vars(registry)[sort]
        for part in parts:
            if part.plugin != plugin:
                continue
            try:
                suite = _suite(registry, sort, place, part)
            except SampanError as exc:
                yield BrokenPromise(parts.sort, part.name, "it can be made", str(exc))
                continue
            for name, why in failures(suite):
                yield BrokenPromise(parts.sort, part.name, name.removeprefix("test_").replace("_", " "), why)


def failures(suite: object) -> Iterator[tuple[str, str]]:
    """The tests of a suite that fail, and why: those that need nothing but the suite itself."""
    for name in dir(suite):
        test = getattr(suite, name)
        if not name.startswith("test_") or inspect.signature(test).parameters:
            continue
        try:
            test()
        except Exception as exc:
            yield name, _sentence(exc)


def _suite(registry: Registry, sort: str, place: str, part: Any) -> object:
    module, _, name = place.partition(":")
    contract = getattr(import_module(f"sampan.core.testing.{module}"), name)
    methods: dict[str, object] = {"make": lambda _self: _make(registry, sort, part)}
    if sort == "sources":
        methods["kind"] = _kind_of(registry.kinds, part.name)
    suite: object = type(name, (contract,), methods)()
    _make(registry, sort, part)
    return suite


def _make(registry: Registry, sort: str, part: Any) -> object:
    from sampan.core.api.webhook_client import WebhookClient
    from sampan.core.testing.access_contracts import NoObjects
    from sampan.core.testing.object_contracts import source_context

    cluster = ClusterContext(
        config=Config(data_dir=Path("/nowhere")), service_cidr="10.96.0.0/16", kinds=tuple(registry.kinds)
    )
    access = AccessContext(
        cluster=cluster, reader=NoObjects(), authorizer=_NoOpinion(), clock=cluster.clock, tokens=_NoTokens(),
        webhooks=WebhookClient(NoObjects()), settings={},
    )  # fmt: skip
    given: Mapping[str, Callable[[], tuple[object, ...]]] = {
        "schedulers": lambda: ([],),
        "controllers": lambda: (cluster,),
        "groundworks": lambda: (cluster,),
        "sources": lambda: (source_context(),),
        **dict.fromkeys(("admissions", "authenticators", "authorizers"), lambda: (access,)),
    }
    made: object = part.make(*given.get(sort, tuple)())
    return made


def _kind_of(kinds: Iterable[type[KubeObject]], source: str) -> type[KubeObject]:
    for kind in kinds:
        storage = info(kind).storage
        if isinstance(storage, Computed) and storage.source == source:
            return kind
    raise SampanError(f"no kind is computed by the source {source!r}: give one storage=Computed(source={source!r})")


def _sentence(exc: Exception) -> str:
    """What an assertion says without pytest is the line that it stands in."""
    said = next((line.strip() for line in str(exc).splitlines() if line.strip()), "")
    if isinstance(exc, AssertionError):
        return said or traceback.extract_tb(exc.__traceback__)[-1].line or "it does not hold"
    return f"{type(exc).__name__}: {said}" if said else type(exc).__name__


class _NoOpinion:
    async def authorize(self, _attributes: object) -> Decision:
        return Decision("no-opinion")


class _NoTokens:
    audiences: tuple[str, ...] = ()

    def read(self, _token: str) -> None:
        return None
