"""Every answer that this server knows, by the name that a kind's ``storage=Posted(answer=...)`` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sampan.core.api.answers.binding import answer_binding
from sampan.core.api.storage import Answer

ANSWERS: Final[Mapping[str, Answer]] = {
    "binding": answer_binding,
}
