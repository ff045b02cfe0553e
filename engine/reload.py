"""New rules while the daemon runs: read all, judge all, swap one immutable set, or keep the old.

Asked for (`reload`, SIGHUP) the files are judged at once. Watched, they are judged when their
content has changed and nothing moves any more:

1. Each look compares what the file system says of the files with what it said when they were last
   judged. Nothing is read as long as that is the same.
2. Otherwise they may still be being written: they are read at the next look, if nothing has moved
   between the two, nor while they were read.
3. What is broken is told once, and again when its content has changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from engine.app import App, InForce
from engine.domain.rule_changes import changes_between
from engine.domain.ruleset import Ruleset
from engine.insight import reloaded as telling
from engine.insight.reloaded import Reloaded, ReloadResult
from engine.logs import Logger
from engine.rulebook import FolderStamp, Loaded, content_id, render_all


class Reloader:
    """Keeps the rules in force up with their files. Threads may share one.

    Attributes:
        degraded: The files are broken, and the last good rules run.
    """

    def __init__(
        self,
        app: App,
        log: Logger,
        swap: Callable[[InForce], Mapping[str, int]],
        heard: Callable[[Reloaded], None] = lambda _: None,
    ) -> None:
        """A reloader that has read nothing yet.

        Args:
            app: Where the rule files, and the last good rules, come from.
            log: Where results are told.
            swap: Puts rules in force between two ticks; gives the live episodes of each rule, as
                it was called before.
            heard: Told of each result that is logged.
        """
        self.degraded = False
        self._app = app
        self._log = log
        self._swap = swap
        self._heard = heard
        self._one_at_a_time = threading.Lock()
        self._in_force: Ruleset | None = None
        self._judged: FolderStamp = ()
        self._moving: FolderStamp | None = None
        self._rejected: str | None = None

    def begin(self) -> None:
        """Put the rules of the files in force; where they are broken, the last good ones.

        Raises:
            RulesError: They are broken, and there are no last good ones.
        """
        stamp = self._app.rules_stamp()
        loaded = self._app.load_rules()
        rules = self._app.rules_from(loaded)
        self._swap(rules)
        self._judged, self._in_force = stamp, rules.ruleset
        self.degraded = rules.degraded
        if rules.degraded:
            self._rejected = _content(loaded)
            telling.tell(self._log, self._result(ReloadResult.REJECTED, loaded))
        generation = rules.ruleset.generation
        self._log.info(
            "rules.loaded",
            generation=generation.id,
            rules=len(generation.rules),
            degraded=rules.degraded,
        )

    def reload(self) -> Reloaded:
        """Judge the files now, whether or not they have changed, and tell the result.

        Raises:
            StoreError: The rules are good, and could not be put in force; the old ones run on.
        """
        with self._one_at_a_time:
            stamp = self._app.rules_stamp()
            done = self._judge(self._app.load_rules(), stamp)
            self._tell(done)
            return done

    def poll(self) -> Reloaded | None:
        """Look whether the files have changed; what is new is told.

        Returns:
            What they came to; None where there was nothing to judge.

        Raises:
            StoreError: The rules are good, and could not be put in force; the next look
                tries again.
        """
        with self._one_at_a_time:
            stamp = self._app.rules_stamp()
            if stamp == self._judged:
                self._moving = None
                return None
            if stamp != self._moving:
                self._moving = stamp
                return None
            loaded = self._app.load_rules()
            if self._app.rules_stamp() != stamp:
                return None
            was_degraded, was_rejected = self.degraded, self._rejected
            done = self._judge(loaded, stamp)
            is_news = done.result is ReloadResult.ACCEPTED or (
                (self.degraded, self._rejected) != (was_degraded, was_rejected)
            )
            if is_news:
                self._tell(done)
            return done

    def _judge(self, loaded: Loaded, stamp: FolderStamp) -> Reloaded:
        if loaded.generation is None:
            self._rejected = _content(loaded)
            self.degraded = True
            done = self._result(ReloadResult.REJECTED, loaded)
        else:
            done = self._accept(loaded)
            self._rejected = None
            self.degraded = False
        self._judged, self._moving = stamp, None
        return done

    def _accept(self, loaded: Loaded) -> Reloaded:
        rules = self._app.rules_from(loaded)  # compiled here, while the old set goes on deciding
        before = self._present()
        if rules.ruleset.generation.id == before.generation.id:
            return self._result(ReloadResult.UNCHANGED, loaded)
        live = self._swap(rules)
        self._in_force = rules.ruleset
        return self._result(ReloadResult.ACCEPTED, loaded, before, live)

    def _result(
        self,
        result: ReloadResult,
        loaded: Loaded,
        before: Ruleset | None = None,
        live: Mapping[str, int] | None = None,
    ) -> Reloaded:
        if live is None:
            with self._app.store.read() as tx:
                live = tx.live_episodes()
        now = self._present().generation
        earlier = now if before is None else before.generation
        return Reloaded(
            result=result,
            before=earlier.id,
            generation=now.id,
            rules=len(now.rules),
            degraded=result is ReloadResult.REJECTED,
            changes=changes_between(earlier, now),
            live=live,
            files=loaded.files,
            problems=loaded.problems,
            shown=render_all(loaded),
        )

    def _present(self) -> Ruleset:
        assert self._in_force is not None  # noqa: S101 - set by `begin`
        return self._in_force

    def _tell(self, done: Reloaded) -> None:
        telling.tell(self._log, done)
        self._heard(done)


def _content(loaded: Loaded) -> str:
    return content_id(loaded.sources, loaded.problems)
