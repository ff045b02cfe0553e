"""The verb `schema`: rule files, and what programs outside rely on, as JSON Schema."""

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
    """Print the JSON Schema of rule files, for your editor.

    With --contract, that of a document which programs outside rely on.
    """
    if name is None:
        from engine.rulebook.schema import rules_schema

        print_json(rules_schema())
        return GOOD
    if name not in CONTRACTS:
        raise UsageError(f"there is no contract '{name}': --contract takes {', '.join(CONTRACTS)}")
    print_json(CONTRACTS[name]())
    return GOOD
