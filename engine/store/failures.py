"""What can go wrong with a database, as one clear line each."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from engine.errors import StoreBusyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator


class StoreUrlError(StoreError):
    """The URL names no store that we know how to use."""


class StoreUnreachableError(StoreError):
    """No server answers there, or the file cannot be opened or made."""


class StoreMissingError(StoreUnreachableError):
    """There is no such file, and nobody asked to make it."""


class StoreCorruptError(StoreError):
    """The file is no database, or a damaged one."""


class StoreLockedError(StoreError):
    """Another daemon uses this store."""


class SchemaTooNewError(StoreError):
    """A newer program has changed the database in a way that this one does not know."""


class SchemaOutdatedError(StoreError):
    """The database has not been migrated to what this program needs."""


class _Fault(NamedTuple):
    """An error class of ours, and its words; `{}` is what the driver says."""

    kind: type[StoreError]
    words: str


_BUSY: Final = _Fault(StoreBusyError, "is busy: {}; trying again is safe")
_CORRUPT: Final = _Fault(
    StoreCorruptError,
    "is damaged or no database at all ({});"
    " restore it from a backup, or move the file away to begin anew",
)
_NO_RIGHTS: Final = _Fault(
    StoreUnreachableError,
    "cannot be opened or written ({}); check the rights of the file and of its folder",
)
_FULL: Final = _Fault(StoreError, "cannot grow ({}); make room on the disk")
_UNREACHABLE: Final = _Fault(
    StoreUnreachableError, "cannot be reached ({}); check the URL, and that the server runs"
)
_OUTDATED: Final = _Fault(SchemaOutdatedError, "lacks a table ({}); run `escalatord migrate`")
_READ_ONLY: Final = _Fault(StoreError, "was written to in a reading transaction ({})")
_OTHER: Final = _Fault(StoreError, "says: {}")

_SQLITE: Final = {  # by primary result code
    5: _BUSY,  # SQLITE_BUSY
    6: _BUSY,  # SQLITE_LOCKED
    8: _NO_RIGHTS,  # SQLITE_READONLY
    11: _CORRUPT,  # SQLITE_CORRUPT
    13: _FULL,  # SQLITE_FULL
    14: _NO_RIGHTS,  # SQLITE_CANTOPEN
    26: _CORRUPT,  # SQLITE_NOTADB
}
_SQLITE_READ_ONLY: Final = 8
_SQLITE_ERROR: Final = 1  # anything wrong with a statement
_PRIMARY_CODE: Final = 0xFF  # extended result codes keep the primary one in the low byte

_POSTGRES: Final = {  # by SQLSTATE
    "25006": _READ_ONLY,  # read_only_sql_transaction
    "40001": _BUSY,  # serialization_failure
    "40P01": _BUSY,  # deadlock_detected
    "42P01": _OUTDATED,  # undefined_table
    "53100": _FULL,  # disk_full
    "55P03": _BUSY,  # lock_not_available
}


@contextmanager
def translated(where: str, *, is_reading: bool = False) -> Iterator[None]:
    """Turn what the database says into errors of ours.

    Args:
        where: The store, as a person knows it (no password).
        is_reading: Nothing may be written, whatever the rights.

    Raises:
        StoreBusyError: The same work may simply be tried again.
        StoreError: It may not.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreBusyError(f"store {where} is busy: no connection came free in time") from error
    except DBAPIError as error:
        fault = _fault(error, is_reading=is_reading)
        words = fault.words.format(_first_line(error.orig))
        raise fault.kind(f"store {where} {words}") from error


def _fault(error: DBAPIError, *, is_reading: bool) -> _Fault:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is None:
        return _postgres_fault(error)
    primary = code & _PRIMARY_CODE
    if primary == _SQLITE_READ_ONLY and is_reading:
        return _READ_ONLY
    if primary == _SQLITE_ERROR and "no such table" in str(error.orig):
        return _OUTDATED
    return _SQLITE.get(primary, _OTHER)


def _postgres_fault(error: DBAPIError) -> _Fault:
    state = getattr(error.orig, "sqlstate", None)
    if state is None and isinstance(error, OperationalError):  # it did not come from a server
        return _UNREACHABLE
    return _POSTGRES.get(state or "", _OTHER)


def _first_line(error: object) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
