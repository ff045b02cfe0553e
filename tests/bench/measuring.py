"""How a case is measured: in rounds; in each every contender has its turn, in shuffled order."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import median
from time import perf_counter


class WrongAnswerError(Exception):
    """Contenders came to different answers: what they took is of no interest then."""


@dataclass(frozen=True)
class Contender:
    """One way to do what a case is about.

    Attributes:
        run: Does it for a round (0 is the one that is not counted), and gives the answer.
        units: So many things are done in one call; times are told for one.
        calls: So often it is called in one turn, where one call is too short for the clock.
        answer: Brings the answer to the form in which they are compared; not timed.
    """

    name: str
    run: Callable[[int], object]
    units: int = 1
    calls: int = 1
    answer: Callable[[object], object] = lambda found: found


@dataclass
class Series:
    """What a contender took in each round, in seconds for one unit."""

    name: str
    samples: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Half of the rounds took less."""
        return median(self.samples)


@dataclass
class Result:
    """A measured case. The first series is the product's.

    Attributes:
        size: Open tickets; None where there are none.
        did: What was done in all counted rounds, for the record.
    """

    case: str
    database: str | None
    size: int | None
    unit: str
    series: list[Series]
    did: str = ""

    def ratio(self, series: Series) -> float:
        """The product's median over another's."""
        return self.series[0].median / series.median


def measure(
    contenders: Sequence[Contender],
    rounds: int,
    settle: Callable[[], None] = lambda: None,
    seed: int = 1,
) -> tuple[list[Series], list[object]]:
    """Time all contenders, round by round, after one round that does not count.

    Args:
        contenders: The product first.
        rounds: How many count.
        settle: Called before each round, outside of what is timed.
        seed: Of the order.

    Returns:
        A series for each contender, and the answer of each counted round.

    Raises:
        WrongAnswerError: The answers of a round differ.
    """
    chance = Random(seed)
    series = {one.name: Series(one.name) for one in contenders}
    answers: list[object] = []
    for number in range(rounds + 1):
        settle()
        found: dict[str, object] = {}
        for one in chance.sample(contenders, len(contenders)):
            took, answer = _timed(one, number)
            found[one.name] = one.answer(answer)
            if number:
                series[one.name].samples.append(took)
        answers.append(_agreed(found, contenders[0].name, number))
    return list(series.values()), answers[1:]


def _timed(one: Contender, number: int) -> tuple[float, object]:
    answer: object = None
    gc.collect()
    began = perf_counter()
    for _ in range(one.calls):
        answer = one.run(number)
    return (perf_counter() - began) / one.calls / one.units, answer


def _agreed(found: dict[str, object], product: str, number: int) -> object:
    for name, answer in found.items():
        if answer != found[product]:
            raise WrongAnswerError(
                f"round {number}: {product} and {name} differ: {difference(found[product], answer)}"
            )
    return found[product]


def difference(one: object, other: object) -> str:
    """What two answers do not share, shortened."""
    if isinstance(one, set) and isinstance(other, set):
        return (
            f"only the first {sorted(one - other)[:5]}, only the second {sorted(other - one)[:5]}"
        )
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return str([(i, a, b) for i, (a, b) in enumerate(pairs) if a != b][:5])
    return f"{one!r:.200} and {other!r:.200}"
