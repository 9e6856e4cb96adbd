"""Work that outlives the process that was asked for it: a queue in a table.

A worker claims a job for some seconds and says again and again that it still lives; a job whose
worker fell silent is claimed by the next. Whoever lost its claim is told so, and can change
nothing any more. Several processes may do all of this at once, on both kinds of database.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, RowMapping

from stance.store import models as m

JobState = Literal["queued", "running", "done", "failed"]

MAX_ATTEMPTS: Final = 5
"""So often a job is begun; one that takes its worker down each time is given up then."""

_LOST: Final = f"its worker fell silent {MAX_ATTEMPTS} times"


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work: what is to be done, how far it is, and what came of it.

    ``done`` of ``total`` counts in units of the job's own; ``attempts`` counts how often it was
    begun; ``owner`` has it until ``lease``.
    """

    id: str
    kind: str
    payload: Mapping[str, Any]
    state: JobState
    done: int
    total: int | None
    result: Mapping[str, Any] | None
    error: str | None
    owner: str | None
    attempts: int
    lease: datetime | None
    created: datetime
    updated: datetime


def submit(
    engine: Engine,
    kind: str,
    payload: Mapping[str, Any],
    *,
    total: int | None = None,
    most_waiting: int | None = None,
    id: str | None = None,
) -> Job | None:
    """Queue a job; returns nothing where ``most_waiting`` jobs are queued already.

    A job of the same ``id`` is returned in place of a second one; one that failed is queued
    once more.
    """
    now = time.time()
    values = {
        "id": id or uuid.uuid4().hex,
        "kind": kind,
        "payload": dict(payload),
        "state": "queued",
        "done": 0,
        "total": total,
        "attempts": 0,
        "created": now,
        "updated": now,
    }
    with _writing(engine) as connection:
        if engine.dialect.name == "postgresql":  # looking and adding must be one step
            connection.exec_driver_sql("LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE")
        earlier = None if id is None else _job(connection, id)
        if earlier is not None and earlier.state != "failed":
            return earlier
        if most_waiting is not None:
            queued = sa.select(sa.func.count()).where(m.Job.state == "queued")
            if (connection.scalar(queued) or 0) >= most_waiting:
                return None
        if earlier is not None:
            connection.execute(sa.delete(m.Job).where(m.Job.id == id))
        connection.execute(sa.insert(m.Job).values(values))
        return _job(connection, cast(str, values["id"]))


def claim(engine: Engine, owner: str, *, kinds: Sequence[str] | None, lease: float) -> Job | None:
    """Take the job that waits longest, or one whose worker fell silent, for so many seconds."""
    j, now = m.Job, time.time()
    free = sa.or_(j.state == "queued", sa.and_(j.state == "running", j.lease < now))
    wanted = sa.select(j.id, j.attempts).where(free).order_by(j.created, j.id).limit(1)
    if kinds is not None:
        wanted = wanted.where(j.kind.in_(kinds))
    with _writing(engine) as connection:
        while True:
            found = connection.execute(wanted.with_for_update(skip_locked=True)).one_or_none()
            if found is None:
                return None
            if found.attempts < MAX_ATTEMPTS:
                break
            _change(connection, found.id, state="failed", error=_LOST, owner=None, lease=None)
        _change(
            connection,
            found.id,
            state="running",
            owner=owner,
            lease=now + lease,
            attempts=found.attempts + 1,
        )
        return _job(connection, found.id)


def heartbeat(
    engine: Engine, id: str, owner: str, *, lease: float, done: int | None, total: int | None
) -> bool:
    """Say that a job goes on, and how far it is; false where it is no longer this owner's."""
    values: dict[str, Any] = {"lease": time.time() + lease}
    values |= {} if done is None else {"done": done}
    values |= {} if total is None else {"total": total}
    with _writing(engine) as connection:
        return _owned(connection, id, owner, values)


def complete(engine: Engine, id: str, owner: str, result: Mapping[str, Any] | None) -> bool:
    """Close a job that is done; false where it is no longer this owner's.

    What was to be done is not kept with it: the texts it held are in the store by then.
    """
    values = {"state": "done", "result": result, "lease": None, "payload": {}}
    with _writing(engine) as connection:
        return _owned(connection, id, owner, values)


def fail(engine: Engine, id: str, owner: str, error: str) -> bool:
    """Close a job that cannot be done, with the reason; false where the claim is lost."""
    with _writing(engine) as connection:
        return _owned(connection, id, owner, {"state": "failed", "error": error, "lease": None})


def release(engine: Engine, id: str, owner: str) -> bool:
    """Put a job back at once, as a worker does that is told to stop; it costs no attempt."""
    values = {"state": "queued", "owner": None, "lease": None, "attempts": m.Job.attempts - 1}
    with _writing(engine) as connection:
        return _owned(connection, id, owner, values)


def job(engine: Engine, id: str) -> Job | None:
    """A job by its id."""
    with engine.connect() as connection:
        return _job(connection, id)


def jobs(engine: Engine, *, states: Sequence[JobState] | None, limit: int) -> list[Job]:
    """The jobs that were asked for last, newest first; without their payloads, which are long."""
    columns = [column for column in m.Job.__table__.columns if column.name != "payload"]
    wanted = sa.select(*columns).order_by(m.Job.created.desc(), m.Job.id).limit(limit)
    if states is not None:
        wanted = wanted.where(m.Job.state.in_(states))
    with engine.connect() as connection:
        return [_record(row) for row in connection.execute(wanted).mappings()]


def counts(engine: Engine) -> dict[JobState, int]:
    """How many jobs there are in each state."""
    wanted = sa.select(m.Job.state, sa.func.count()).group_by(m.Job.state)
    with engine.connect() as connection:
        found = dict(connection.execute(wanted).all())
    return {state: found.get(state, 0) for state in get_args(JobState)}


def _writing(engine: Engine) -> Any:
    return engine.execution_options(write=True).begin()


def _owned(connection: Connection, id: str, owner: str, values: Mapping[str, Any]) -> bool:
    held = (m.Job.owner == owner, m.Job.state == "running")
    return _change(connection, id, *held, **values)


def _change(connection: Connection, id: str, *only: sa.ColumnElement[bool], **values: Any) -> bool:
    changed = sa.update(m.Job).where(m.Job.id == id, *only)
    return connection.execute(changed.values(updated=time.time(), **values)).rowcount == 1


def _job(connection: Connection, id: str) -> Job | None:
    wanted = sa.select(m.Job.__table__).where(m.Job.id == id)
    found = connection.execute(wanted).mappings().one_or_none()
    return None if found is None else _record(found)


def _record(row: RowMapping) -> Job:
    moments = {
        name: None if row[name] is None else datetime.fromtimestamp(row[name], UTC)
        for name in ("lease", "created", "updated")
    }
    return Job(**{"payload": {}, **row, **moments})
