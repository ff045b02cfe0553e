"""Results on stdout: one JSON document, or lines for a person."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import click

WIDTH: Final = 80
"""Columns, where nobody says otherwise."""
_PLAIN: Final = str.maketrans(
    {"✓": "+", "✗": "-", "—": "-", "–": "-", "·": "-", "…": "...", "“": '"', "”": '"'}
)


@dataclass(frozen=True, slots=True)
class Paper:
    """What lines are written on.

    Attributes:
        width: Columns.
        is_coloured: A terminal that shows colours, to a person who wants them.
    """

    width: int = WIDTH
    is_coloured: bool = False


def paper() -> Paper:
    """What stdout is: a terminal as wide as it says, or a file or pipe without colours."""
    if not sys.stdout.isatty():
        return Paper()
    columns = shutil.get_terminal_size((WIDTH, 24)).columns
    return Paper(width=max(40, min(columns, 120)), is_coloured="NO_COLOR" not in os.environ)


def print_json(document: Mapping[str, object]) -> None:
    """One document, and nothing else; in ASCII where the terminal knows no UTF-8."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(document, indent=2, ensure_ascii=not is_utf8))


def print_lines(lines: Iterable[str]) -> None:
    """For a person to read; our own marks become ASCII where the terminal lacks them."""
    for line in lines:
        click.echo(line if _can_show(line) else line.translate(_PLAIN))


def _can_show(line: str) -> bool:
    try:
        line.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
