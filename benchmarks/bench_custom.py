"""What custom resources cost against built-in ones: objects, rules in CEL, webhooks, and a platform's worth of definitions.

``python -m benchmarks.bench_custom`` starts real clusters (TLS, SQLite, every admission step, all controllers) on the
simulated runtime. Costs are the control plane's processor time, taken in turns where two things are compared, so that
what else the machine does meets both. Goals: custom objects cost at most 1/0.9 of ConfigMaps of the same size, and at
most 1.1 of their memory.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from benchmarks.cluster import Running, cluster, until_ready
from benchmarks.connection import Connection
from benchmarks.whole_cluster import connected, ready, timed
from sampan.core.kubeconfig import Access
from tests.support.webhook import allow, webhook

GROUP = "bench.test"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
MAPS = "/api/v1/namespaces/default/configmaps"
CONNECTIONS = 8
HOOKED = 200
"""Creates that a webhook is asked about."""
TURN = 500
"""Objects of one kind that are made before the other kind's turn."""
Body = dict[str, Any]
TEXT: Body = {"type": "string"}


def definition(plural: str, spec: Body) -> Body:
    schema = {"type": "object", "properties": {"spec": spec}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "kind": plural.capitalize()}
    about = {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]}
    return {"metadata": {"name": f"{plural}.{GROUP}"}, "spec": about}


def plain_spec(rules: int = 0) -> Body:
    """Texts in a map, as a ConfigMap has them, and ``rules`` rules about them."""
    texts = {"type": "object", "maxProperties": 50, "additionalProperties": {**TEXT, "maxLength": 200}}
    spec: Body = {"type": "object", "properties": {"data": texts, "size": {"type": "integer"}}}
    if rules:
        spec["x-kubernetes-validations"] = [{"rule": rule} for rule in RULES[:rules]]
    return spec


RULES = (
    "self.size >= 0",
    "self.size < 1000",
    "has(self.data)",
    "size(self.data) <= 50",
    "self.data.all(key, key.matches('^[a-z0-9-]+$'))",
    "self.data.all(key, size(self.data[key]) < 200)",
    "!('forbidden' in self.data)",
    "self.size == 0 || self.data.exists(key, key.startsWith('key'))",
    "self.size > 500 || size(self.data) >= 0",
    "self.data.map(key, key.size()).sum() < 2000",
)


def platform_spec(number: int) -> Body:
    """A schema of 150 properties at three levels, with descriptions, as operators bring them; each is its own."""
    words = "What this field means, in a sentence that is about as long as those of usual definitions are."
    leaf = {**TEXT, "description": words}
    part = {"type": "object", "description": words, "properties": {f"field{n}": leaf for n in range(14)}}
    return {"type": "object", "properties": {f"part{number}-{n}": part for n in range(10)}}


@attrs.frozen
class Kind:
    """What is made and read: where, and how one object of it looks."""

    name: str
    path: str
    make: Callable[[str], Body]


def data() -> Body:
    return {f"key-{number}": "v" * 60 for number in range(10)}


def config_map(name: str) -> Body:
    return {"metadata": {"name": name, "labels": {"app": "bench"}}, "data": data()}


def custom(plural: str) -> Kind:
    def make(name: str) -> Body:
        return {
            "apiVersion": f"{GROUP}/v1",
            "kind": plural.capitalize(),
            "metadata": {"name": name, "labels": {"app": "bench"}},
            "spec": {"data": data(), "size": 1},
        }

    return Kind(plural, f"/apis/{GROUP}/v1/namespaces/default/{plural}", make)


BUILT_IN = Kind("configmaps", MAPS, config_map)


async def define(asking: Connection, body: Body) -> None:
    """Create a definition, and wait until its kind is served."""
    name = body["metadata"]["name"]
    made = await asking.ask("POST", CRDS, body)
    async with connected(asking.access, 1) as [watching]:
        since = made["metadata"]["resourceVersion"]
        await watching.watch(f"{CRDS}?watch=true&resourceVersion={since}&fieldSelector=metadata.name%3D{name}")
        while b"InitialNamesAccepted" not in await watching.reader.readline():
            pass


