"""Columns, as Go's tabwriter makes them."""

from __future__ import annotations

import pytest

from sampan.cli.tabs import align, table


@pytest.mark.parametrize(
    ("text", "aligned"),
    [
        ("Name:\tweb\nNamespace:\tdefault", "Name:       web\nNamespace:  default"),
        # A line without a tab ends a column: what follows has its own width.
        ("a:\t1\nlong line without any\nbbbb:\t2", "a:  1\nlong line without any\nbbbb:  2"),
        # An empty last cell leaves the padding before it.
        ("IP:\t\nIPs:\t<none>", "IP:   \nIPs:  <none>"),
        # A line may begin with an empty cell.
        ("Labels:\ta=b\n\tc=d", "Labels:  a=b\n         c=d"),
        # A third column only among the lines that have it.
        ("a\tb\tc\naa\tbbb\naaa\tb\tc", "a    b  c\naa   bbb\naaa  b  c"),
    ],
)
def test_align(text: str, aligned: str) -> None:
    assert align(text) == aligned


def test_a_table_has_three_spaces_and_no_narrow_columns() -> None:
    assert (
        table([["one", "0/2", "0", "1s"], ["three", "1/1", "10", "2s"]])
        == "one     0/2   0     1s\nthree   1/1   10    2s\n"
    )
