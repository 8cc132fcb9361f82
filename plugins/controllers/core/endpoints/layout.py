"""Endpoints laid out in slices of at most a hundred, with as little change as possible. Pure.

An endpoint stays where it is, new ones fill free places, and a slice that would be deleted is used again for one that would
be made. For the controllers of Services with pods and of those whose Endpoints somebody else writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from sampan.core.classes import define
from sampan.core.contracts.plan import Action, Create, Delete, Update
from sampan.core.model.discovery_v1.endpoint_slice import Endpoint, EndpointPort, EndpointSlice
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.plugins.controllers.core.endpoints.members import TRIGGER_TIME
from sampan.plugins.controllers.ownership import controller_reference

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
SLICE_SIZE = 100

Ports = tuple[EndpointPort, ...]
Group = tuple[str, Ports]
"""Endpoints that can share a slice: the address type and the ports."""


@define
class SliceLayout:
    """The slices of one owner (a Service, or Endpoints) as they should be, while they are being found."""

    owner: KubeObject
    labels: Mapping[str, str]
    trigger: str | None
    kept: list[tuple[EndpointSlice, EndpointSlice]] = attrs.field(factory=list)
    """Slices that stay: as they are, as they should be."""
    made: list[EndpointSlice] = attrs.field(factory=list)
    dropped: list[EndpointSlice] = attrs.field(factory=list)

    def arrange(
        self, family: str, groups: Mapping[Group, Sequence[Endpoint]], present: Sequence[EndpointSlice]
    ) -> None:
        """Slices for the endpoints of one address family; one without endpoints where there are none."""
        wanted = groups or {(family, ()): []}
        mine = [item for item in present if item.address_type == family]
        for (_, ports), endpoints in wanted.items():
            fitting = [item for item in mine if item.ports == ports]
            self._fill(family, ports, endpoints, fitting, placeholder=not groups)
        self.drop(item for item in mine if (family, item.ports) not in wanted)

    def drop(self, slices: Iterable[EndpointSlice]) -> None:
        self.dropped.extend(slices)

    def actions(self) -> Iterable[Action]:
        for old, new in self.kept:
            if _differs(old, new):
                yield Update(obj=self._stamped(new))
        while self.made and self.dropped:
            new, old = self.made.pop(), self.dropped.pop()
            if new.address_type == old.address_type:
                yield Update(obj=self._stamped(evolve(new, metadata=evolve(old.metadata, labels=new.metadata.labels))))
            else:
                yield Create(obj=self._stamped(new))
                yield self._deletion(old)
        for new in self.made:
            yield Create(obj=self._stamped(new))
        for old in self.dropped:
            yield self._deletion(old)

    def _deletion(self, old: EndpointSlice) -> Delete:
        return Delete(kind=EndpointSlice, namespace=old.key[0], name=old.key[1], uid=old.metadata.uid)

    def _fill(
        self,
        family: str,
        ports: Ports,
        endpoints: Sequence[Endpoint],
        present: Sequence[EndpointSlice],
        *,
        placeholder: bool,
    ) -> None:
        """Leave each endpoint in its slice; put new ones into free places, of the fullest slices first, or new slices."""
        left = {_identity(endpoint): endpoint for endpoint in endpoints}
        contents: list[tuple[EndpointSlice, list[Endpoint]]] = []
        for item in present:
            stay = [left.pop(key) for old in item.endpoints if (key := _identity(old)) in left]
            contents.append((item, stay))
        fresh = list(left.values())
        for _, stay in sorted(contents, key=lambda pair: -len(pair[1])):
            room = SLICE_SIZE - len(stay)
            stay.extend(fresh[:room])
            del fresh[:room]
        spare_one = placeholder
        for item, stay in contents:
            if stay or spare_one:
                spare_one = False
                self.kept.append((item, evolve(item, endpoints=tuple(stay), metadata=self._labelled(item.metadata))))
            else:
                self.dropped.append(item)
        for start in range(0, len(fresh), SLICE_SIZE):
            self.made.append(self._new(family, ports, fresh[start : start + SLICE_SIZE]))
        if spare_one:
            self.made.append(self._new(family, ports, []))

    def _new(self, family: str, ports: Ports, endpoints: Sequence[Endpoint]) -> EndpointSlice:
        metadata = ObjectMeta(
            generate_name=f"{self.owner.metadata.name}-",
            namespace=self.owner.metadata.namespace,
            owner_references=(controller_reference(self.owner),),
        )
        return EndpointSlice(
            metadata=self._labelled(metadata), address_type=family, endpoints=tuple(endpoints), ports=ports
        )

    def _labelled(self, metadata: ObjectMeta) -> ObjectMeta:
        return evolve(metadata, labels=self.labels)

    def _stamped(self, item: EndpointSlice) -> EndpointSlice:
        if self.trigger is None:
            return item
        annotations = {**item.metadata.annotations, TRIGGER_TIME: self.trigger}
        return evolve(item, metadata=evolve(item.metadata, annotations=annotations))


def _identity(endpoint: Endpoint) -> tuple[str, Sequence[str]]:
    uid = endpoint.target_ref.uid if endpoint.target_ref is not None else None
    return uid or "", endpoint.addresses


def _differs(old: EndpointSlice, new: EndpointSlice) -> bool:
    return old.endpoints != new.endpoints or old.metadata.labels != new.metadata.labels
