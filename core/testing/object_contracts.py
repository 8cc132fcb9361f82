"""Suites for what brings objects into a cluster or measures them: sources, groundworks, providers of metrics.

Subclass one, say how yours is made, and pytest runs it.

>>> class TestMine(SourceContract):
...     kind = Tide
...
...     def make(self) -> Source:
...         return Tides(source_context())
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, ClassVar

from sampan.core.contracts.groundwork import Groundwork
from sampan.core.contracts.metrics import Amount, MetricsProvider
from sampan.core.contracts.source import Source, SourceContext
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.model.kinds import KubeObject, info
from sampan.core.model.quantity import value
from sampan.core.schema.decode import decode_value
from sampan.core.schema.default import apply_defaults
from sampan.core.schema.merge import merge_patch
from sampan.core.schema.resource import resource_of
from sampan.core.schema.validate import validate
from sampan.core.testing.access_contracts import NoObjects

Wire = Mapping[str, Any]
Place = tuple[str, str]
SOON = 5.0
"""Seconds that an answer may take."""


def source_context() -> SourceContext:
    """A cluster without nodes and objects, in 2026."""
    return SourceContext(reader=NoObjects(), nodes=NodeDirectory(), clock=lambda: datetime(2026, 5, 1, 12, tzinfo=UTC))


class SourceContract:
    """Objects of its kind, each once, within seconds; and nothing of what it gave is changed later."""

    kind: ClassVar[type[KubeObject]]
    """What its objects are."""

    def make(self) -> Source:
        raise NotImplementedError("give this suite a source")

    def expected(self) -> Collection[Place]:
        """Namespace and name of objects that it must give, with what `make` has given it."""
        return ()

    def objects(self, source: Source | None = None) -> Sequence[Wire]:
        async def look() -> Sequence[Wire]:
            async with asyncio.timeout(SOON):
                return list(await (source or self.make()).objects())

        return asyncio.run(look())

    def test_it_is_looked_at_in_an_interval(self) -> None:
        assert self.make().interval > 0

    def test_each_object_has_a_place_of_its_own(self) -> None:
        places = [_place(each) for each in self.objects()]
        assert len(set(places)) == len(places)
        assert set(self.expected()) <= set(places)
        for namespace, name in places:
            assert name
            assert bool(namespace) == info(self.kind).namespaced

    def test_its_objects_are_of_its_kind(self) -> None:
        for each in self.objects():
            assert problems(self.kind, each) == []

    def test_one_look_leaves_the_last_ones_objects_alone(self) -> None:
        source = self.make()
        first = self.objects(source)
        before = copy.deepcopy(first)
        self.objects(source)
        assert first == before

    def test_two_looks_at_the_same_world_are_alike(self) -> None:
        source = self.make()
        assert {_place(each) for each in self.objects(source)} == {_place(each) for each in self.objects(source)}


class GroundworkContract:
    """Whole valid objects, each once, the same at every start; and what it adds to one that is there, it adds once."""

    def make(self) -> Groundwork:
        raise NotImplementedError("give this suite a groundwork")

    def objects(self) -> Sequence[tuple[type[KubeObject], Wire]]:
        return list(self.make().objects())

    def test_each_object_has_a_place_of_its_own(self) -> None:
        places = [(kind, *_place(wire)) for kind, wire in self.objects()]
        assert len(set(places)) == len(places)
        for kind, namespace, name in places:
            assert name
            assert bool(namespace) == info(kind).namespaced

    def test_its_objects_are_valid_and_complete(self) -> None:
        """They are stored as they are: nobody fills in what is missing."""
        for kind, wire in self.objects():
            assert problems(kind, wire) == []
            complete = copy.deepcopy(dict(wire))
            apply_defaults(resource_of(kind).struct, complete)
            assert {**complete, "status": None} == {**wire, "status": None}

    def test_it_wants_the_same_at_every_start(self) -> None:
        assert self.objects() == self.objects()

    def test_nothing_is_lacking_of_what_it_has_made(self) -> None:
        made = self.make()
        for _, wire in made.objects():
            assert not made.lacking(_as_stored(wire), wire)

    def test_what_it_adds_to_one_that_is_there_it_adds_once(self) -> None:
        made = self.make()
        for kind, wire in made.objects():
            bare = _as_stored({part: each for part, each in wire.items() if part == "metadata"} | _empty(wire))
            patched = merge_patch(bare, made.lacking(bare, wire))
            assert not made.lacking(patched, wire), kind

    def test_what_people_have_written_beside_it_stays(self) -> None:
        made = self.make()
        for _, wire in made.objects():
            present = _as_stored(wire)
            present["metadata"]["labels"] = {**present["metadata"].get("labels", {}), "example.com/theirs": "yes"}
            patched = merge_patch(present, made.lacking(present, wire))
            assert patched["metadata"]["labels"]["example.com/theirs"] == "yes"


class MetricsProviderContract:
    """What it does not know is for others; what it knows is in numbers; several may ask side by side."""

    UNKNOWN = "a-metric-that-nobody-has"

    def make(self) -> MetricsProvider:
        raise NotImplementedError("give this suite a provider of metrics")

    def metrics(self) -> Sequence[str]:
        """Names that it knows, in one way or another."""
        return ()

    def asked(self, metric: str) -> tuple[Mapping[str, Amount] | None, Amount | None, Sequence[Amount] | None]:
        """Of two pods, of a Service, and from outside."""
        made = self.make()
        return (
            made.of_pods(metric, "default", ("a", "b"), ""),
            made.of_object(metric, "default", "v1", "Service", "web", ""),
            made.external(metric, "default", ""),
        )

    def test_a_metric_that_it_does_not_know_is_for_others(self) -> None:
        assert self.asked(self.UNKNOWN) == (None, None, None)

    def test_what_it_says_it_knows_it_tells(self) -> None:
        for metric in self.metrics():
            assert self.asked(metric) != (None, None, None), metric

    def test_only_pods_that_were_asked_about_are_told_of(self) -> None:
        for metric in self.metrics():
            assert set(self.asked(metric)[0] or ()) <= {"a", "b"}

    def test_no_pods_are_no_error(self) -> None:
        for metric in (*self.metrics(), self.UNKNOWN):
            assert not self.make().of_pods(metric, "default", (), "")

    def test_amounts_are_numbers_or_quantities(self) -> None:
        for metric in self.metrics():
            of_pods, of_object, external = self.asked(metric)
            alone = () if of_object is None else (of_object,)
            for amount in (*(of_pods or {}).values(), *alone, *(external or ())):
                assert isinstance(amount, int | float) or value(amount) is not None

    def test_several_may_ask_side_by_side(self) -> None:
        names = (*self.metrics(), self.UNKNOWN) * 8
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(self.asked, names, timeout=SOON))
        assert [each is None for each in answers] == [False] * len(names)


def problems(kind: type[KubeObject], wire: Wire) -> list[str]:
    """Why a wire value is no object of ``kind``, in sentences; raises where its fields have other types."""
    resource = resource_of(kind)
    decoded = decode_value(resource, wire)
    causes = validate(resource.struct, decoded.value)
    return [*decoded.problems, *(f"{cause.field}: {cause.message}" for cause in causes)]


def _place(wire: Wire) -> Place:
    return wire["metadata"].get("namespace", ""), wire["metadata"]["name"]


def _empty(wire: Wire) -> dict[str, Any]:
    """The same parts with nothing in them."""
    return {part: type(each)() for part, each in wire.items() if isinstance(each, dict | list) and part != "metadata"}


def _as_stored(wire: Wire) -> dict[str, Any]:
    """With what every stored object has."""
    stored: dict[str, Any] = copy.deepcopy(dict(wire))
    stored["metadata"] |= {"uid": "u", "resourceVersion": "7", "creationTimestamp": "2026-05-01T12:00:00Z"}
    return stored
