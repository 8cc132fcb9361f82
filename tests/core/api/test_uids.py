"""Uids are random UUIDs, also across the borders of what is fetched at once."""

from __future__ import annotations

import uuid

from sampan.core.api.uids import AT_ONCE, new_uid


def test_every_uid_is_a_random_uuid_of_its_own() -> None:
    made = [new_uid() for _ in range(3 * AT_ONCE)]
    assert len(set(made)) == len(made)
    for each in made:
        read = uuid.UUID(each)
        assert (str(read), read.version, read.variant) == (each, 4, uuid.RFC_4122)


def test_every_bit_that_is_free_is_random() -> None:
    seen = [uuid.UUID(new_uid()).int for _ in range(2000)]
    always, never = seen[0], seen[0]
    for each in seen:
        always &= each
        never |= each
    assert always == 4 << 76 | 1 << 63
    assert never == (1 << 128) - 1 & ~(0b1011 << 76) & ~(1 << 62)
