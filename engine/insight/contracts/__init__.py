"""What programs outside rely on, as JSON Schemas made from the types of what is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from engine.insight.contracts.documents import (
    CheckDocument,
    ExplainDocument,
    HealthDocument,
    HelpdeskCheckDocument,
    ImportDocument,
    OnceDocument,
    OutboxChangeDocument,
    OutboxDocument,
    OutboxShowDocument,
    PlanDocument,
    ReloadDocument,
    SilenceDocument,
    StatusDocument,
    TemplateDocument,
    TemplatesDocument,
    WebhookDocument,
)
from engine.insight.contracts.json_schema import Schema, schema_of
from engine.insight.contracts.reasons import reasons_schema

DOCUMENTS: Final[Mapping[str, type]] = {
    "once": OnceDocument,
    "explain": ExplainDocument,
    "check": CheckDocument,
    "outbox": OutboxDocument,
    "outbox-show": OutboxShowDocument,
    "outbox-change": OutboxChangeDocument,
    "status": StatusDocument,
    "import": ImportDocument,
    "plan": PlanDocument,
    "reload": ReloadDocument,
    "silence": SilenceDocument,
    "template": TemplateDocument,
    "templates": TemplatesDocument,
    "health": HealthDocument,
    "helpdesk-check": HelpdeskCheckDocument,
    "webhook": WebhookDocument,
}

CONTRACTS: Final[Mapping[str, Callable[[], Schema]]] = {
    **{name: partial(schema_of, document, name) for name, document in DOCUMENTS.items()},
    "reasons": reasons_schema,
}
"""Name of a contract → what gives its schema."""
