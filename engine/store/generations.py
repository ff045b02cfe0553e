"""Which set of rules is in force, and the texts to build it again from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select

from engine.ports import GenerationRecord
from engine.store.bulk import BulkInsert, overwrite
from engine.store.codec import (
    decode_rules_known,
    dumps,
    encode_rules_known,
    instant,
    loads,
    seconds,
)
from engine.store.part import Part
from engine.store.schema import ACTIVATIONS, GENERATIONS, META

if TYPE_CHECKING:
    from datetime import datetime

    from engine.ports import Json
    from engine.store.part import AnyRow

_ACTIVE: Final = "active_generation"
"""Key of the entry in `meta` that names the generation in force."""

_A, _G, _M = ACTIVATIONS.c, GENERATIONS.c, META.c
_FIND_ACTIVE = select(*GENERATIONS.c).join(META, _M.value == _G.id).where(_M.key == _ACTIVE)
_FIND = select(*GENERATIONS.c).where(_G.id == bindparam("wanted"))
_IN_FORCE_AT = (
    select(_A.generation)
    .where(_A.at <= bindparam("at"))
    .order_by(_A.number.desc())
    .limit(1)
    .scalar_subquery()
)
_FIND_AT = select(*GENERATIONS.c).where(_G.id == _IN_FORCE_AT)
_NOTE_ACTIVATION = BulkInsert(ACTIVATIONS, "at", "generation")
_SAVE = BulkInsert(GENERATIONS, conflict=overwrite("loaded_at", "rules", "sources", key=["id"]))
_META = select(_M.value).where(_M.key == bindparam("key"))
_SET_META = BulkInsert(META, conflict=overwrite("value", key=["key"]))


class GenerationPart(Part):
    """The generation in force, and small facts by name."""

    def active_generation(self) -> GenerationRecord | None:
        """The generation in force, None before the first."""
        return next(map(_record, self._rows(_FIND_ACTIVE)), None)

    def generation(self, generation_id: str) -> GenerationRecord | None:
        """A generation that is or was in force, None when it is not kept."""
        return next(map(_record, self._rows(_FIND, wanted=generation_id)), None)

    def generation_at(self, at: datetime) -> GenerationRecord | None:
        """The generation that was in force at an instant, None before the first."""
        return next(map(_record, self._rows(_FIND_AT, at=seconds(at))), None)

    def activate_generation(self, record: GenerationRecord) -> None:
        """Keep a generation and put it in force."""
        rules, sources = encode_rules_known(record.rules), dumps(dict(record.sources))
        loaded_at = seconds(record.loaded_at)
        _SAVE.run(self._connection, [(record.id, loaded_at, rules, sources)])
        _NOTE_ACTIVATION.run(self._connection, [(loaded_at, record.id)])
        self.set_meta(_ACTIVE, record.id)

    def meta(self, key: str) -> str | None:
        """A small fact by name; None where nobody has set it."""
        found: str | None = self._value(_META, key=key)
        return found

    def set_meta(self, key: str, value: str) -> None:
        """Keep a small fact by name."""
        _SET_META.run(self._connection, [(key, value)])


def _record(row: AnyRow) -> GenerationRecord:
    return GenerationRecord(
        id=row.id,
        loaded_at=instant(row.loaded_at),
        rules=decode_rules_known(row.rules),
        sources=_texts(loads(row.sources)),
    )


def _texts(sources: Json) -> dict[str, str]:
    return {path: str(source) for path, source in sources.items()}
