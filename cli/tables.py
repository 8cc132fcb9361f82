"""Tables as the server makes them, printed as kubectl prints them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sampan.cli.tabs import table
from sampan.core.classes import define, frozen

ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
"""Tables where the server can, else the objects themselves."""


@frozen(kw_only=True)
class TableStyle:
    """What is shown beside the server's own columns."""

    wide: bool = False
    headers: bool = True
    namespaces: bool = False
    kind: str = ""
    """Put before each name: ``deployment.apps``."""
    labels: bool = False
    label_columns: tuple[str, ...] = ()


@define
class Rows:
    """Rows of one kind, gathered from several answers."""

    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Rows:
        """From a ``Table``, or from objects of a server that makes none: names and nothing else."""
        if answer.get("kind") == "Table":
            return cls(list(answer.get("columnDefinitions") or []), list(answer.get("rows") or []))
        items = answer.get("items", [answer])
        rows = [{"cells": [item.get("metadata", {}).get("name", "")], "object": item} for item in items]
        return cls([{"name": "Name", "format": "name", "priority": 0}], rows)

    def add(self, other: Rows) -> None:
        self.columns = self.columns or other.columns
        self.rows.extend(other.rows)


def lines(rows: Rows, style: TableStyle) -> list[list[str]]:
    """Cells as text, the headers first."""
    shown = [place for place, column in enumerate(rows.columns) if style.wide or not column.get("priority")]
    found = [_cells(rows, row, shown, style) for row in rows.rows]
    if not style.headers:
        return found
    header = [str(rows.columns[place]["name"]).upper() for place in shown]
    before = ["NAMESPACE"] if style.namespaces else []
    after = [label.rpartition("/")[2].upper() for label in style.label_columns] + ["LABELS"] * style.labels
    return [[*before, *header, *after], *found]


def text(rows: Rows, style: TableStyle) -> str:
    return table(lines(rows, style))


def _cells(rows: Rows, row: dict[str, Any], shown: Sequence[int], style: TableStyle) -> list[str]:
    metadata = (row.get("object") or {}).get("metadata") or {}
    cells = [cell_text(row["cells"][place]) for place in shown]
    if style.kind:
        named = next((at for at, place in enumerate(shown) if rows.columns[place].get("format") == "name"), 0)
        cells[named] = f"{style.kind}/{cells[named]}"
    labels = metadata.get("labels") or {}
    before = [metadata.get("namespace", "")] if style.namespaces else []
    after = [labels.get(label, "") for label in style.label_columns]
    if style.labels:
        after.append(",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "<none>")
    return [*before, *cells, *after]


def cell_text(value: Any) -> str:
    """One cell in one line: what follows the first line of a text is left out, and the cut is shown."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    first, *more = str(value).splitlines() or [""]
    return f"{first}..." if more else first.replace("\t", " ")
