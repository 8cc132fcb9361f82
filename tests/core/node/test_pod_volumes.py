"""A pod's volumes through their drivers: what they raise, and what they take."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from sampan.core.contracts.volume import PublishedVolume, VolumeContext, VolumeFailure
from sampan.core.errors import Conflict
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.volume import EmptyDirVolumeSource, Volume
from sampan.core.model.meta import Quantity
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.decide.eviction import over_disk_limit
from sampan.core.node.machine.settings import NodeSettings
from sampan.core.node.pod_volumes import MountFailed, PodVolumes


class Broken:
    field = "empty_dir"

    def __init__(self, error: Exception | None = None, used: int = 0) -> None:
        self._error = error
        self._used = used

    def _break(self) -> None:
        if self._error:
            raise self._error

    def publish(self, context: VolumeContext) -> PublishedVolume:
        self._break()
        context.directory.mkdir(parents=True, exist_ok=True)
        return PublishedVolume(host_path=context.directory)

    def refresh(self, context: VolumeContext) -> None:
        self._break()

    def usage(self, directory: Path) -> int:
        self._break()
        return self._used

    def unpublish(self, directory: Path) -> None:
        self._break()


def pod(limit: str | None = "1Mi") -> Pod:
    source = EmptyDirVolumeSource(size_limit=None if limit is None else Quantity(limit))
    meta = ObjectMeta(name="web", namespace="default", uid="u1")
    return Pod(metadata=meta, spec=PodSpec(volumes=(Volume(name="cache", empty_dir=source),)))


def volumes(tmp_path: Path, driver: Broken) -> PodVolumes:
    settings = NodeSettings(name="n1", cluster="c", data_dir=tmp_path)
    return PodVolumes(settings, {"emptyDir": driver}, lambda *_: None, {})


ERRORS = [
    (VolumeFailure("no room"), "no room"),
    (OSError(28, "No space left on device"), "No space left on device"),
    (Conflict("changed meanwhile"), "changed meanwhile"),
    (ValueError("a bug"), "ValueError: a bug"),
    (StopIteration(), "StopIteration: "),
    (KeyError("name"), "KeyError: 'name'"),
]


@pytest.mark.parametrize(("error", "words"), ERRORS, ids=lambda each: type(each).__name__)
def test_whatever_a_driver_raises_is_an_event_of_the_pod(tmp_path: Path, error: Exception, words: str) -> None:
    broken = volumes(tmp_path, Broken(error))
    for ask in (broken.publish, broken.refresh):
        with pytest.raises(MountFailed, match=r'^MountVolume.SetUp failed for volume "cache"') as told:
            ask(pod(), lambda _: None)
        assert words in str(told.value)
    assert broken.usage(pod(), {"cache"}) == {"cache": 0}


@pytest.mark.parametrize(("error", "words"), ERRORS, ids=lambda each: type(each).__name__)
def test_what_cannot_be_given_back_is_a_volume_failure(tmp_path: Path, error: Exception, words: str) -> None:
    volumes(tmp_path, Broken()).publish(pod(), lambda _: None)
    with pytest.raises(VolumeFailure):
        volumes(tmp_path, Broken(error)).unpublish("u1")


def test_a_bug_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = volumes(tmp_path, Broken(ValueError("a bug")))
    with caplog.at_level(logging.WARNING):
        for _ in range(35):
            with pytest.raises(MountFailed):
                broken.publish(pod(), lambda _: None)
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("limit", "used", "evicted"),
    [("1Mi", 1 << 20, False), ("1Mi", (1 << 20) + 1, True), ("0", 1 << 30, False), (None, 1 << 30, False)],
)
def test_a_volume_over_its_limit_evicts_and_a_limit_of_nothing_is_none(
    tmp_path: Path, limit: str | None, used: int, evicted: bool
) -> None:
    measured = volumes(tmp_path, Broken(used=used)).usage(pod(limit), {"cache"})
    rejection = over_disk_limit(pod(limit), measured, {})
    why = rejection.message if rejection is not None else ""
    assert (why == 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ') is evicted
    assert (not why) is not evicted
