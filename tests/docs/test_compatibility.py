"""docs/compatibility.md says what is served, and that what is only stored says so."""

from __future__ import annotations

import pytest

from sampan.core.model.builtin import BUILTIN_KINDS
from sampan.core.model.kinds import info
from tests.support.compatibility import PAGE, page


def test_the_page_is_as_the_code() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m tests.support.compatibility"


@pytest.mark.parametrize(
    "cls", [cls for cls in BUILTIN_KINDS if info(cls).without_effect], ids=lambda cls: cls.__name__
)
def test_what_does_not_happen_is_told_in_a_few_words(cls: type) -> None:
    assert 10 < len(info(cls).without_effect) < 80
    assert not info(cls).without_effect.endswith(".")
