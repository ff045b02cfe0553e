"""What the checker says when something is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from tests.year.checking.story import shown


@dataclass(frozen=True, slots=True)
class Objection:
    """One breach.

    Attributes:
        fault: Its kind, in a word or two.
        promise: The rule, and which of its messages.
        wrong: What was wrong, for a person.
    """

    fault: str
    subject: str
    at: int
    promise: str
    wrong: str

    def __str__(self) -> str:
        return f"{self.subject}  {shown(self.at)}  {self.promise}: {self.fault}: {self.wrong}"
