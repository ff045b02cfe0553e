"""All files of a helpdesk, read as one."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from engine.errors import HelpdeskError
from engine.helpdesks.file.following import Change, FollowedFile, Rejection
from engine.helpdesks.file.options import FileOptions
from engine.helpdesks.file.record import CsvParser, JsonLinesParser, Parser
from engine.helpdesks.file.timeline import Timeline
from engine.helpdesks.rows.mapping import RowReader

_JSON_SUFFIXES: Final = frozenset({".jsonl", ".ndjson"})


class Source:
    """What the files of a helpdesk hold.

    Attributes:
        timeline: Their rows, as of the last look.
    """

    def __init__(self, helpdesk: str, options: FileOptions, reader: RowReader) -> None:
        """Look at nothing yet.

        Args:
            helpdesk: Name of the helpdesk.
            options: Where the files are, and how they are written.
            reader: Understands their records.
        """
        self.timeline = Timeline()
        self._helpdesk = helpdesk
        self._options = options
        self._reader = reader
        self._files: dict[Path, FollowedFile] = {}
        self._touched: set[str] = set()
        self._is_stale = False

    def look(self) -> set[str]:
        """Bring the timeline up to what the files hold now.

        Returns:
            Ids of the tickets whose rows may have changed.

        Raises:
            HelpdeskError: A file cannot be read.
        """
        paths = self._paths()
        for path in self._files.keys() - set(paths):
            del self._files[path]
            self._is_stale = True
        for path in paths:
            self._follow(path)
        if self._is_stale:
            self._begin_anew()
        touched, self._touched = self._touched, set()
        return touched

    def rejections(self, settled: Mapping[str, object]) -> Iterator[Rejection]:
        """Rows that were not taken, in the order of the files.

        Args:
            settled: What `unsettled` said the last time: the last line of a file that has not
                changed since will not be finished any more.
        """
        for _, file in sorted(self._files.items()):
            found = list(file.rejections)
            if file.unfinished and settled.get(file.shown) == file.seen_as:
                found.append(file.unfinished)
            yield from sorted(found, key=lambda each: each.row.line)

    def unsettled(self) -> dict[str, object]:
        """How each file looked that ends in an unfinished line; JSON values."""
        return {file.shown: file.seen_as for file in self._files.values() if file.seen_as}

    def _begin_anew(self) -> None:
        self._touched.update(self.timeline.tickets)
        self.timeline = Timeline(
            row for path in sorted(self._files) for row in self._files[path].rows
        )
        self._touched.update(self.timeline.tickets)
        self._is_stale = False

    def _follow(self, path: Path) -> None:
        """Look at a file; what was found is kept even if the next one cannot be read."""
        file = self._files.get(path) or self._new_file(path)
        try:
            change = file.look()
        except OSError as error:
            raise HelpdeskError(
                f"helpdesk '{self._helpdesk}': cannot read {file.shown}: {error.strerror};"
                " correct `path`, or let the daemon's user read it"
            ) from None
        except HelpdeskError as error:
            raise HelpdeskError(f"helpdesk '{self._helpdesk}': {error}") from None
        self._files[path] = file
        if change and change.is_anew:
            self._is_stale = True
        elif change:
            self._take(change)

    def _take(self, change: Change) -> None:
        if change.dropped:
            self.timeline.drop(change.dropped)
            self._touched.add(change.dropped.ticket)
        self.timeline.add(change.added)
        self._touched.update(row.ticket for row in change.added)

    def _new_file(self, path: Path) -> FollowedFile:
        shown = self._options.path.show(path)
        return FollowedFile(path, shown, self._reader, lambda: self._parser(path))

    def _paths(self) -> list[Path]:
        """The files that there are, sorted; without the one that we write.

        Raises:
            HelpdeskError: There is none.
        """
        wanted = self._options.path.path
        if not self._options.has_wildcards or wanted.exists():
            return [wanted]
        ours = self._options.actions_path(self._helpdesk)
        found = glob.iglob(str(wanted), recursive=True)  # noqa: PTH207  the whole path may be one
        paths = sorted(path for path in map(Path, found) if path != ours and path.is_file())
        if not paths:
            raise HelpdeskError(
                f"helpdesk '{self._helpdesk}': no file is named {self._options.path.text};"
                " correct `path`"
            )
        return paths

    def _parser(self, path: Path) -> Parser:
        options = self._options
        if path.suffix.lower() in _JSON_SUFFIXES:
            return JsonLinesParser(self._reader.wanted, options.encoding)
        return CsvParser(self._reader.wanted, options.encoding, options.delimiter)
