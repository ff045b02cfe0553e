"""A connection to an IMAP server (RFC 3501), made when needed, and again when it broke."""

from __future__ import annotations

import imaplib
import re
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from engine.errors import HelpdeskError
from engine.helpdesks.mailbox.login import LoginError, login_of
from engine.helpdesks.mailbox.options import MailboxOptions
from engine.helpdesks.mailbox.wire import (
    Fetched,
    Listed,
    Mark,
    day,
    fetched,
    folder_name,
    internal_date,
    listed,
    mark_in,
    quoted,
)

V = TypeVar("V")

MOST_BYTES: Final = 65_536
"""So much of a mail is read: its headers, and more text than anybody writes."""
_AT_ONCE: Final = 100
_STATUS: Final = "(MESSAGES UIDNEXT UIDVALIDITY)"
_STATUS_COUNTED: Final = "(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)"
_ALL: Final = f"(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]<0.{MOST_BYTES}>)"
_GREETING: Final = re.compile(r"^\* (?:OK|PREAUTH) (?:\[[^\]]*\] ?)?")


class ImapError(HelpdeskError):
    """The server cannot be reached, or refuses something.

    Attributes:
        is_refusal: It answered, and said no.
    """

    def __init__(self, message: str, *, is_refusal: bool = False) -> None:
        super().__init__(message)
        self.is_refusal = is_refusal


