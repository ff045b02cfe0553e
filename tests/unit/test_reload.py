"""New rules while the daemon runs: judged as a whole, swapped as a whole, told once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog

from engine import logs
from engine.app import App, InForce, RulesError, open_app
from engine.errors import StoreBusyError
from engine.insight.reloaded import Reloaded, ReloadResult
from engine.pipeline.evaluate import Policy
from engine.reload import Reloader
from tests.cli.desk import LATE, Desk, row

TOO = LATE.replace("id: late", "id: late-too")
BROKEN = LATE.replace("levels:", "levles:")
BROKEN_TOO = LATE.replace("levels:", "levelz:")


@dataclass
class Keeper:
    """Keeps an app's rules in force as the daemon does, without its ticks."""

    desk: Desk
    app: App
    policies: list[Policy] = field(default_factory=list)
    heard: list[Reloaded] = field(default_factory=list)
    said: list[Mapping[str, Any]] = field(default_factory=list)
    is_busy: bool = False

    def __post_init__(self) -> None:
        self.reloader = Reloader(self.app, logs.get(), self.swap, self.heard.append)

    def swap(self, rules: InForce) -> dict[str, int]:
        if self.is_busy:
            raise StoreBusyError("the store is busy")
        now = self.app.clock.now()
        self.policies.append(self.app.put_in_force(rules, now, from_the_start=False))
        return {}

    def events(self) -> list[str]:
        """What was logged since the last question."""
        told = [str(each["event"]) for each in self.said]
        self.said.clear()
        return told

    def look_twice(self) -> Reloaded | None:
        """Two looks: the first sees that something moved, the second that it has settled."""
        assert self.reloader.poll() is None
        return self.reloader.poll()

    @property
    def rules(self) -> list[str]:
        return [rule.id for rule in self.policies[-1].ruleset.generation.rules]


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeper]:
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    desk.config()
    desk.rules(LATE)
    desk.log(row("1", "09:00"))
    app = open_app(tmp_path / "config.yaml")
    with structlog.testing.capture_logs() as said:
        keeper = Keeper(desk, app)
        keeper.said = said  # type: ignore[assignment]
        yield keeper
    app.close()


# --- at the start --------------------------------------------------------------------------------


def test_it_begins_with_the_rules_of_the_files(keeper: Keeper) -> None:
    keeper.reloader.begin()

    assert keeper.rules == ["late"]
    assert keeper.said[-1]["degraded"] is False
    assert keeper.events() == ["rules.loaded"]


def test_without_good_rules_and_without_earlier_ones_it_does_not_begin(keeper: Keeper) -> None:
    keeper.desk.rules(BROKEN)

    with pytest.raises(RulesError):
        keeper.reloader.begin()


