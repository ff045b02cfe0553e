"""Where `now` comes from: the only place of the program that reads a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_END = datetime.max.replace(microsecond=0, tzinfo=UTC)


class SystemClock:
    """The machine's own clock, in whole seconds of UTC."""

    def now(self) -> datetime:
        """The present instant, aware UTC, whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)

    def monotonic(self) -> float:
        """Seconds since some fixed point; never steps."""
        return time.monotonic()


class ReplayClock:
    """A clock that lives through the past: `from` + `speed` × running time.

    1. It stands still until it is started, and again when it is stopped.
    2. While it stands, `now` is the instant that was last kept (by whatever process), else `from`.
    3. While it runs, `now` is the instant at its start plus `speed` times the monotonic time since.
    4. The daemon keeps the present instant at each tick and at its stop. A daemon that was killed
       goes on from the last kept instant: what it had decided by then is what the store holds.
    5. It never goes back, not even when the configured `from` is moved to an earlier instant;
       a later `from` takes it forward.
    """

    def __init__(
        self,
        from_: datetime,
        speed: float,
        load: Callable[[], str | None],
        save: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """A clock that stands still.

        Args:
            from_: Where it begins (aware); fractions of seconds are dropped.
            speed: Seconds of its time per second of real time, more than 0.
            load: Gives the text that was last saved, None before the first time.
            save: Keeps a text for all processes; committed when it returns.
            monotonic: Real seconds since some fixed point.

        Raises:
            ValueError: `from_` has no zone, or `speed` is not more than 0.
        """
        if from_.tzinfo is None:
            raise ValueError("a replay begins at an instant with a time zone")
        if speed <= 0:
            raise ValueError(f"a replay runs forward: its speed must be more than 0, not {speed}")
        self._from = from_.astimezone(UTC).replace(microsecond=0)
        self._speed = speed
        self._load = load
        self._save = save
        self._monotonic = monotonic
        self._started: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """The present instant of the replay, aware UTC, whole seconds.

        Raises:
            ValueError: What was saved is no instant.
        """
        if self._started is None:
            return self._kept()
        at, since = self._started
        passed = (self._monotonic() - since) * self._speed
        return at + timedelta(seconds=int(min(passed, (_END - at).total_seconds())))

    def monotonic(self) -> float:
        """Real seconds since some fixed point; never steps."""
        return self._monotonic()

    def start(self) -> None:
        """Begin to run, from where it stands; a clock that runs goes on."""
        if self._started is None:
            self._started = (self._kept(), self._monotonic())

    def keep(self) -> datetime:
        """Save the present instant, so that every process sees it; at each tick.

        Returns:
            The instant that was kept.
        """
        return self.advance_to(self.now())

    def stop(self) -> None:
        """Keep the present instant and stand still."""
        if self._started is not None:
            self.keep()
            self._started = None

    def advance_to(self, at: datetime) -> datetime:
        """Take the clock forward, for all processes, to what has been played up to `at`.

        A clock that already is later stays where it is, and one that runs is not moved: it only
        keeps the instant.

        Returns:
            The instant that is now kept.
        """
        kept = self._kept()
        later = max(kept, at.astimezone(UTC).replace(microsecond=0))
        if later > kept or self._load() is None:
            self._save(later.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return later

    def _kept(self) -> datetime:
        text = self._load()
        if text is None:
            return self._from
        try:
            kept = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise ValueError(
                f"the replay clock was kept as '{text}', which is no instant"
            ) from None
        return max(kept, self._from)
