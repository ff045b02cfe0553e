"""How Alembic runs here: on the connection and in the transaction that `migrate` hands over."""

from collections.abc import Collection, Mapping
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo

applied: list[object] = context.config.attributes["applied"]


def note(
    ctx: MigrationContext,  # noqa: ARG001  (Alembic passes all of them by name)
    step: MigrationInfo,
    heads: Collection[Any],  # noqa: ARG001
    run_args: Mapping[str, Any],  # noqa: ARG001
) -> None:
    """Remember the name of each revision that was applied."""
    applied.append(step.up_revision_id)


context.configure(connection=context.config.attributes["connection"], on_version_apply=note)
with context.begin_transaction():
    context.run_migrations()
