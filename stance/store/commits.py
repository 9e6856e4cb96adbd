"""Changes, one after another: each gets the next number and a time that never runs backwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from stance.evidence import instant
from stance.store.models import SINGLE, Commit, State


class Unchanged(Exception):  # noqa: N818 (it tells no error)
    """Raised within `writing`: nothing was to be written after all, so that no number is used."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A change under way: the connection to write on, and the number of its commit."""

    connection: Connection
    version: int


@contextmanager
def writing(engine: Engine, what: str) -> Iterator[Writing]:
    """One change in one transaction: all of it is kept, or after an error or a kill nothing.

    Writers take turns, so that whoever reads number N has all changes up to N.
    """
    try:
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            yield Writing(connection, _next(connection, what))
    except Unchanged:
        return


def _next(connection: Connection, what: str) -> int:
    raised = sa.update(State).where(State.id == SINGLE).values(version=State.version + 1)
    version = connection.scalar(raised.returning(State.version))
    if version is None:
        version = 1
        connection.execute(sa.insert(State).values(id=SINGLE, version=version))
    last = connection.scalar(sa.select(Commit.at).where(Commit.version == version - 1)) or 0.0
    at = max(time.time(), last)
    connection.execute(sa.insert(Commit).values(version=version, at=at, what=what))
    return version


def data_version(connection: Connection) -> int:
    """The number of the last commit; 0 for a store without any."""
    return connection.scalar(sa.select(State.version).where(State.id == SINGLE)) or 0


def version_at(connection: Connection, as_of: date | datetime) -> int:
    """The number of the last commit up to a moment, or up to the end of a day (UTC)."""
    before = sa.select(sa.func.max(Commit.version))
    if isinstance(as_of, datetime):
        found = connection.scalar(before.where(Commit.at <= instant(as_of).timestamp()))
    else:
        end = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) + timedelta(days=1)
        found = connection.scalar(before.where(Commit.at < end.timestamp()))
    return found or 0


def made_at(connection: Connection, version: int) -> datetime | None:
    """When a commit was made (UTC); nothing for a number that none has."""
    at = connection.scalar(sa.select(Commit.at).where(Commit.version == version))
    # Up to the next microsecond, so that `version_at` of it finds the commit.
    return None if at is None else datetime.fromtimestamp(at, UTC) + timedelta(microseconds=1)
