"""``python -m tests.bench``: measure the product beside what the machine can do.

Fails (exit 1) when contenders come to different answers, never for how long they take.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

from engine.pipeline.evaluate import Policy
from engine.store import SqlStore
from tests.bench import cases
from tests.bench.databases import Database, Postgres, Sqlite, postgres
from tests.bench.measuring import Result, WrongAnswerError
from tests.bench.product import read_rules
from tests.bench.report import as_json, growth_of, machine, table
from tests.bench.workload import Issue, generate

SIZES = (10_000, 100_000)
ROUNDS = 7
SMOKE_SIZES = (10_000,)
SMOKE_ROUNDS = 3
JSON_FILE = Path("bench-results/bench.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, keep; the exit code."""
    asked = _parser().parse_args(arguments)
    rounds = asked.rounds or (SMOKE_ROUNDS if asked.smoke else ROUNDS)
    sizes = asked.size or (SMOKE_SIZES if asked.smoke else SIZES)
    print(machine())
    with tempfile.TemporaryDirectory(prefix="esc-bench-") as folder, postgres(_say) as server:
        results: list[Result] = []
        try:
            for result in _results(Path(folder), server, sorted(sizes), rounds):
                results.append(result)
                _say(f"{result.case}{_on(result)} {result.did}".rstrip())
        except WrongAnswerError as error:
            print(f"wrong answer: {error}", file=sys.stderr)
            return 1
        versions = {"sqlite": Sqlite.version, "postgresql": server.version if server else ""}
    growth = growth_of(results, "idle tick")
    print(f"\n{table(results)}\n\nratio: the product's median over the contender's")
    for one in growth:
        print(f"{one.case}, {one.database}: {one.smaller:,} → {one.larger:,} ×{one.factor:.2f}")
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(as_json(results, growth, versions) + "\n")
    print(f"all samples: {asked.json}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--smoke", action="store_true", help="10,000 tickets, three rounds: are the answers right?"
    )
    parser.add_argument(
        "--size", type=int, action="append", metavar="N",
        help="so many open tickets (may be given again; default 10000 and 100000)",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds that count (default 7)")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", default=JSON_FILE, help=f"default {JSON_FILE}"
    )
    return parser


def _results(
    folder: Path, server: Postgres | None, sizes: Sequence[int], rounds: int
) -> Iterator[Result]:
    policy = read_rules()
    yield from cases.business_time(policy, rounds)
    for number, size in enumerate(sizes):
        yield from _of_size(folder, server, policy, size, rounds, is_first=number == 0)


def _of_size(
    folder: Path,
    server: Postgres | None,
    policy: Policy,
    size: int,
    rounds: int,
    *,
    is_first: bool,
) -> Iterator[Result]:
    """Both ticks on both databases: PostgreSQL gets a copy of what SQLite holds before them."""
    issues = generate(size)
    with ExitStack() as stack:
        place = folder / str(size)
        place.mkdir()
        desks = [_timed(stack, Sqlite(place), policy, issues, rounds, None)]
        if server is not None:
            source = desks[0].product.store
            desks.append(_timed(stack, server, policy, issues, rounds, source))
        if is_first:
            yield cases.evaluator(desks[0], rounds)
        for desk in desks:
            yield cases.idle_tick(desk, rounds)
            yield cases.due_tick(desk, rounds)


def _timed(
    stack: ExitStack,
    database: Database,
    policy: Policy,
    issues: list[Issue],
    rounds: int,
    source: SqlStore | None,
) -> cases.Desk:
    """A desk, and a line on how long it took to set up."""
    began = monotonic()
    desk = stack.enter_context(cases.desk(database, policy, issues, rounds, source))
    _say(f"{len(issues):,} tickets are on {database.name} after {monotonic() - began:.0f} s")
    return desk


def _on(result: Result) -> str:
    where = [f"{result.size:,} tickets" if result.size else "", result.database or ""]
    return f" ({', '.join(part for part in where if part)})" if any(where) else ""


def _say(line: str) -> None:
    print(f"· {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
