"""Rule sets of every kind, with texts that nobody would write; the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TypeVar

from engine.domain.calendar import ALWAYS, Calendar, OpeningHours
from engine.domain.condition import (
    All,
    Any,
    Condition,
    ContactsBy,
    ContactsTest,
    MessageTest,
    Not,
    Operator,
    Test,
)
from engine.domain.rule import (
    Acknowledge,
    AcknowledgeBy,
    Clock,
    CustomerPlan,
    FollowUp,
    Generation,
    Kind,
    Level,
    MessageTemplate,
    Mode,
    Offset,
    Percent,
    PerPriority,
    Place,
    Receiver,
    Repeat,
    Rule,
    Since,
    Target,
    Updates,
    UpdatesFrom,
)
from engine.domain.ticket import Priority, Status

T = TypeVar("T")

WEEK = (((540, 750), (810, 1050)),) * 4 + (((1320, 1800),), (), ((0, 1440),))
OFFICE = Calendar("office", OpeningHours("Europe/Berlin", WEEK, day=timedelta(hours=8)))
NO_DAYS = Calendar("no days", OpeningHours("Asia/Kolkata", WEEK))
CALENDARS = (ALWAYS, OFFICE, NO_DAYS)

NASTY = (
    "<b>&amp;</b>", '"]; end', "%%{init: {}}%%", "1. first", "- x", "`code`", "style:#fff;",
    "a" * 120, "日本語のとても長い文章です", "🔥🔥", "\x00\x0b\ud800", "|#quot;|", "line\nbreak",
    "subgraph x", "]]>", "--", "click r1 href", "مرحبا", "\u202eturned", "-->|x| y", ":::technical",
    "Wartet länger als zugesagt und braucht jemanden, der entscheiden darf", "x" * 30 + " y",
)  # fmt: skip
ALPHABET = "ab #;:<>\"'`{}[]()|\\%&-\t\u00e9\u4e2d\U0001f525\ufffe"


@dataclass(frozen=True)
class Dice:
    """Chance that can be had again."""

    chance: Random

    def text(self) -> str:
        if self.chance.random() < 0.5:
            return self.chance.choice(NASTY)
        return "n" + "".join(self.chance.choices(ALPHABET, k=self.chance.randrange(60)))

    def length(self) -> timedelta:
        return timedelta(seconds=self.chance.choice((0, 1800, 9001, 86400, 3_456_789)))

    def maybe(self, make: Callable[[], T]) -> T | None:
        return make() if self.chance.random() < 0.5 else None

    def several(self, make: Callable[[], T], most: int, least: int = 0) -> tuple[T, ...]:
        return tuple(make() for _ in range(self.chance.randint(least, most)))

    def some(self, of: Sequence[T]) -> tuple[T, ...]:
        return tuple(self.chance.sample(of, self.chance.randint(0, min(3, len(of)))))

    def one(self, of: Sequence[T]) -> T:
        return self.chance.choice(of)

    def by_priority(self, make: Callable[[], T]) -> PerPriority[T]:
        if self.chance.random() < 0.3:
            return PerPriority.always(make())
        return PerPriority({each: make() for each in self.some(list(Priority)) or (Priority.LOW,)})

    # --- the parts of a rule ---

    def condition(self, depth: int = 0) -> Condition:
        if depth < 3 and self.chance.random() < 0.4:
            parts = self.several(lambda: self.condition(depth + 1), 3)
            joined: tuple[Condition, ...] = (All(parts), Any(parts), Not(self.condition(depth + 1)))
            return self.one(joined)
        words = self.several(self.text, 3, least=1)
        priority = self.one(list(Priority)).value
        compare = self.one((Operator.NOT, Operator.AT_LEAST, Operator.LESS_THAN, Operator.EQUALS))
        leaves: tuple[Condition, ...] = (
            Test("type", self.one((Operator.ANY_OF, Operator.NOT)), words),
            Test("fields.site", self.one((Operator.CONTAINS, Operator.MATCHES)), self.text()),
            Test("customer.tier", Operator.EXISTS, wanted=self.one((True, False))),
            Test("age", Operator.AT_LEAST, self.length()),
            Test("reopens", Operator.MORE_THAN, 2),
            Test("priority", compare, priority),
            ContactsTest(
                self.one(list(ContactsBy)), 3, self.length(), words, self.maybe(self.text)
            ),
            MessageTest(words, self.maybe(self.length), found_in=lambda _: True),
        )
        return self.one(leaves)

    def level(self, number: int, receivers: Sequence[str]) -> Level:
        def due() -> Offset:
            amounts: tuple[timedelta | Percent, ...] = (self.length(), Percent(75), Percent(150))
            amount = self.one(amounts)
            return Offset(amount, is_before=self.one((True, False)))

        return Level(
            number=number,
            identity=self.text(),
            due=self.by_priority(due),
            kind=self.one((None, Kind.TECHNICAL, Kind.HIERARCHICAL)),
            set_fields=self.several(lambda: (self.text(), self.text()), 2),
            raise_priority=self.one((0, 1, 3)),
            tag=self.several(self.text, 2),
            untag=self.several(self.text, 2),
            assign_group=self.maybe(self.text),
            assign_assignee=self.maybe(self.text),
            notify=self.some(receivers),
            repeat=self.maybe(lambda: Repeat(self.by_priority(self.length), self.one((1, 9)))),
        )

    def plan(self) -> CustomerPlan:
        calendar = self.one(CALENDARS)
        return CustomerPlan(
            deliver_in=calendar,
            on_escalation=self.maybe(self.text),
            updates=self.maybe(
                lambda: Updates(
                    every=self.by_priority(self.length),
                    template=self.text(),
                    deliver_in=calendar,
                    starts=self.one(list(UpdatesFrom)),
                    max=self.one((None, 1, 10)),
                )
            ),
            follow_up=self.maybe(
                lambda: FollowUp(self.length(), self.text(), self.one((None, 4)), (self.text(),))
            ),
        )

    def rule(self, id_: str, ids: Sequence[str], receivers: Sequence[str]) -> Rule:
        return Rule(
            id=id_,
            clock=Clock(
                calendar=self.one(CALENDARS),
                since=self.one(list(Since)),
                pause_while=frozenset(self.some(list(Status))),
                target=self.maybe(lambda: self.by_priority(self.length)),
            ),
            place=Place(self.text(), 1),
            description=self.text(),
            match=self.maybe(self.condition) or All(()),
            groups_by=self.one((None, ContactsBy.CUSTOMER, ContactsBy.EVERYONE)),
            levels=tuple(
                self.level(number, receivers) for number in range(1, self.chance.randint(1, 8))
            ),
            acknowledge=Acknowledge(frozenset(self.some(list(AcknowledgeBy))), self.length()),
            customer=self.maybe(self.plan),
            mode=self.one(list(Mode)),
            cooldown=self.maybe(self.length),
            inhibits=self.some(ids),
        )


def generation_of(seed: int) -> Generation:
    """A generation: much that the loader lets through, and a good deal more."""
    dice = Dice(Random(seed))
    names = ["default", *dict.fromkeys(dice.several(dice.text, 3))]

    def target() -> Target:
        calendars = (None, *CALENDARS)
        return Target(dice.text(), dice.text(), dice.one(calendars), dice.one(calendars))

    receivers = {name: Receiver(name, dice.several(target, 2, least=1)) for name in names}
    ids = list(dict.fromkeys(dice.several(dice.text, 4, least=1)))
    told = [*names, "assignee", "group"]
    rules = tuple(dice.rule(id_, ids, told) for id_ in ids)
    templates = tuple(
        MessageTemplate("customer", rule.customer.on_escalation, None, dice.text(), "")
        for rule in rules
        if rule.customer is not None and rule.customer.on_escalation is not None
    )
    return Generation("0123456789abcdef", rules, receivers, templates)
