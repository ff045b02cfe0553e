"""What we publish of the intake: OpenAPI 3.1, from the very models that read what is sent."""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from engine import __version__
from engine.intake.reading import MOST_ITEMS
from engine.intake.vocabulary import Changed, Created, Message, TicketSnapshot

_REF: Final = "#/components/schemas/{model}"
_EVENTS: Final = ("Created", "Changed", "Message")

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable name of the reason."},
        "detail": {"type": "string", "description": "What is wrong, and what to do."},
        "errors": {
            "type": "array",
            "description": "One for each item that is at fault.",
            "items": {
                "type": "object",
                "required": ["item", "field", "code", "message"],
                "properties": {
                    "item": {"type": "integer", "description": "Its place, from 0."},
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
_TAKEN: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["helpdesk", "taken", "known"],
    "properties": {
        "helpdesk": {"type": "string", "description": "To whom it went: the token says so."},
        "taken": {"type": "integer", "description": "How many items are new."},
        "known": {"type": "integer", "description": "How many had been taken before."},
    },
}
_NUDGED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["helpdesk", "ticket"],
    "properties": {
        "helpdesk": {"type": "string"},
        "ticket": {
            "type": ["string", "null"],
            "description": "Whom it is about; null where it is about no ticket.",
        },
    },
}
_REFUSALS: Final = {
    "400": "The body is no JSON, or was cut off.",
    "401": "Neither a token nor a signature lets this in, or the signed request is a replay.",
    "408": "The body came too slowly.",
    "413": "The body is too large, or holds too many items.",
    "415": "It is not application/json.",
    "429": "Too much at once: come again after Retry-After seconds. Nothing was taken.",
}
_OF_ITEMS: Final = {
    "409": "An id was sent before with another content. Nothing was taken.",
    "422": "Items are at fault. Nothing was taken.",
}
_OF_HOOKS: Final = {"404": "No helpdesk of this name has a hook."}
_STORE: Final = {"503": "Our store cannot be written: send it again later. Nothing was taken."}


def openapi() -> dict[str, Any]:
    """The document: the addresses, what they take, and what they answer."""
    models = (TicketSnapshot, Created, Changed, Message)
    _, schema = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    event = {
        "oneOf": [_ref(name) for name in _EVENTS],
        "discriminator": {
            "propertyName": "type",
            "mapping": {name.lower(): _REF.format(model=name) for name in _EVENTS},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "escalatord intake",
            "version": __version__,
            "description": "Tickets, and what happened to them. 202 is answered once what was"
            " sent outlives a power cut.",
        },
        "paths": {
            "/v1/tickets": {"post": _sending("sendTickets", "Tickets as they stand", "Ticket")},
            "/v1/events": {"post": _sending("sendEvents", "What happened to tickets", "Event")},
            "/v1/hooks/{name}": {"post": _hook()},
        },
        "components": {
            "schemas": {
                **schema["$defs"],
                "Ticket": _ref("TicketSnapshot"),
                "Event": event,
                "Taken": _TAKEN,
                "Nudged": _NUDGED,
                "Problem": _PROBLEM,
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "webhook-signature",
                    "description": "Of Standard Webhooks 1.0.0, beside webhook-id and -timestamp.",
                },
            },
        },
    }


def _sending(operation: str, summary: str, item: str) -> dict[str, Any]:
    batch = {"type": "array", "maxItems": MOST_ITEMS, "items": _ref(item)}
    return {
        "operationId": operation,
        "summary": summary,
        "security": [{"token": []}, {"signature": []}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"anyOf": [_ref(item), batch]}}},
        },
        "responses": _answers("Taken", _REFUSALS | _OF_ITEMS | _STORE),
    }


def _hook() -> dict[str, Any]:
    return {
        "operationId": "nudge",
        "summary": "Another helpdesk's own webhook: the ticket that it is about is read at once",
        "parameters": [
            {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
        ],
        "security": [{"token": []}, {}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
        "responses": _answers("Nudged", _REFUSALS | _OF_HOOKS | _STORE),
    }


def _answers(taken: str, refusals: dict[str, str]) -> dict[str, Any]:
    good = {"application/json": {"schema": _ref(taken)}}
    refused = {"application/problem+json": {"schema": _ref("Problem")}}
    return {
        "202": {"description": "It was taken, and outlives a power cut.", "content": good},
        **{code: {"description": why, "content": refused} for code, why in refusals.items()},
    }


def _ref(model: str) -> dict[str, str]:
    return {"$ref": _REF.format(model=model)}
