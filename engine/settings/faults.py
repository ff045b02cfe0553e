"""What is wrong with a config file, in a person's words and with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from engine.errors import Problem
from engine.helpdesks.options import shown, suggestion
from engine.settings.yaml_text import Document, Path, Place

M = TypeVar("M", bound=BaseModel)

_KEY_MARK: Final = "[key]"
"""How pydantic ends the location of a key that is wrong itself."""

_START: Final = Place(1, 1, 2)
_SECRET_KEYS: Final = frozenset(
    {"password", "passwd", "secret", "token", "api_key", "client_secret", "refresh_token"}
)
_WANTED: Final = {
    "model_type": "mapping",
    "dict_type": "mapping",
    "mapping_type": "mapping",
    "list_type": "list",
    "string_type": "text",
}


class Faults:
    """Collects the faults of one file."""

    def __init__(self, file: str, document: Document) -> None:
        """Begin with what could not be read at all.

        Args:
            file: The file as the person named it.
            document: Its text, read.
        """
        self._file = file
        self._document = document
        self._problems: list[Problem] = []
        for fault in document.faults:
            self._add(fault.place, fault.code, fault.message, fault.help)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of them, in the order of the file."""
        return tuple(sorted(self._problems, key=lambda p: (p.line, p.column, p.code, p.message)))

    def check(self, model: type[M], tree: object, path: Path, context: object) -> M | None:
        """Hold a part of the file against its model.

        Args:
            model: What the part should be.
            tree: The part.
            path: Where the part stands.
            context: What the model's validators may know.

        Returns:
            The model, None if it does not fit; the faults are then noted.
        """
        try:
            return model.model_validate(tree, context=context)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                self._note(model, each, path)
            return None

    def add(self, path: Path, code: str, message: str, help_: str) -> None:
        """Note a fault of the value at a path; if it is missing, of the nearest thing above it."""
        self._add(self._place(path), code, message, help_)

    def _add(self, place: Place, code: str, message: str, help_: str) -> None:
        self._problems.append(
            Problem(
                self._file,
                place.line,
                place.column,
                place.end_column,
                "error",
                code,
                message,
                help_,
            )
        )

    def _note(self, model: type[BaseModel], error: Mapping[str, Any], above: Path) -> None:
        path, is_key = _written((*above, *error["loc"]))
        place = self._place_of_key(path) if is_key else self._place(path)
        kind, value, context = error["type"], error["input"], error.get("ctx", {})
        last = path[-1] if path else ""
        if "said" in context:
            self._add(place, kind, context["said"], context["help"])
        elif kind == "missing":
            owner = path[:-1]
            is_item = bool(owner) and isinstance(owner[-1], int)
            place = self._place(owner) if is_item else self._place_of_key(owner)
            self._add(place, "missing-key", f"'{last}' is missing", f"add {last}: …")
        elif kind == "extra_forbidden":
            known = _keys_at(model, error["loc"][:-1])
            place = self._place_of_key(path)
            self._add(place, "unknown-key", f"unknown key '{last}'", _advice(str(last), known))
        elif kind == "literal_error":
            words = _words(context["expected"])
            self._add(
                place, "value", f"{shown(value)} means nothing here", suggestion(str(value), words)
            )
        elif kind in _WANTED:
            wanted = _WANTED[kind]
            self._add(
                place,
                f"not-a-{wanted}",
                f"{shown(value)} stands where a {wanted} should",
                f"write a {wanted}",
            )
        else:
            self._add(place, "value", f"{shown(value)} cannot be used", str(error["msg"]))

    def _place(self, path: Path) -> Place:
        """Where the value stands, or the key of the nearest thing above it."""
        return self._document.place_of(path) or self._place_of_key(path[:-1])

    def _place_of_key(self, path: Path) -> Place:
        for length in range(len(path), 0, -1):
            place = self._document.place_of_key(path[:length])
            if place is not None:
                return place
        return _START


def _written(location: Iterable[str | int]) -> tuple[Path, bool]:
    """A location of pydantic's as a path of the file, and whether the key itself is meant.

    `fields.NAME` stands for the keys `fields.…` of the file (see `Columns`).
    """
    path: list[str | int] = []
    is_key = False
    for step in location:
        if step == _KEY_MARK:
            is_key = True
        elif path and path[-1] == "fields.NAME":
            path[-1] = f"fields.{step}"
        else:
            path.append(step)
    return tuple(path), is_key


def _keys_at(model: type[BaseModel], location: Iterable[str | int]) -> list[str]:
    """The keys that a mapping may have, by the location of the mapping."""
    present = model
    for step in location:
        fields = {info.alias or name: info for name, info in present.model_fields.items()}
        info = fields.get(str(step))
        if info is not None:
            present = next(_models_in(info.annotation), present)
    return [info.alias or name for name, info in present.model_fields.items()]


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _advice(key: str, known: list[str]) -> str:
    if key.lower() not in _SECRET_KEYS:
        return suggestion(key, known)
    names = [name.removesuffix("_env") for name in known if name.endswith("_env")]
    meant = [name for name in names if name == key.lower()] or names
    places = [place for name in meant for place in (f"{name}_file", f"{name}_env")]
    credential = next(
        (f"{n}_credential" for n in meant if f"{n}_credential" in known), "credential"
    )
    ways = f"; write {', '.join(places)} or {credential}" if places else ""
    return f"secrets do not stand in this file{ways}"


def _words(expected: str) -> list[str]:
    """The words in pydantic's list of them: `'a', 'b' or 'c'`."""
    return expected.split("'")[1::2]
