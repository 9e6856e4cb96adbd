"""An address → a database to talk to, SQLite or PostgreSQL.

SQLite runs with a write-ahead log (readers never wait for a writer), foreign keys, and a busy
timeout; its writers take their turn at the start of a transaction, not in the middle.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from stance.errors import StoreError

BUSY_SECONDS: Final = 30.0
"""How long a writer waits for another before it gives up."""

_CONNECT_SECONDS: Final = 5
_KNOWN: Final = ("sqlite", "postgresql")
_CACHE_KIB: Final = 64 * 1024


def parse_url(given: str) -> URL:
    """The address of a store; a path alone is a SQLite file.

    Raises ``StoreError`` for another kind of database than the two.
    """
    if "://" not in given:
        return URL.create("sqlite", database=given)
    try:
        url = sa.make_url(given)
    except (ArgumentError, ValueError):
        raise StoreError(f"{given}: expected sqlite:///FILE or postgresql://HOST/NAME") from None
    kind = url.get_backend_name() if url.drivername.split("+")[0] in _KNOWN else url.drivername
    if kind == "postgres":  # as many programs still write it
        kind, url = "postgresql", url.set(drivername="postgresql")
    if kind not in _KNOWN:
        raise StoreError(
            f"{shown(url)}: unknown kind of store '{kind}', expected sqlite:///FILE or "
            "postgresql://HOST/NAME"
        )
    return url.set(drivername="postgresql+psycopg") if kind == "postgresql" else url


def shown(url: URL) -> str:
    """An address as it may be told: without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def connect(url: URL, *, busy: float = BUSY_SECONDS) -> Engine:
    """The engine of an address. Nothing is opened yet, but for a missing driver or folder."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, busy)
    try:
        return sa.create_engine(
            url,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": _CONNECT_SECONDS,
                "application_name": "stance",
                "options": f"-c timezone=UTC -c lock_timeout={int(busy * 1000)}",
            },
            execution_options={"isolation_level": "READ COMMITTED"},
        )
    except ModuleNotFoundError:
        raise StoreError(
            f"{shown(url)}: PostgreSQL needs a driver: pip install 'stance-tracker[postgres]'"
        ) from None


def _sqlite(url: URL, busy: float) -> Engine:
    if url.database and url.database != ":memory:":
        _check_place(Path(url.database))
    engine = sa.create_engine(url, connect_args={"timeout": busy, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say so, below
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            f"cache_size=-{_CACHE_KIB}",
            "mmap_size=1073741824",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _check_place(path: Path) -> None:
    """SQLite says no more than "unable to open"; a user is told what is in the way."""
    folder = path.parent
    if path.is_dir():
        raise StoreError(f"{path}: expected a file, found a folder")
    if not folder.is_dir():
        raise StoreError(f"{path}: there is no folder '{folder}'")
    if not path.exists() and not os.access(folder, os.W_OK):
        raise StoreError(f"{path}: the folder cannot be written to")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise StoreError(f"{path}: the file cannot be written to")


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection on which everything is seen as of one moment, whatever others commit."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


@contextmanager
def told(engine: Engine) -> Iterator[None]:
    """Turns what a database complains of into a ``StoreError`` of one line."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(f"{shown(engine.url)}: {_reason(error)}") from error


def _reason(error: SQLAlchemyError) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    line = next(iter(str(cause).strip().splitlines()), type(cause).__name__)
    if "database is locked" in line:
        return "another program has been writing to it for too long; try again"
    if "not a database" in line or "malformed" in line:
        return f"the file is no SQLite database or is damaged ({line})"
    if "readonly" in line or "read-only" in line:
        return f"it cannot be written to ({line})"
    if isinstance(error, OperationalError) and "onnect" in line:
        return f"the server cannot be reached ({line})"
    return line
