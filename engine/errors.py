"""Errors that the whole program shares: what was wrong, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


class EscalatordError(Exception):
    """Base of every error that is shown to a person as one clear line."""


class ConfigError(EscalatordError):
    """The configuration cannot be used (exit code 78)."""


class UsageError(EscalatordError):
    """The command cannot run: unknown ticket, unreadable file, nothing found (exit code 2)."""


class StoreError(EscalatordError):
    """The store cannot be opened, migrated or written."""


class StoreBusyError(StoreError):
    """A serialisation failure, deadlock or busy answer: the same batch may be tried again."""


class HelpdeskError(EscalatordError):
    """A helpdesk cannot be read or written just now."""


class MessageError(EscalatordError):
    """A message to a customer cannot be put into words; a broken text is never sent."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a file that people edit, with its place.

    Attributes:
        file: The path as the person named it.
        line: Line, from 1.
        column: First column, from 1.
        end_column: The column after the last one, from 1.
        severity: ``error`` or ``warning``.
        code: Stable name of the fault, as in ``error[unknown-key]``.
        message: What is wrong.
        help: What to do about it; empty when the message says it all.
        rule: Id of the rule concerned, if any.
    """

    file: str
    line: int
    column: int
    end_column: int
    severity: str
    code: str
    message: str
    help: str = ""
    rule: str | None = None
