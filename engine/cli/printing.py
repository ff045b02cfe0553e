"""Results on stdout: one JSON document, or lines for a person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import click


def print_json(document: Mapping[str, object]) -> None:
    """One document, and nothing else."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_lines(lines: Iterable[str]) -> None:
    """For a person to read."""
    for line in lines:
        click.echo(line)
