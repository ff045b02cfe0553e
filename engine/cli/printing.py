"""Results on stdout: one JSON document, or lines for a person."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping

import click


def print_json(document: Mapping[str, object]) -> None:
    """One document, and nothing else; in ASCII where the terminal knows no UTF-8."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(document, indent=2, ensure_ascii=not is_utf8))


def print_lines(lines: Iterable[str]) -> None:
    """For a person to read."""
    for line in lines:
        click.echo(line)
