"""What a conversion webhook may answer, and what is said of anything else."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.conversion_answers import Unusable, objects_of

REVIEW = "apiextensions.k8s.io/v1"
META = {"name": "ida", "namespace": "a", "uid": "u", "labels": {"old": "1"}, "resourceVersion": "7"}
BOAT = {"apiVersion": "example.com/v1", "kind": "Boat", "metadata": META}
MADE = {**BOAT, "apiVersion": "example.com/v2"}


def answer(*objects: Any, **response: Any) -> dict[str, Any]:
    about = {"uid": "q", "result": {"status": "Success"}, "convertedObjects": list(objects), **response}
    return {"apiVersion": REVIEW, "kind": "ConversionReview", "response": about}


def converted(given: Any) -> list[dict[str, Any]]:
    return objects_of(given, "q", REVIEW, [BOAT], "example.com/v2")


def made(**metadata: Any) -> dict[str, Any]:
    return {**MADE, "metadata": {**META, **metadata}}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["x"], "failed: the answer is no object"),
        (
            {**answer(), "kind": "X"},
            f"failed: expected webhook response of {REVIEW}, Kind=ConversionReview, got {REVIEW}",
        ),
        ({**answer(), "response": None}, "failed: no response provided"),
        (answer(MADE, uid="x"), 'failed: expected response.uid="q", got "x"'),
        (answer(MADE, result={"status": "Failed", "message": "no way"}), "failed: no way"),
        (answer(MADE, result={"status": "Failed"}), "failed: response.result.status was 'Failed', not 'Success'"),
        (answer(MADE, MADE), "returned 2 objects, expected 1"),
        (
            answer(BOAT),
            "returned invalid object at index 0: invalid groupVersion (expected example.com/v2, received example.com/v1)",
        ),
        (answer({**MADE, "kind": "X"}), "returned invalid object at index 0: invalid kind (expected Boat, received X)"),
        (answer(made(name="b")), "returned invalid object: must have the same name: ida != b"),
        (answer(made(uid="")), "returned invalid object: must have the same UID: u != "),
        (
            answer(made(labels={"a": 1})),
            "returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object",
        ),
        (
            answer(made(annotations=[])),
            "returned invalid metadata: invalid metadata.annotations of type []interface {}",
        ),
        (answer(made(labels={"-": "x"})), 'returned invalid metadata: metadata.labels: Invalid value: "-": name part'),
    ],
)
def test_what_cannot_be_used_is_told(given: Any, words: str) -> None:
    with pytest.raises(Unusable) as raised:
        converted(given)
    assert str(raised.value).startswith(words)


def test_of_the_metadata_labels_and_annotations_are_the_webhooks_own() -> None:
    changed = {**META, "labels": {"new": "2"}, "annotations": {"a": "b"}, "resourceVersion": "9", "generation": 4}
    (value,) = converted(answer({**MADE, "metadata": changed}))
    assert value["metadata"] == {**META, "labels": {"new": "2"}, "annotations": {"a": "b"}}
    (bare,) = converted(answer({**MADE, "metadata": {name: META[name] for name in ("name", "namespace", "uid")}}))
    assert "labels" not in bare["metadata"]
