"""Who makes volumes on a node, and the class by which claims find it."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.cluster.node_storage import ensure_class, make_provisioners, may_provision
from sampan.core.contracts.provisioner import DEFAULT_CLASS
from sampan.core.errors import AlreadyExists, Forbidden
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.core.plugins import load_plugins

pytestmark = pytest.mark.anyio


class Api:
    """Answers as it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.made: list[Any] = []

    async def list(self, kind: type[Any], *_: Any, **__: Any) -> list[Any]:
        if self._error:
            raise self._error
        return []

    async def create(self, obj: Any, **_: Any) -> Any:
        if self._error:
            raise self._error
        self.made.append(obj)
        return obj


async def test_who_may_not_see_classes_makes_no_volumes() -> None:
    assert not await may_provision(Api(Forbidden("no")))  # type: ignore[arg-type]
    assert await may_provision(Api())  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [None, AlreadyExists("there"), Forbidden("no")])
async def test_the_class_of_the_built_in_provisioner_is_the_default(error: Exception | None, tmp_path: Any) -> None:
    api = Api(error)
    await ensure_class(api, make_provisioners(load_plugins(), "n1", tmp_path))  # type: ignore[arg-type]
    if error is None:
        (made,) = api.made
        assert isinstance(made, StorageClass)
        assert made.metadata.annotations == {DEFAULT_CLASS: "true"}
        assert (made.provisioner, made.volume_binding_mode) == ("sampan.io/local-path", "WaitForFirstConsumer")


async def test_without_that_provisioner_there_is_no_class() -> None:
    api = Api()
    await ensure_class(api, {})  # type: ignore[arg-type]
    assert api.made == []
