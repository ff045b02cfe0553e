"""Answers to the survey in the memory twin."""

from __future__ import annotations

from engine.ports import Answer
from engine.store.memory.tables import MemoryPart


class MemorySatisfaction(MemoryPart):
    """The answers, by ticket."""

    def answer(self, ticket: str) -> Answer | None:
        """What the customer answered about a ticket; None while there is no answer."""
        return self._tables.answers.get(ticket)

    def save_answer(self, answer: Answer) -> bool:
        """Keep an answer; False, and the first one stays, where the ticket has one."""
        return self._tables.answers.setdefault(answer.ticket, answer) is answer
