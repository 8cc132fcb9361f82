"""Every answer that this server knows, by the name that a kind's ``storage=Posted(answer=...)`` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sampan.core.api.answers.access import decide_local, decide_self, decide_subject, list_rules
from sampan.core.api.answers.binding import answer_binding
from sampan.core.api.answers.identity import review_self, review_token
from sampan.core.api.answers.review import its_time, nothing, review
from sampan.core.api.storage import Answer

ANSWERS: Final[Mapping[str, Answer]] = {
    "binding": answer_binding,
    "local-subject-access-review": review(decide_local),
    "self-subject-access-review": review(decide_self),
    "self-subject-review": review(review_self, alone_with=its_time),
    "self-subject-rules-review": review(list_rules, alone_with=nothing),
    "subject-access-review": review(decide_subject),
    "token-review": review(review_token),
}
