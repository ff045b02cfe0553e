"""The command line: one module for each group of verbs; exit codes; no logic.

0 good; 1 what was checked is bad; 2 could not run; 3 warnings under ``--strict``; 78 no usable
configuration.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import click

from engine import __version__
from engine.errors import ConfigError, EscalatordError

DEFAULT_CONFIG = "config.yaml"
GOOD, BAD, COULD_NOT_RUN, WARNINGS, NO_CONFIGURATION = 0, 1, 2, 3, 78

VERBS = {
    "run": "engine.cli.running",
    "once": "engine.cli.running",
    "import": "engine.cli.storing",
    "migrate": "engine.cli.storing",
    "check": "engine.cli.rules",
    "explain": "engine.cli.telling",
    "status": "engine.cli.telling",
    "outbox": "engine.cli.telling",
    "schema": "engine.cli.telling",
    "ack": "engine.cli.acting",
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


def config_option(function: Callable[..., int]) -> Callable[..., int]:
    """``--config FILE``, wherever a person writes it."""
    return click.option(
        "--config",
        "config",
        type=click.Path(path_type=Path),
        default=None,
        help="The config file (default: config.yaml here).",
    )(function)


def config_path(ctx: click.Context, given: Path | None) -> Path:
    """The config file that was named before or after the verb, else the default."""
    before = ctx.find_root().params.get("config")
    return given or before or Path(DEFAULT_CONFIG)


@click.command("escalatord", cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="escalatord")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=None,
    help="The config file (default: config.yaml here).",
)
def group(config: Path | None) -> None:
    """Watch a helpdesk, escalate what waits too long, and keep customers informed meanwhile."""
    del config


def main(arguments: list[str] | None = None) -> None:
    """Run one verb, and end with its exit code; errors are one clear line, never a traceback."""
    try:
        code = group.main(arguments, prog_name="escalatord", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(COULD_NOT_RUN)
    except click.ClickException as error:
        error.show()
        sys.exit(COULD_NOT_RUN)
    except ConfigError as error:
        _complain(error)
        sys.exit(NO_CONFIGURATION)
    except EscalatordError as error:
        _complain(error)
        sys.exit(NO_CONFIGURATION if _is_about_configuration(error) else COULD_NOT_RUN)
    except BrokenPipeError:
        sys.exit(COULD_NOT_RUN)
    sys.exit(code if isinstance(code, int) else GOOD)


def _complain(error: EscalatordError) -> None:
    for line in str(error).splitlines():
        click.echo(f"escalatord: {line}" if not line.startswith(" ") else line, err=True)


def _is_about_configuration(error: EscalatordError) -> bool:
    """A store that this program is too old for, or a URL that makes no sense, is configuration."""
    return type(error).__name__ in {"SchemaTooNewError", "StoreUrlError"}
