"""What the Docker SDK raises, in the contract's errors."""

from __future__ import annotations

import docker
import pytest

from sampan.core.contracts.runtime import ImageError
from sampan.runtimes.docker.images import DockerImages
from tests.support.stub_engine import begun, stub_api, stub_engine, whole


@pytest.mark.parametrize("told", [b'{"status": "pulling"}\n', b'{"status": "pulling"}\n{"sta'])
def test_a_pull_that_the_engine_breaks_off_is_a_failure(told: bytes) -> None:
    with stub_engine(begun(told)) as url, stub_api(whole(b"")) as api:
        client = docker.APIClient(base_url=url, version="1.41")
        try:
            with pytest.raises(ImageError, match=r"^Docker does not answer: "):
                DockerImages(api, client).pull("nginx:1.27", None)
        finally:
            client.close()
