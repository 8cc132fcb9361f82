"""What counts as a failure of the server, in whichever format it is told."""

from __future__ import annotations

import pytest

from sampan.core.api.protobuf.encode import encode_object
from sampan.core.errors import ApiError, InternalError, Unclassified
from sampan.core.schema.yaml_writer import write_yaml
from tests.fuzz.answers import is_true


@pytest.mark.parametrize("write", [write_yaml, encode_object])
@pytest.mark.parametrize(("error", "true"), [(Unclassified("no number"), True), (InternalError.because("x"), False)])
def test_a_refusal_without_a_reason_is_no_failure(write: object, error: ApiError, true: bool) -> None:
    assert callable(write)
    assert error.code == 500
    assert is_true(500, write(error.to_status())) is true