async def create(access: Access, kind: Kind, names: Sequence[str]) -> None:
    async def some(connection: Connection, own: Sequence[str]) -> None:
        for name in own:
            await connection.raw("POST", kind.path, kind.make(name))

    async with connected(access, CONNECTIONS) as connections:
        await asyncio.gather(*(some(each, names[place::CONNECTIONS]) for place, each in enumerate(connections)))


async def get(access: Access, kind: Kind, names: Sequence[str]) -> None:
    async def some(connection: Connection, own: Sequence[str]) -> None:
        for name in own:
            await connection.raw("GET", f"{kind.path}/{name}")

    async with connected(access, CONNECTIONS) as connections:
        await asyncio.gather(*(some(each, names[place::CONNECTIONS]) for place, each in enumerate(connections)))


async def list_all(access: Access, kind: Kind, times: int) -> None:
    """Each time after a change, so that the list is made anew."""
    async with connected(access, 1) as [asking]:
        for turn in range(times):
            await asking.raw("POST", kind.path, kind.make(f"between-{time.monotonic_ns()}-{turn}"))
            async with connected(access, 1) as [listing]:
                await read_chunked(listing, kind.path)


async def read_chunked(connection: Connection, path: str) -> None:
    connection.send("GET", path)
    head = (await connection.reader.readuntil(b"\r\n\r\n")).decode().lower()
    if "content-length: " in head:
        await connection.reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
        return
    while size := int(await connection.reader.readline(), 16):
        await connection.reader.readexactly(size + 2)


async def watch_all(access: Access, kind: Kind, changes: int, watchers: int = 20) -> None:
    """Each change goes to all watchers."""
    async with connected(access, watchers + 1) as [writer, *watching]:
        version = (await writer.ask("GET", f"{kind.path}?limit=1"))["metadata"]["resourceVersion"]
        for each in watching:
            await each.watch(f"{kind.path}?watch=true&resourceVersion={version}")

        async def read(connection: Connection) -> None:
            seen = 0
            while seen < changes:
                seen += (await connection.reader.readline()).startswith(b'{"type"')

        reading = [asyncio.create_task(read(each)) for each in watching]
        for turn in range(changes):
            await writer.raw("POST", kind.path, kind.make(f"watched-{time.monotonic_ns()}-{turn}"))
        await asyncio.gather(*reading)


def batches(count: int) -> Iterator[list[str]]:
    for begin in range(0, count, TURN):
        yield [f"object-{number:05}" for number in range(begin, min(begin + TURN, count))]


async def in_turns(
    running: Running, kinds: Sequence[Kind], work: Callable[[Kind, int], Any], rounds: int
) -> dict[str, list[float]]:
    """Processor seconds of each round, by kind."""
    taken: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    for turn in range(rounds):
        for kind in kinds if turn % 2 else list(reversed(kinds)):
            with timed(running) as cost:
                await work(kind, turn)
            taken[kind.name].append(cost.cpu_seconds)
    return taken


def tell(what: str, taken: dict[str, list[float]], each: int, *, goal: str = "") -> None:
    """Microseconds of each kind, and how the first costs against the second."""
    (first, ones), (second, others) = taken.items()
    shown = [statistics.median(values) / each * 1e6 for values in (ones, others)]
    ratio = statistics.median(b / a for a, b in zip(ones, others, strict=True))
    words = f"{what:<22} {first} {shown[0]:7.0f} us   {second} {shown[1]:7.0f} us   ratio {ratio:4.2f}"
    print(f"{words}   {goal}".rstrip(), flush=True)


async def objects(running: Running, count: int) -> None:
    """Creates, GETs, LISTs and WATCHes of both kinds, in turns."""
    access, kinds = await ready(running), [custom("boats"), BUILT_IN]
    async with connected(access, 1) as [asking]:
        await define(asking, definition("boats", plain_spec()))
    names = list(batches(count))
    goal = "goal: at least 0.9"

    async def creates(kind: Kind, turn: int) -> None:
        await create(access, kind, names[turn])

    tell("create", await in_turns(running, kinds, creates, len(names)), TURN, goal=goal)
    tell("GET", await in_turns(running, kinds, lambda kind, _: get(access, kind, names[0]), 10), TURN, goal=goal)
    listing = await in_turns(running, kinds, lambda kind, _: list_all(access, kind, 2), 10)
    tell(f"LIST of {count}", listing, 2, goal=goal)
    watching = await in_turns(running, kinds, lambda kind, _: watch_all(access, kind, 50), 10)
    tell("WATCH, 20 watchers", watching, 1000, goal=goal)


