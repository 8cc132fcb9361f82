"""What the Podman SDK raises, in the contract's errors."""

from __future__ import annotations

import podman
import podman.errors
import pytest
import urllib3.exceptions

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.errors import NotFound, SampanError
from sampan.runtimes.podman.errors import translated


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (podman.errors.NotFound("no such network"), NotFound),
        (podman.errors.APIError("it\nwould not"), RuntimeFailure),
        (ConnectionResetError("cut off"), RuntimeFailure),
        (urllib3.exceptions.ProtocolError("broken off"), RuntimeFailure),
    ],
)
def test_every_failure_is_one_of_the_contracts(raised: Exception, expected: type[SampanError]) -> None:
    with pytest.raises(expected) as told, translated():
        raise raised
    assert "\n" not in str(told.value)
