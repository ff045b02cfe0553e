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
@click.option("--openapi", "is_openapi", is_flag=True, help="What the intake takes over HTTP.")
@debug_option
def schema_command(name: str | None, *, is_openapi: bool) -> int:
    """Print the JSON Schema of rule files, for your editor.

    With --contract, that of a document which programs outside rely on. With --openapi, what other
    systems may send us over HTTP, as OpenAPI 3.1.
    """
    if is_openapi:
        return _print_openapi(name)
    if name is None:
        from engine.rulebook.schema import rules_schema

        print_json(rules_schema())
        return GOOD
    if name not in CONTRACTS:
        raise UsageError(f"there is no contract '{name}': --contract takes {', '.join(CONTRACTS)}")
    print_json(CONTRACTS[name]())
    return GOOD


def _print_openapi(contract: str | None) -> int:
    if contract is not None:
        raise UsageError("--openapi and --contract name different documents: leave out one of them")
    from engine.intake.openapi import openapi

    print_json(openapi())
    return GOOD