class ImapConnection:
    """Asks one mailbox; not to be used by two threads at a time."""

    def __init__(self, name: str, options: MailboxOptions) -> None:
        """Connect to nobody yet; secrets are read for each login, so that they may be renewed."""
        self.name = name
        self._options = options
        self._login = login_of(name, options)
        self._imap: imaplib.IMAP4 | None = None
        self._selected: tuple[str, bool] | None = None
        self._ends_at: float | None = None

    @contextmanager
    def within(self, limit: timedelta) -> Iterator[None]:
        """What is asked in here begins not later than after so long (real time)."""
        self._ends_at = time.monotonic() + limit.total_seconds()
        try:
            yield
        finally:
            self._ends_at = None

    # --- reading ---

    def greeting(self) -> str:
        """What the server says that it is."""
        welcome = self._call(lambda imap: imap.welcome)
        return _GREETING.sub("", _text(welcome)) or "IMAP server"

    def folders(self) -> list[Listed]:
        """All folders of the mailbox."""
        return list(listed(self._ask("LIST", lambda imap: imap.list())))

    def mark(self, folder: str) -> Mark:
        """How a folder stands.

        Raises:
            ImapError: Also where it is not there.
        """
        self._leave(folder)

        def ask(imap: imaplib.IMAP4) -> tuple[str, list[Any]]:
            names = _STATUS_COUNTED if "CONDSTORE" in imap.capabilities else _STATUS
            return imap.status(folder_name(folder), names)  # type: ignore[arg-type]

        answer = self._ask(f"STATUS of folder '{folder}'", ask)
        mark = mark_in(_bytes(answer[0])) if answer else None
        if mark is None:
            raise ImapError(f"{self._place}: STATUS of folder '{folder}' says too little")
        return mark

    def numbers(self, folder: str, since: datetime | None = None) -> list[int]:
        """UIDs of the mails in a folder that nobody has marked as deleted.

        Args:
            folder: Its name.
            since: Only those that the server took on this day or later.
        """
        words = ["UNDELETED", *(["SINCE", day(since)] if since else [])]
        return self._search(folder, words)

    def find(self, folder: str, message_ids: Sequence[str]) -> list[int]:
        """UIDs of the mails that bear one of these ids."""
        if not message_ids:
            return []
        words: list[Any] = ["OR"] * (len(message_ids) - 1)
        for one in message_ids:
            words += ["HEADER", "Message-ID", quoted(one)]
        return self._search(folder, ["UNDELETED", *words])

    def flags(self, folder: str, numbers: Sequence[int]) -> dict[int, frozenset[str]]:
        """UID → flags; what is not there any more is left out."""
        found = self._fetch(folder, numbers, "(UID FLAGS)")
        return {one.uid: one.flags for one in found}

    def mails(self, folder: str, numbers: Sequence[int]) -> Iterator[Fetched]:
        """The beginnings of mails."""
        return self._fetch(folder, numbers, _ALL)

    def takes_keywords(self, folder: str) -> bool:
        """Whether we may write to a folder, and invent keywords."""
        self._select(folder, readonly=False)
        imap = self._connected()
        return not imap.is_readonly and b"\\*" in b" ".join(
            _bytes(one) for one in imap.untagged_responses.get("PERMANENTFLAGS", [])
        )

    # --- writing ---

    def flag(self, folder: str, numbers: Sequence[int], flag: str, *, on: bool) -> None:
        """Set a flag or keyword, or take it away."""
        self._select(folder, readonly=False)
        how = "+FLAGS.SILENT" if on else "-FLAGS.SILENT"
        for some in _portions(numbers):
            self._ask("STORE", lambda imap, some=some: imap.uid("STORE", some, how, f"({flag})"))  # type: ignore[misc]

    def move(self, folder: str, numbers: Sequence[int], target: str) -> None:
        """Move mails to another folder."""
        self._select(folder, readonly=False)
        has_move = "MOVE" in self._connected().capabilities
        for some in _portions(numbers):
            if has_move:
                self._uid("MOVE", some, folder_name(target))
                continue
            self._uid("COPY", some, folder_name(target))
            self._uid("STORE", some, "+FLAGS.SILENT", "(\\Deleted)")
            if "UIDPLUS" in self._connected().capabilities:
                self._uid("EXPUNGE", some)

    def append(self, folder: str, raw: bytes, at: datetime) -> None:
        """Put a mail that has been read into a folder, as taken at `at` (aware)."""
        mailbox: Any = folder_name(folder)
        self._ask(
            f"APPEND to folder '{folder}'",
            lambda imap: imap.append(mailbox, "(\\Seen)", internal_date(at), raw),
            again=False,
        )

    def close(self) -> None:
        """End the session politely, if the server still listens."""
        imap, self._imap, self._selected = self._imap, None, None
        if imap is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                imap.logout()
            with suppress(OSError):
                imap.shutdown()

    # --- asking ---

    def _search(self, folder: str, words: Sequence[object]) -> list[int]:
        self._select(folder, readonly=True)
        found = self._uid("SEARCH", *words)
        return sorted({int(number) for line in found for number in _bytes(line).split()})

    def _fetch(self, folder: str, numbers: Sequence[int], what: str) -> Iterator[Fetched]:
        wanted = set(numbers)
        for some in _portions(numbers):
            self._select(folder, readonly=True)
            for one in fetched(self._uid("FETCH", some, what)):
                if one.uid in wanted:
                    yield one

    def _uid(self, command: str, *words: Any) -> list[Any]:  # noqa: ANN401 - as imaplib has it
        return self._ask(f"UID {command}", lambda imap: imap.uid(command, *words), again=False)

    def _select(self, folder: str, *, readonly: bool) -> None:
        if self._imap is not None and self._selected in ((folder, readonly), (folder, False)):
            return
        name: Any = folder_name(folder)
        self._ask(f"SELECT of folder '{folder}'", lambda imap: imap.select(name, readonly=readonly))
        self._selected = (folder, readonly)

    def _leave(self, folder: str) -> None:
        """Servers need not tell news of the folder that is selected (RFC 3501, 6.3.10)."""
        if self._selected is None or self._selected[0] != folder:
            return
        if "UNSELECT" in self._connected().capabilities:
            self._ask("UNSELECT", lambda imap: imap.unselect())
            self._selected = None

    def _ask(
        self,
        what: str,
        ask: Callable[[imaplib.IMAP4], tuple[str, list[Any]]],
        *,
        again: bool = True,
    ) -> list[Any]:
        """The data of an answer.

        Raises:
            ImapError: There was none, or a refusal.
        """
        status, data = self._call(ask, again=again)
        if status != "OK":
            said = _text(data[0]) if data else "nothing"
            self._drop()  # what a session believes may be what is wrong
            raise ImapError(f"{self._place}: {what}: the server says {said}", is_refusal=True)
        return [one for one in data if one is not None]

    def _call(self, ask: Callable[[imaplib.IMAP4], V], *, again: bool = True) -> V:
        """Ask on the connection that there is; on a new one if that had ended meanwhile.

        Raises:
            ImapError: The server cannot be reached, or does not keep to the protocol.
        """
        if self._ends_at is not None and time.monotonic() > self._ends_at:
            raise ImapError(f"{self._place} is too slow")
        is_used = self._imap is not None
        try:
            return ask(self._connected())
        except imaplib.IMAP4.readonly:
            self._selected = None
            message = f"{self._place}: {self._options.username} may not write to this folder"
            raise ImapError(message, is_refusal=True) from None
        except (imaplib.IMAP4.abort, OSError) as error:
            self._drop()
            if is_used and again:
                return self._call(ask, again=False)
            raise ImapError(f"{self._place} cannot be reached: {_told(error)}") from None
        except (imaplib.IMAP4.error, ValueError) as error:
            self._drop()
            raise ImapError(f"{self._place}: {_told(error)}", is_refusal=True) from None

    def _drop(self) -> None:
        imap, self._imap, self._selected = self._imap, None, None
        if imap is not None:
            with suppress(OSError):
                imap.shutdown()

    def _connected(self) -> imaplib.IMAP4:
        if self._imap is None:
            imap = self._open()
            try:
                if self._options.tls == "starttls":
                    imap.starttls(self._context())
                self._log_in(imap)
            except BaseException:
                with suppress(OSError):
                    imap.shutdown()
                raise
            self._imap = imap
        return self._imap

    def _open(self) -> imaplib.IMAP4:
        host, port = self._options.host, self._options.server_port
        seconds = self._options.timeout.total_seconds()
        if self._options.tls == "tls":
            return imaplib.IMAP4_SSL(host, port, ssl_context=self._context(), timeout=seconds)
        return imaplib.IMAP4(host, port, timeout=seconds)

    def _context(self) -> ssl.SSLContext:
        authorities = self._options.ca_file
        if authorities is None:
            return ssl.create_default_context()
        try:
            return ssl.create_default_context(cafile=str(authorities.path))
        except OSError as error:
            message = f"{self.name}: ca_file {authorities.text} cannot be read: {_told(error)}"
            raise ImapError(message) from None

    def _log_in(self, imap: imaplib.IMAP4) -> None:
        try:
            self._login.into(imap)
        except LoginError as error:
            message = f"{self._place}: {error}" if error.is_refusal else f"{self.name}: {error}"
            raise ImapError(message, is_refusal=error.is_refusal) from None
        _learn_capabilities(imap)

    @property
    def _place(self) -> str:
        return f"{self.name}: {self._options.host}:{self._options.server_port}"


def _learn_capabilities(imap: imaplib.IMAP4) -> None:
    """After the login a server can do more than before."""
    _, told = imap.capability()
    imap.capabilities = tuple(_bytes(told[-1]).decode("ascii", "replace").upper().split())


def _portions(numbers: Sequence[int]) -> Iterator[str]:
    for first in range(0, len(numbers), _AT_ONCE):
        yield ",".join(map(str, numbers[first : first + _AT_ONCE]))


def _bytes(answer: object) -> bytes:
    if isinstance(answer, tuple):
        return b"".join(_bytes(piece) for piece in answer)
    return answer if isinstance(answer, bytes) else str(answer).encode()


def _text(answer: object) -> str:
    return " ".join(_bytes(answer).decode("utf-8", "replace").split())[:200]


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
