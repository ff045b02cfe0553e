"""What others send us, in the memory twin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from engine.ports import Nudge, Post
from engine.store.memory.tables import MemoryPart


class MemoryInbox(MemoryPart):
    """What others send us."""

    def known_posts(self, helpdesk: str, keys: Iterable[str]) -> dict[str, str]:
        """Key → digest of what was sent before; until the end nobody else keeps posts."""
        numbers, posts = self._tables.post_numbers, self._tables.posts
        known = [key for key in keys if (helpdesk, key) in numbers]
        return {key: posts[numbers[helpdesk, key]].digest for key in known}

    def keep_posts(self, posts: Sequence[Post]) -> None:
        """Keep what was sent, in this order; none of the keys is known."""
        for post in posts:
            number = self._tables.last_numbers.get("posts", 0) + 1
            self._tables.last_numbers["posts"] = number
            self._tables.posts[number] = replace(post, number=number)
            self._tables.post_numbers[post.helpdesk, post.key] = number

    def posts(self, helpdesk: str, after: int, limit: int) -> list[Post]:
        """What was sent of a helpdesk beyond a number, in order of arrival."""
        kept = self._tables.posts.values()
        return [one for one in kept if one.helpdesk == helpdesk and one.number > after][:limit]

    def posts_of(self, ticket: str, after: int) -> list[Post]:
        """What was sent of a ticket beyond a number, in order of arrival."""
        kept = self._tables.posts.values()
        return [one for one in kept if one.ticket == ticket and one.number > after]

    def next_post_at(self, helpdesk: str, after: datetime) -> datetime | None:
        """The earliest instant later than `after` at which something happened that was sent."""
        kept = self._tables.posts.values()
        instants = (one.at for one in kept if one.helpdesk == helpdesk and one.at > after)
        return min(instants, default=None)

    def forget_posts(self, helpdesk: str, until: int, before: datetime) -> int:
        """Let go of posts up to a number that came before an instant; how many there were."""
        old = [
            one
            for one in self._tables.posts.values()
            if one.helpdesk == helpdesk and one.number <= until and one.received_at < before
        ]
        for one in old:
            del self._tables.posts[one.number]
            del self._tables.post_numbers[helpdesk, one.key]
        return len(old)

    def admit(self, stamp: str, at: datetime) -> bool:
        """Let a signed request in; False if the same one was let in before."""
        is_new = stamp not in self._tables.stamps
        self._tables.stamps.setdefault(stamp, at)
        return is_new

    def forget_stamps(self, before: datetime) -> None:
        """Let go of the stamps of requests that were let in before an instant."""
        kept = {stamp: at for stamp, at in self._tables.stamps.items() if at >= before}
        self._tables.stamps = kept

    def nudge(self, helpdesk: str, tickets: Iterable[str], at: datetime) -> None:
        """Have tickets of a helpdesk read at once."""
        del at
        waiting = self._tables.nudges.get(helpdesk, {})
        turns = {
            ticket: Nudge(ticket, waiting[ticket].turn + 1 if ticket in waiting else 1)
            for ticket in sorted(set(tickets))
        }
        self._tables.nudges[helpdesk] = {**waiting, **turns}

    def nudges(self, helpdesk: str, limit: int) -> list[Nudge]:
        """The tickets that are to be read at once, the longest waiting first."""
        return list(self._tables.nudges.get(helpdesk, {}).values())[:limit]

    def settle_nudges(self, nudges: Iterable[Nudge]) -> None:
        """These have been read; who was nudged again meanwhile stays."""
        settled = set(nudges)
        self._tables.nudges = {
            helpdesk: {ticket: one for ticket, one in waiting.items() if one not in settled}
            for helpdesk, waiting in self._tables.nudges.items()
        }
