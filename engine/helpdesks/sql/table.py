"""A query of the config file, asked as if it were a table: page by page, or by keys.

The query stays as it is and becomes a part of a larger one, which the database plans as a whole:
`SELECT … FROM (query) WHERE … LIMIT …`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Subquery,
    and_,
    bindparam,
    column,
    false,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.types import NullType

from engine.errors import HelpdeskError
from engine.helpdesks.options import nearest
from engine.helpdesks.sql.database import Database
from engine.helpdesks.sql.statement import Statement

if TYPE_CHECKING:
    from sqlalchemy import TextClause

PAGE: Final = 1000
"""Rows that are asked for at a time."""
KEYS: Final = 400
"""Keys that are asked for at a time; some databases take no more than 999 values."""
_BEGINNINGS: Final = (0, "1970-01-01 00:00:00")
"""What is earlier than any row, be it for a column of numbers, of texts or of dates."""
_MOST_NAMED: Final = 30
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Raw = tuple[Any, ...]
"""A row as the database gives it: the wanted columns, in their order."""


class Table:
    """What a query answers.

    Attributes:
        place: Where the query stands in the config file.
    """

    def __init__(
        self, database: Database, helpdesk: str, place: str, query: Statement, wanted: Sequence[str]
    ) -> None:
        """Ask nothing yet.

        Args:
            database: Where it is asked.
            helpdesk: The helpdesk's name.
            place: Where the query stands in the config file: ``tickets.query``.
            query: The query.
            wanted: Columns that it must have; rows have them in this order.
        """
        self.place = place
        self._database = database
        self._helpdesk = helpdesk
        self._query = query
        self._wanted = tuple(dict.fromkeys(wanted))
        self._names: dict[str, str] | None = None
        self._samples: dict[str, object] = {}
        self._beginning: object = None
        self._knows_beginning = "since" not in query.binds

    def position(self, name: str) -> int:
        """Where rows have a column."""
        return self._wanted.index(name)

    def page(
        self, by: Sequence[str], after: Sequence[object] | None, since: object = None
    ) -> list[Raw]:
        """The next rows in an order; rows with NULL in the order are left out.

        Args:
            by: Columns: the order, unique as a whole.
            after: Values of these in the last row of the page before; None for the first page.
            since: What ``:since`` stands for; None for the beginning.
        """
        rows, columns = self._source()
        keys = [columns[name] for name in by]
        asked = select(*columns.values()).select_from(rows).order_by(*keys).limit(PAGE)
        asked = asked.where(*(key.is_not(None) for key in keys))
        if after is not None:
            asked = asked.where(_beyond(keys, after))
        return self._rows(asked, since)

    def last(self, by: Sequence[str], count: int = PAGE) -> list[Raw]:
        """The last rows in an order, the last one first."""
        rows, columns = self._source()
        keys = [columns[name] for name in by]
        asked = select(*columns.values()).select_from(rows).limit(count)
        asked = asked.where(*(key.is_not(None) for key in keys))
        return self._rows(asked.order_by(*(key.desc() for key in keys)), None)

    def without(self, name: str, by: str, after: object) -> list[Raw]:
        """The next rows, by a key, whose column of stamps holds none: NULL, or a zero date."""
        rows, columns = self._source()
        key = columns[by]
        asked = select(*columns.values()).select_from(rows).order_by(key).limit(PAGE)
        is_unset: ColumnElement[bool] = columns[name].is_(None)
        zero = _before_all(self.sample(name))
        if zero is not None:
            is_unset = or_(is_unset, columns[name] < _bound(zero))
        asked = asked.where(is_unset, key.is_not(None))
        if after is not None:
            asked = asked.where(key > _bound(after))
        return self._rows(asked, None)

    def sample(self, name: str) -> object:
        """Some value of a column that holds one, looked up once; None where there is none."""
        if self._samples.get(name) is None:
            rows, columns = self._source()
            asked = select(*columns.values()).select_from(rows).limit(1)
            found = self._rows(asked.where(columns[name].is_not(None)), None)
            self._samples[name] = found[0][self.position(name)] if found else None
        return self._samples[name]

    def having(self, name: str, keys: Iterable[object]) -> Iterator[Raw]:
        """All rows whose column holds one of the keys."""
        wanted = list(keys)
        for start in range(0, len(wanted), KEYS):
            rows, columns = self._source()
            some = bindparam(None, wanted[start : start + KEYS], NullType(), expanding=True)
            asked = select(*columns.values()).select_from(rows).where(columns[name].in_(some))
            yield from self._rows(asked, None)

    def any_row(self) -> Raw | None:
        """Some row; None where there is none."""
        rows, columns = self._source()
        found = self._rows(select(*columns.values()).select_from(rows).limit(1), None)
        return found[0] if found else None

    def single(self, key: object) -> list[Raw]:
        """What the query answers for ``:id``."""
        names, found = self._database.rows(self.place, text(self._query.text), {"id": key})
        positions = [names.index(self._named(names)[name]) for name in self._wanted]
        return [tuple(row[position] for position in positions) for row in found]

    def _rows(self, asked: Select[Any], since: object) -> list[Raw]:
        values: dict[str, object] = {}
        if "since" in self._query.binds:
            values["since"] = self._earliest() if since is None else since
        try:
            _, found = self._database.rows(self.place, asked, values)
        except HelpdeskError:
            self._names, self._samples = (
                None,
                {},
            )  # the columns may be others by now: the next question tells
            raise
        return [tuple(row) for row in found]

    def _earliest(self) -> object:
        """What stands for ``:since`` where everything is wanted.

        What is earlier than everything depends on the column's type, which only the database knows:
        the first value by which there are rows is the one.
        """
        if self._knows_beginning:
            return self._beginning
        fault: HelpdeskError | None = None
        for value in _BEGINNINGS:
            asked: Select[Any] = (
                select(literal_column("1")).select_from(self._subquery([])).limit(1)
            )
            try:
                _, found = self._database.rows(self.place, asked, {"since": value})
            except HelpdeskError as error:
                fault = error
                continue
            self._beginning, fault = value, None
            if found:
                self._knows_beginning = True
                break
        if fault is not None and self._beginning is None:
            raise fault
        return self._beginning

    def _source(self) -> tuple[Subquery, dict[str, ColumnElement[Any]]]:
        if self._names is None:
            self._names = self._looked_up()
        rows = self._subquery(list(self._names.values()))
        columns: dict[str, ColumnElement[Any]] = {
            name: rows.c[actual] for name, actual in self._names.items()
        }
        return rows, columns

    def _subquery(self, names: Iterable[str]) -> Subquery:
        return self._text().columns(*(column(name) for name in dict.fromkeys(names))).subquery("q")

    def _text(self) -> TextClause:
        # On lines of its own, so that a comment at its end ends there.
        clause = text(f"\n{self._query.text}\n")
        if "since" in self._query.binds:
            return clause.bindparams(bindparam("since", type_=NullType()))
        return clause

    def _looked_up(self) -> dict[str, str]:
        """Wanted column → how the database names it."""
        rows = self._subquery([])
        asked: Select[Any] = select(literal_column("*")).select_from(rows).where(false())
        values = {"since": self._earliest()} if "since" in self._query.binds else {}
        names, _ = self._database.rows(self.place, asked, values)
        return self._named(names)

    def _named(self, names: Sequence[str]) -> dict[str, str]:
        folded: dict[str, list[str]] = {}
        for name in names:
            folded.setdefault(name.casefold(), []).append(name)
        found = {
            name: name if name in names else folded[name.casefold()][0]
            for name in self._wanted
            if name.casefold() in folded
        }
        head = f"helpdesk '{self._helpdesk}': {self.place}"
        missing = [name for name in self._wanted if name not in found]
        if missing:
            near = ((name, nearest(name, names)) for name in missing)
            said = [f"'{name}'" + (f" (did you mean '{n}'?)" if n else "") for name, n in near]
            there = ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
            raise HelpdeskError(f"{head} has no column {', '.join(said)}; it has: {there}")
        doubled = [name for name in found.values() if list(names).count(name) > 1]
        if doubled:
            raise HelpdeskError(f"{head} has two columns '{doubled[0]}'; name them apart with AS")
        return found


def _before_all(stamp: object) -> object:
    """A value that all stamps of this one's type are later than, and all zero dates earlier.

    None where there is none: whole days, say, of which nobody makes zero dates.
    """
    if isinstance(stamp, datetime):
        return datetime(1971, 1, 1, tzinfo=stamp.tzinfo)
    if isinstance(stamp, (int, float, Decimal)):
        return int((datetime(1971, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
    return "1971" if isinstance(stamp, str) else None


def _bound(value: object) -> BindParameter[Any]:
    """A value that goes back to the column it came from: the database knows its type."""
    return bindparam(None, value, NullType(), unique=True)


def _beyond(keys: Sequence[ColumnElement[Any]], after: Sequence[object]) -> ColumnElement[bool]:
    """Rows behind a place in an order."""
    ways = []
    for number, key in enumerate(keys):
        same = [before == _bound(value) for before, value in zip(keys, after, strict=False)][
            :number
        ]
        ways.append(and_(*same, key > _bound(after[number])))
    # Said once more for those that find no index for the alternatives.
    return and_(keys[0] >= _bound(after[0]), or_(*ways))
