"""The command line: one module for each group of verbs; exit codes; no logic.

0 good; 1 what was checked is bad; 2 could not run; 3 warnings under ``--strict``; 78 no usable
configuration.
"""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Callable
from pathlib import Path

import click

from engine import __version__
from engine.cli.complaints import DEBUG, GOOD, complain

DEFAULT_CONFIG = "config.yaml"

VERBS = {
    "init": "engine.cli.beginning",
    "run": "engine.cli.running",
    "once": "engine.cli.running",
    "import": "engine.cli.storing",
    "migrate": "engine.cli.storing",
    "check": "engine.cli.rules",
    "test": "engine.cli.rule_testing",
    "plan": "engine.cli.planning",
    "graph": "engine.cli.drawing",
    "explain": "engine.cli.telling",
    "status": "engine.cli.telling",
    "outbox": "engine.cli.outboxing",
    "schema": "engine.cli.schemas",
    "ack": "engine.cli.acting",
    "reload": "engine.cli.reloading",
    "silence": "engine.cli.silencing",
    "template": "engine.cli.templates",
    "helpdesk": "engine.cli.helpdesks",
}
"""Verb → the module that has it; each is imported only when it is asked for."""


class Verbs(click.Group):
    """Loads the module of a verb when the verb is used, so that each starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in the order of the manual."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name."""
        del ctx
        module = VERBS.get(cmd_name)
        if module is None:
            return None
        found = getattr(importlib.import_module(module), f"{cmd_name}_command")
        return found if isinstance(found, click.Command) else None

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; whatever goes wrong is told here, and ends in an exit code."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, SystemExit):
            raise
        except Exception as error:  # noqa: BLE001 - the one place that turns errors into exit codes
            return complain(error, debug=bool(ctx.meta.get(DEBUG)))


def config_option(function: Callable[..., object]) -> Callable[..., object]:
    """``--config FILE`` and ``--debug``, wherever a person writes them."""
    config = click.option(
        "--config",
        type=click.Path(path_type=Path),
        default=None,
        help=f"The config file (default: {DEFAULT_CONFIG} here).",
    )
    return config(debug_option(function))


def debug_option(function: Callable[..., object]) -> Callable[..., object]:
    """``--debug``: errors come with their traceback."""
    return click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        callback=_remember_debug,
        help="Show where in the program an error came from.",
    )(function)


def _remember_debug(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        ctx.meta[DEBUG] = True


def config_path(ctx: click.Context, given: Path | None) -> Path:
    """The config file that was named after the verb or before it, else the default."""
    return named_config(ctx, given) or Path(DEFAULT_CONFIG)


def named_config(ctx: click.Context, given: Path | None) -> Path | None:
    """The config file that was named after the verb or before it; None if none was."""
    outer = ctx.parent
    while given is None and outer is not None:
        given, outer = outer.params.get("config"), outer.parent
    return given


@click.command("escalatord", cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="escalatord")
@config_option
def group(config: Path | None) -> None:
    """Watch a helpdesk, escalate what waits too long, and keep customers informed meanwhile."""
    del config


def main(arguments: list[str] | None = None) -> None:
    """Run one verb, and end with its exit code; errors are one clear line, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may lack some of our characters
            stream.reconfigure(errors="backslashreplace")
    try:
        code = group.main(arguments, prog_name="escalatord", standalone_mode=False)
    except (click.ClickException, click.Abort) as error:  # before there was a verb to run
        code = complain(error)
    sys.exit(code if isinstance(code, int) else GOOD)