async def held(count: int, kind: Kind) -> float:
    """Resident bytes of one object, beside what a cluster takes without any."""
    with cluster("simulated") as running:
        access = await ready(running)
        if kind is not BUILT_IN:
            async with connected(access, 1) as [asking]:
                await define(asking, definition(kind.name, plain_spec()))
        await create(access, kind, [f"first-{number}" for number in range(TURN)])
        before = running.resident_bytes()
        for names in batches(count):
            await create(access, kind, names)
        return (running.resident_bytes() - before) / count


async def memory(count: int) -> None:
    ours, theirs = await held(count, custom("boats")), await held(count, BUILT_IN)
    sizes = f"boats {ours:.0f} bytes, configmaps {theirs:.0f} bytes"
    print(f"resident, each of {count}: {sizes}, ratio {ours / theirs:.2f} (goal: at most 1.1)")


async def rules(running: Running) -> None:
    access, kinds = await ready(running), [custom("boats"), custom("ruled")]
    async with connected(access, 1) as [asking]:
        await define(asking, definition("boats", plain_spec()))
        await define(asking, definition("ruled", plain_spec(len(RULES))))
    names = list(batches(6 * TURN))

    async def creates(kind: Kind, turn: int) -> None:
        await create(access, kind, names[turn])

    tell(f"create, {len(RULES)} rules", await in_turns(running, [kinds[1], kinds[0]], creates, len(names)), TURN)


async def asked(running: Running) -> None:
    """Milliseconds of a create with a validating webhook on this machine, and without."""
    access = await ready(running)
    with tempfile.TemporaryDirectory() as folder, webhook(Path(folder), allow) as hook:
        async with connected(access, 1) as [asking]:
            alone = await milliseconds(asking, "alone")
            rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
            one = {
                "name": "bench.example.com", "rules": [rule], "clientConfig": hook.client_config,
                "sideEffects": "None", "admissionReviewVersions": ["v1"],
            }  # fmt: skip
            await asking.raw("POST", HOOKS, {"metadata": {"name": "bench"}, "webhooks": [one]})
            with timed(running) as cost:
                hooked = await milliseconds(asking, "hooked")
    own = cost.cpu_seconds / HOOKED * 1e3
    print(f"create of a ConfigMap: {alone:.1f} ms; with a webhook {hooked:.1f} ms, {own:.1f} ms of processor time")


async def milliseconds(asking: Connection, name: str) -> float:
    taken = []
    for number in range(HOOKED):
        began = time.perf_counter()
        await asking.raw("POST", MAPS, config_map(f"{name}-{number}"))
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e3


async def platform(count: int) -> None:
    """A start on ``count`` definitions against one on none."""
    with cluster("simulated") as running:
        figures = []
        for stage in ("none", f"{count}"):
            if stage != "none":
                async with connected(await ready(running), 1) as [asking]:
                    with timed(running) as cost:
                        for number in range(count):
                            await define(asking, definition(f"kind{number}s", platform_spec(number)))
                took, own = cost.seconds / count * 1e3, cost.cpu_seconds / count * 1e3
                print(f"a definition until it is served: {took:.0f} ms, {own:.0f} ms of processor time")
            await ready(running)
            running.start_again()
            took = await asyncio.to_thread(until_ready, running)
            figures.append((took, running.cpu_seconds(), running.resident_bytes() / 1e6))
    for stage, (took, cpu, size) in zip(("none", f"{count}"), figures, strict=True):
        print(
            f"start with {stage} definitions: {took:.2f} s to a Ready node, {cpu:.2f} s of processor time, {size:.0f} MB"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--definitions", type=int, default=200)
    parser.add_argument("--only", choices=("objects", "memory", "rules", "webhook", "platform"))
    options = parser.parse_args()

    def wanted(name: str) -> bool:
        return options.only in (None, name)

    for name, work in (("objects", lambda one: objects(one, options.objects)), ("rules", rules), ("webhook", asked)):
        if wanted(name):
            with cluster("simulated") as running:
                asyncio.run(work(running))
    if wanted("memory"):
        asyncio.run(memory(options.objects))
    if wanted("platform"):
        asyncio.run(platform(options.definitions))


if __name__ == "__main__":
    main()
