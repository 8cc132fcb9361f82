"""The suite that every provisioner runs: subclass `ProvisionerContract` and say how yours is made.

>>> class TestMine(ProvisionerContract):
...     def make(self, settings: ProvisionerSettings) -> Provisioner:
...         return Mine(settings)
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sampan.core.contracts.provisioner import Provisioner, ProvisionerSettings, ProvisioningFailure, ProvisionRequest
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.schema.codec import from_wire, to_wire

MEGABYTE = 1 << 20


class ProvisionerContract:
    """Every promise of `sampan.core.contracts.provisioner.Provisioner`."""

    def make(self, settings: ProvisionerSettings) -> Provisioner:
        raise NotImplementedError("give this suite a provisioner")

    def parameters(self) -> Mapping[str, str]:
        """Of a StorageClass that it serves."""
        return {}

    @pytest.fixture
    def settings(self, tmp_path_factory: pytest.TempPathFactory) -> ProvisionerSettings:
        return ProvisionerSettings(node="node", folder=tmp_path_factory.mktemp("provisioner") / "folder")

    def volume(self, settings: ProvisionerSettings, name: str = "pvc-1") -> PersistentVolume:
        """One that is made."""
        where = self.make(settings).provision(self.request(name))
        metadata = {"name": name}
        source = {
            member: to_wire(value) if hasattr(value, "__attrs_attrs__") else value for member, value in where.items()
        }
        return from_wire(PersistentVolume, {"metadata": metadata, "spec": source})

    def request(self, name: str = "pvc-1", **unknown: str) -> ProvisionRequest:
        return ProvisionRequest(name=name, size=MEGABYTE, parameters={**self.parameters(), **unknown})

    def test_it_has_a_name_with_a_domain(self, settings: ProvisionerSettings) -> None:
        """Two of one name would make volumes for the same classes."""
        made = self.make(settings)
        assert "/" in made.name or "." in made.name
        assert isinstance(made.node_bound, bool)

    def test_where_a_volume_is_can_be_written_into_its_spec(self, settings: ProvisionerSettings) -> None:
        spec = to_wire(self.volume(settings))["spec"]
        assert len(spec) > 0

    def test_asked_again_it_gives_the_same_also_in_another_process(self, settings: ProvisionerSettings) -> None:
        assert self.volume(settings) == self.volume(settings)

    def test_two_volumes_are_at_two_places(self, settings: ProvisionerSettings) -> None:
        assert self.volume(settings, "pvc-1").spec != self.volume(settings, "pvc-2").spec

    def test_a_parameter_that_it_does_not_know_is_refused(self, settings: ProvisionerSettings) -> None:
        with pytest.raises(ProvisioningFailure):
            self.make(settings).provision(self.request(**{"no-such-parameter": "1"}))

    def test_it_grows(self, settings: ProvisionerSettings) -> None:
        volume = self.volume(settings)
        for _ in range(2):
            self.make(settings).expand(volume, 2 * MEGABYTE)

    def test_it_is_deleted_twice_and_others_stay(self, settings: ProvisionerSettings) -> None:
        volume, other = self.volume(settings, "pvc-1"), self.volume(settings, "pvc-2")
        for _ in range(2):
            self.make(settings).delete(volume)
        self.make(settings).expand(other, 2 * MEGABYTE)
        assert self.volume(settings, "pvc-2") == other
