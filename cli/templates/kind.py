"""A kind of its own: ``kubectl get ferries`` lists them, ``kubectl explain ferries.spec`` tells what is written here."""

from __future__ import annotations

from sampan.plugin import Column, KubeObject, Registry, hookimpl, kind, model, wire


@model
class FerrySpec:
    """What is wanted."""

    size: int = wire(required=True, minimum=1, maximum=100, format="int32", doc="How large it is.")
    colour: str = wire(default="white", api_default="white", enum=("white", "red"), doc="How it is painted.")


@kind(
    "example.com/v1",
    plural="ferries",
    columns=(
        Column(name="Name", cell=".metadata.name", format="name"),
        Column(name="Size", cell=".spec.size", type="integer"),
    ),
)
@model
class Ferry(KubeObject):
    """A docstring is what `kubectl explain` says of it."""

    spec: FerrySpec = wire(default=None, emit="always")


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.kind(Ferry)
