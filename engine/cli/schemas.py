"""The verb `schema`: what programs outside rely on, as JSON Schema."""

from __future__ import annotations

import click

from engine.cli import debug_option
from engine.cli.complaints import GOOD
from engine.cli.printing import print_json
from engine.errors import UsageError
from engine.insight.contracts import CONTRACTS


@click.command("schema")
@click.option("--contract", "name", metavar="NAME", help=f"One of {', '.join(CONTRACTS)}.")
@debug_option
def schema_command(name: str | None) -> int:
    """Print the JSON Schema of a document that programs outside rely on."""
    if name is None or name not in CONTRACTS:
        asked = f"there is no contract '{name}'" if name else "say which contract"
        raise UsageError(f"{asked}: --contract takes {', '.join(CONTRACTS)}")
    print_json(CONTRACTS[name]())
    return GOOD
