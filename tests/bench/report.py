"""What was measured, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.bench.measuring import Result

FACTORS: Final = {"ms": 1e3, "µs": 1e6}
HEADINGS: Final = ("case", "tickets", "database", "contender", "median", "min", "max", "ratio")
_LEFT: Final = frozenset({0, 2, 3})


@dataclass(frozen=True)
class Growth:
    """How much longer the product takes for more tickets."""

    case: str
    database: str
    smaller: int
    larger: int
    factor: float


def growth_of(results: Sequence[Result], case: str) -> list[Growth]:
    """From the smallest to the largest size that was measured, on each database."""
    found: list[Growth] = []
    for database in dict.fromkeys(one.database for one in results if one.case == case):
        of_sizes = {r.size: r for r in results if r.case == case and r.database == database}
        sizes = sorted(size for size in of_sizes if size is not None)
        if database is None or len(sizes) <= 1:
            continue
        small, large = of_sizes[sizes[0]], of_sizes[sizes[-1]]
        factor = large.series[0].median / small.series[0].median
        found.append(Growth(case, database, sizes[0], sizes[-1], factor))
    return found


def table(results: Iterable[Result]) -> str:
    """Aligned lines; `ratio` is the product's median over the contender's."""
    rows = [row for result in results for row in _rows(result)]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(row, widths) for row in (HEADINGS, rule, *rows))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (
        cell.ljust(width) if place in _LEFT else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(cells).rstrip()


def _rows(result: Result) -> list[tuple[str, ...]]:
    factor = FACTORS[result.unit]
    return [
        (
            result.case if place == 0 else "",
            f"{result.size:,}" if result.size and place == 0 else "",
            (result.database or "") if place == 0 else "",
            one.name,
            *(
                f"{_short(seconds * factor)} {result.unit}"
                for seconds in (one.median, min(one.samples), max(one.samples))
            ),
            _short(result.ratio(one)),
        )
        for place, one in enumerate(result.series)
    ]


def _short(number: float) -> str:
    """Three digits that count."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.{1 if number >= 10 else 2 if number >= 1 else 4 if number < 0.1 else 3}f}"


def as_json(results: Sequence[Result], growth: Sequence[Growth], versions: dict[str, str]) -> str:
    """All samples, with where and when they were taken."""
    return json.dumps(
        {
            "measured_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "machine": {
                "processor": _processor(),
                "cores": os.cpu_count(),
                "load": list(os.getloadavg()),
                "python": platform.python_version(),
                **versions,
            },
            "cases": [_case(result) for result in results],
            "growth": [vars(one) for one in growth],
        },
        indent=1,
        ensure_ascii=False,
    )


def _case(result: Result) -> dict[str, object]:
    return {
        "case": result.case,
        "database": result.database,
        "tickets": result.size,
        "did": result.did,
        "contenders": [
            {
                "name": one.name,
                "seconds": {
                    "median": one.median,
                    "min": min(one.samples),
                    "max": max(one.samples),
                    "samples": one.samples,
                },
                "ratio": result.ratio(one),
            }
            for one in result.series
        ],
    }


def machine() -> str:
    """The machine in one line."""
    one, five, _ = os.getloadavg()
    return (
        f"{os.cpu_count()} × {_processor()}, load {one:.1f} (5 min: {five:.1f}),"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
