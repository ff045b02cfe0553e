"""What a person is told when a verb cannot do its work, and with which code it ends."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import Final

import click

from engine.errors import ConfigError, EscalatordError

GOOD, BAD, COULD_NOT_RUN, WARNINGS, NO_CONFIGURATION = 0, 1, 2, 3, 78
INTERRUPTED: Final = 130

DEBUG: Final = "engine.cli.debug"
"""Where a context keeps that tracebacks are wanted."""
DEBUG_VARIABLE: Final = "ESCALATORD_DEBUG"

_CONFIGURATION: Final = frozenset({"SchemaTooNewError", "StoreUrlError"})
"""A store that this program is too old for, or a URL that makes no sense, is configuration. By
name: the store, which has them, is heavy to import."""


def complain(error: BaseException, *, debug: bool = False) -> int:
    """Say on stderr what is wrong, where, and what to do; gives the exit code.

    Args:
        error: What ended the verb.
        debug: Show also where in the program it came from.
    """
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return COULD_NOT_RUN
    if isinstance(error, click.ClickException):
        error.show()
        return COULD_NOT_RUN
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        return INTERRUPTED
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        return _stop_writing()
    if debug or os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    if isinstance(error, EscalatordError):
        return _complain_of_ours(error)
    return _complain_of_a_defect(error)


def _complain_of_ours(error: EscalatordError) -> int:
    for fault in getattr(error, "faults", ()):
        click.echo(fault, err=True)
    for line in str(error).splitlines():
        click.echo(f"escalatord: {line}", err=True)
    is_configuration = isinstance(error, ConfigError) or type(error).__name__ in _CONFIGURATION
    return NO_CONFIGURATION if is_configuration else COULD_NOT_RUN


def _complain_of_a_defect(error: BaseException) -> int:
    what = " ".join(str(error).split())
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {os.path.relpath(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    click.echo(
        f"escalatord: internal error: {type(error).__name__}: {what}{where};"
        " please report it with what --debug shows",
        err=True,
    )
    return COULD_NOT_RUN


def _stop_writing() -> int:
    """Whoever read our output has had enough: nothing more is written, not even at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    return COULD_NOT_RUN
