"""The customers of the made-up desk. Nothing here knows the engine."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from random import Random

LANGUAGES = ("en", "de", "fr", "es")
LANGUAGE_SHARES = (46, 30, 14, 10)
TIERS = ("standard", "premium")
TIER_SHARES = (86, 14)
TICKETS_A_CUSTOMER = 2.9
ORGANISATIONS = 140


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, as every row of the log names them."""

    id: str
    name: str
    email: str | None
    tier: str
    language: str | None
    organization: str | None
    no_updates: bool
    is_automatic: bool

    def row(self) -> dict[str, str | None]:
        return {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "tier": self.tier,
            "organization": self.organization,
            "language": self.language,
            "no_updates": "yes" if self.no_updates else "no",
            "is_automatic": "yes" if self.is_automatic else "no",
        }


class Clientele:
    """Everybody who may write, some far more often than others."""

    def __init__(self, chance: Random, tickets: int) -> None:
        count = max(8, round(tickets / TICKETS_A_CUSTOMER))
        self._people = [_person(chance, number) for number in range(count)]
        self._weights = list(accumulate((rank + 6) ** -0.75 for rank in range(count)))

    def __len__(self) -> int:
        return len(self._people)

    def somebody(self, chance: Random) -> Person:
        return chance.choices(self._people, cum_weights=self._weights)[0]


def _person(chance: Random, number: int) -> Person:
    is_robot = chance.random() < 0.015
    email = f"c{number}@customers.example"
    return Person(
        id=f"c{number}",
        name=f"Customer {number}",
        email=None if chance.random() < 0.04 else email,
        tier=chance.choices(TIERS, TIER_SHARES)[0],
        language=None if chance.random() < 0.1 else chance.choices(LANGUAGES, LANGUAGE_SHARES)[0],
        organization=f"org{chance.randrange(ORGANISATIONS)}" if chance.random() < 0.35 else None,
        no_updates=not is_robot and chance.random() < 0.03,
        is_automatic=is_robot,
    )