def test_a_start_with_broken_files_runs_the_last_good_rules_and_says_so(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.desk.rules(BROKEN)
    keeper.events()

    again = Keeper(keeper.desk, keeper.app, said=keeper.said)
    again.reloader.begin()

    assert again.rules == ["late"]
    assert again.reloader.degraded
    assert keeper.said[-1]["degraded"] is True
    assert keeper.events() == ["rules.error", "rules.rejected", "rules.loaded"]


def test_what_was_told_at_the_start_is_not_told_again_by_looking(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.desk.rules(BROKEN)
    again = Keeper(keeper.desk, keeper.app, said=keeper.said)
    again.reloader.begin()
    keeper.events()
    keeper.desk.rules(BROKEN)  # written once more, the same

    assert again.look_twice() is not None
    assert keeper.events() == []


# --- asked for -----------------------------------------------------------------------------------


def test_a_reload_puts_new_rules_in_force_and_says_what_changed(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.desk.rules(LATE.replace("after: 1h", "after: 30m"), TOO)

    done = keeper.reloader.reload()

    assert done.result is ReloadResult.ACCEPTED
    assert (done.changes.added, done.changes.changed) == (("late-too",), ("late",))
    assert (done.before, done.generation) == (
        keeper.policies[0].ruleset.generation.id,
        keeper.policies[1].ruleset.generation.id,
    )
    assert keeper.rules == ["late", "late-too"]
    assert keeper.said[-1]["added"] == ["late-too"]
    assert keeper.heard == [done]


def test_a_reload_of_the_same_files_swaps_nothing(keeper: Keeper) -> None:
    keeper.reloader.begin()

    done = keeper.reloader.reload()

    assert done.result is ReloadResult.UNCHANGED
    assert len(keeper.policies) == 1


def test_one_bad_file_keeps_the_whole_old_set(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.desk.rules(LATE.replace("after: 1h", "after: 30m"))
    keeper.desk.write("rules/second.yaml", f"version: 1\nrules:\n{BROKEN_TOO}")

    done = keeper.reloader.reload()

    assert done.result is ReloadResult.REJECTED
    assert done.generation == done.before == keeper.policies[0].ruleset.generation.id
    assert len(keeper.policies) == 1
    assert keeper.reloader.degraded
    assert any("did you mean 'levels'?" in line for line in done.shown)


def test_whoever_asks_is_told_each_time(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.desk.rules(BROKEN)
    keeper.events()

    keeper.reloader.reload()
    keeper.reloader.reload()

    assert keeper.events() == ["rules.error", "rules.rejected"] * 2


def test_files_that_are_put_back_end_the_degraded_state(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.desk.rules(BROKEN)
    keeper.reloader.reload()
    keeper.desk.rules(LATE)

    done = keeper.reloader.reload()

    assert (done.result, done.degraded) == (ReloadResult.UNCHANGED, False)
    assert not keeper.reloader.degraded
    assert (keeper.said[-1]["event"], keeper.said[-1]["degraded"]) == ("rules.loaded", False)


def test_a_template_that_cannot_be_filled_in_keeps_the_old_set(keeper: Keeper) -> None:
    keeper.reloader.begin()
    broken = "---\nsubject: We have it\n---\n{{ ticket.nubmer }}\n"
    keeper.desk.write("rules/templates/customer/received.md", broken)

    done = keeper.reloader.reload()

    assert done.result is ReloadResult.REJECTED
    assert [problem.code for problem in done.problems] == ["template"]


def test_an_empty_folder_is_an_error_and_no_wish_to_end_all_rules(keeper: Keeper) -> None:
    keeper.reloader.begin()
    (keeper.desk.folder / "rules" / "rules.yaml").unlink()

    done = keeper.reloader.reload()

    assert done.result is ReloadResult.REJECTED
    assert [problem.code for problem in done.problems] == ["no-rules"]


# --- watched -------------------------------------------------------------------------------------


def test_files_that_stay_as_they_are_are_not_judged(keeper: Keeper) -> None:
    keeper.reloader.begin()

    assert keeper.reloader.poll() is None
    assert keeper.reloader.poll() is None


def test_a_change_is_taken_once_it_has_settled(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.desk.rules(LATE, TOO)

    first = keeper.reloader.poll()
    second = keeper.reloader.poll()

    assert first is None
    assert second is not None
    assert second.result is ReloadResult.ACCEPTED
    assert keeper.reloader.poll() is None


def test_files_that_still_move_are_left_alone(keeper: Keeper) -> None:
    keeper.reloader.begin()
    for more in ("", "# one", "# two", "# three"):
        keeper.desk.rules(LATE, more)
        assert keeper.reloader.poll() is None

    assert len(keeper.policies) == 1
    assert keeper.reloader.poll() is not None
    assert len(keeper.policies) == 2


def test_a_file_that_is_touched_and_says_the_same_changes_nothing(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.events()
    keeper.desk.rules(LATE)

    done = keeper.look_twice()

    assert done is not None
    assert done.result is ReloadResult.UNCHANGED
    assert keeper.events() == []
    assert keeper.heard == []


def test_a_template_is_watched_too(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.desk.write("rules/templates/customer/received.md", "---\nsubject: Ah\n---\nGood day\n")

    done = keeper.look_twice()

    assert done is not None
    assert done.result is ReloadResult.ACCEPTED
    assert done.changes.templates


def test_a_bad_set_is_told_once_however_often_it_is_seen(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.events()
    keeper.desk.rules(BROKEN)
    keeper.look_twice()
    assert keeper.events() == ["rules.error", "rules.rejected"]

    keeper.desk.rules(BROKEN)
    keeper.look_twice()
    keeper.reloader.poll()

    assert keeper.events() == []


def test_a_bad_set_is_told_again_when_it_is_bad_in_another_way(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.desk.rules(BROKEN)
    keeper.look_twice()
    keeper.events()
    keeper.desk.rules(BROKEN_TOO)

    keeper.look_twice()

    assert keeper.events() == ["rules.error", "rules.rejected"]


def test_a_set_that_is_good_again_is_told(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.desk.rules(BROKEN)
    keeper.look_twice()
    keeper.events()
    keeper.desk.rules(LATE)

    keeper.look_twice()

    assert keeper.said[-1]["degraded"] is False
    assert keeper.events() == ["rules.loaded"]
    assert not keeper.reloader.degraded


def test_a_file_that_cannot_be_read_is_a_bad_set(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.events()
    (keeper.desk.folder / "rules" / "gone.yaml").symlink_to("nowhere.yaml")

    done = keeper.look_twice()

    assert done is not None
    assert done.result is ReloadResult.REJECTED
    assert keeper.events() == ["rules.error", "rules.rejected"]


def test_rules_that_could_not_be_put_in_force_are_tried_again(keeper: Keeper) -> None:
    keeper.reloader.begin()
    keeper.desk.rules(LATE, TOO)
    keeper.reloader.poll()
    keeper.is_busy = True
    with pytest.raises(StoreBusyError):
        keeper.reloader.poll()
    keeper.is_busy = False

    keeper.reloader.poll()

    assert keeper.rules == ["late", "late-too"]
