"""Which steps of the schema a database has been through, and the way to the last one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from stance.errors import StoreError
from stance.store.engine import shown

_LOCK: Final = 0x57A9CE
"""Names the lock under which a PostgreSQL database is brought up to date."""


def prepare(engine: Engine, *, upgrade: bool | None = None) -> None:
    """Bring a database to the schema of this program, or say why that may not be done.

    An empty one is set up. One of an older program is brought up to date where ``upgrade`` says
    so; by default that is a file, while for a server, which others use too, it takes a decision.
    Raises ``StoreError``, also for the database of a newer program and of another one.
    """
    wanted = engine.dialect.name == "sqlite" if upgrade is None else upgrade
    with _scripts() as config:
        script = ScriptDirectory.from_config(config)
        head = script.get_current_head()
        with engine.connect() as connection:
            if _current(connection) == head:
                return
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            now = _current(connection)  # once more: another process may have been quicker
            _check(engine, now, {one.revision for one in script.walk_revisions()}, connection)
            if now is not None and now != head and not wanted:
                raise StoreError(
                    f"{shown(engine.url)}: the store is of an older version ({now}, this program "
                    f"has {head}); bring it up to date with: stance db upgrade --db URL"
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def revision(engine: Engine) -> str | None:
    """The last step that a database has been through; none for an empty one."""
    with engine.connect() as connection:
        return _current(connection)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _check(engine: Engine, now: str | None, known: set[str], connection: Connection) -> None:
    if now is None and sa.inspect(connection).get_table_names():
        raise StoreError(f"{shown(engine.url)}: the database holds tables of another program")
    if now is not None and now not in known:
        raise StoreError(
            f"{shown(engine.url)}: the store is of a newer version of this program ({now}, "
            f"this one knows up to {max(known)}); update stance-tracker"
        )


@contextmanager
def _scripts() -> Iterator[Config]:
    with as_file(files("stance.store") / "migrations") as folder:
        config = Config()
        # a plain "%" in a path would be taken for the start of a variable
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        yield config
