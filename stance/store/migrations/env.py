"""Run by Alembic: applies the steps on the connection that it is handed."""

from __future__ import annotations

from alembic import context

from stance.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter a table in place
)
context.run_migrations()
