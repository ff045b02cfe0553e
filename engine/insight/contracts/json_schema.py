"""From the types of a document to its JSON Schema (2020-12).

The documents are typed dictionaries, and mypy holds what is built against them; so the schema, made
from the same types, says what is really written.

1. A typed dictionary is an object whose keys are all required. Further keys are allowed, since
   consumers ignore what they do not know.
2. A text in `Annotated` describes the value, `Keywords` add to its schema.
3. ``X | None`` may be null; every other union is any of its parts.
4. A dictionary that is used inside another stands once, under ``$defs``.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

Schema = dict[str, Any]
_Arguments = tuple[Any, ...]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: Final[Mapping[object, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Keywords:
    """Keywords of JSON Schema that narrow a type; hashable, since types are."""

    pairs: tuple[tuple[str, object], ...]

    @property
    def schema(self) -> Schema:
        """As they stand in a schema."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in self.pairs}


def keywords(**pairs: object) -> Keywords:
    """Keywords of JSON Schema, for `Annotated`."""
    return Keywords(tuple(pairs.items()))


def one_of(words: Iterable[str]) -> Keywords:
    """That a text is one of some words: the members of an enum, say."""
    return keywords(enum=tuple(str(word) for word in words))


def schema_of(document: type, name: str) -> Schema:
    """The JSON Schema of a document.

    Args:
        document: A typed dictionary.
        name: The contract's name; with the version in its `format` it is the schema's id.
    """
    definitions: Schema = {}
    body = _object(document, definitions)
    version = body["properties"]["format"]["const"].rpartition("/")[2]
    tail = {"$defs": definitions} if definitions else {}
    return {**head(name, version), **body, **tail}


def head(name: str, version: str) -> Schema:
    """What a contract's schema begins with."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:escalatord:{name}:{version}",
        "title": f"escalatord {name}",
    }


def _object(kind: type, definitions: Schema) -> Schema:
    hints = get_type_hints(kind, include_extras=True)
    return {
        "description": " ".join((inspect.getdoc(kind) or "").split()),
        "type": "object",
        "properties": {key: _value(hint, definitions) for key, hint in hints.items()},
        "required": list(hints),
    }


def _value(hint: object, definitions: Schema) -> Schema:
    if isinstance(hint, type) and is_typeddict(hint):
        return _reference(hint, definitions)
    read = _GENERIC.get(get_origin(hint))
    if read is not None:
        return read(get_args(hint), definitions)
    return {"type": _PLAIN[hint]} if hint in _PLAIN else {}


def _annotated(arguments: _Arguments, definitions: Schema) -> Schema:
    schema = _value(arguments[0], definitions)
    for note in arguments[1:]:
        schema |= note.schema if isinstance(note, Keywords) else {"description": str(note)}
    return schema


def _literal(arguments: _Arguments, _: Schema) -> Schema:
    return {"const": arguments[0]} if len(arguments) == 1 else {"enum": list(arguments)}


def _union(arguments: _Arguments, definitions: Schema) -> Schema:
    """Null is said with the type where that is possible: it reads better than ``anyOf``."""
    null = {"type": "null"}
    parts = [_value(part, definitions) for part in arguments]
    others = [part for part in parts if part != null]
    if len(others) == len(parts) or len(others) > 1 or "type" not in others[0]:
        return {"anyOf": parts}
    only = {**others[0], "type": [others[0]["type"], "null"]}
    return only | ({"enum": [*only["enum"], None]} if "enum" in only else {})


def _list(arguments: _Arguments, definitions: Schema) -> Schema:
    return {"type": "array", "items": _value(arguments[0], definitions)}


def _mapping(arguments: _Arguments, definitions: Schema) -> Schema:
    return {"type": "object", "additionalProperties": _value(arguments[1], definitions)}


_GENERIC: Final[Mapping[object, Callable[[_Arguments, Schema], Schema]]] = {
    Annotated: _annotated,
    Literal: _literal,
    Union: _union,
    types.UnionType: _union,
    list: _list,
    dict: _mapping,
}


def _reference(kind: type, definitions: Schema) -> Schema:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}  # a condition holds conditions: stop here the next time
        definitions[kind.__name__] = _object(kind, definitions)
    return {"$ref": f"#/$defs/{kind.__name__}"}
