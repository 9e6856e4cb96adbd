"""Who may do what with a store over HTTP: keys, of which only a hash is kept.

A key is ``stance_ID_SECRET``: the id tells which one it is and may be shown, the secret has 256
random bits, so that a plain hash of it gives nothing away and none can be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, RowMapping

from stance.errors import StoreError, UnknownNameError
from stance.store import models as m

KeyScope = Literal["read", "write", "review", "admin"]

SCOPES: Final[tuple[KeyScope, ...]] = get_args(KeyScope)

LONGEST_NAME: Final = 100

_FORM: Final = re.compile(r"stance_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_NO_HASH: Final = "0" * 64  # compared with where there is no such key, to take as long


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret. Every key may read; ``admin`` may do everything."""

    id: str
    name: str
    scopes: tuple[KeyScope, ...]
    created: datetime
    revoked: datetime | None

    def may(self, scope: KeyScope) -> bool:
        """Whether it is good for this."""
        return scope == "read" or scope in self.scopes or "admin" in self.scopes


def add(engine: Engine, name: str, scopes: Sequence[str]) -> tuple[Key, str]:
    """Make a key; its second part is the key itself, which cannot be had again.

    Raises ``UnknownNameError`` for a scope that there is not, and ``StoreError`` for a name
    that is empty, too long or that of a key in use.
    """
    for scope in scopes:
        if scope not in SCOPES:
            raise UnknownNameError("scope", scope, SCOPES)
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise StoreError(f"expected a key's name of 1 to {LONGEST_NAME} plain characters")
    id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    values = {
        "id": id,
        "name": name,
        "hash": _hash(secret),
        "scopes": " ".join(scope for scope in SCOPES if scope in scopes),
        "created": time.time(),
    }
    k = m.ApiKey
    with engine.execution_options(write=True).begin() as connection:
        taken = sa.select(k.id).where(k.name == name, k.revoked.is_(None))
        if connection.scalar(taken.limit(1)) is not None:
            raise StoreError(f"there is a key named '{name}' already; revoke it or take another")
        connection.execute(sa.insert(k).values(values))
        (row,) = _rows(connection, k.id == id)
    return _key(row), f"stance_{id}_{secret}"


def find(engine: Engine, given: str) -> Key | None:
    """The key that somebody shows, where there is one and it was not revoked."""
    form = _FORM.fullmatch(given)
    if form is None:
        return None
    with engine.connect() as connection:
        rows = _rows(connection, m.ApiKey.id == form[1])
    kept = rows[0]["hash"] if rows else _NO_HASH
    if not hmac.compare_digest(_hash(form[2]), kept) or not rows:
        return None
    key = _key(rows[0])
    return key if key.revoked is None else None


def keys(engine: Engine) -> list[Key]:
    """All keys, also the revoked ones, in the order in which they were made."""
    with engine.connect() as connection:
        return [_key(row) for row in _rows(connection, sa.true())]


def any_in_use(engine: Engine) -> bool:
    """Whether there is a key that was not revoked."""
    k = m.ApiKey
    with engine.connect() as connection:
        return connection.scalar(sa.select(k.id).where(k.revoked.is_(None)).limit(1)) is not None


def revoke(engine: Engine, key: str) -> Key:
    """Make a key, named by its id or its name, good for nothing from now on.

    Raises ``UnknownNameError`` where no key in use is called so.
    """
    k = m.ApiKey
    with engine.execution_options(write=True).begin() as connection:
        used = [_key(row) for row in _rows(connection, k.revoked.is_(None))]
        found = [one for one in used if key in (one.id, one.name)]
        if not found:
            raise UnknownNameError("key", key, [one.name for one in used])
        id = found[0].id
        connection.execute(sa.update(k).where(k.id == id).values(revoked=time.time()))
        (row,) = _rows(connection, k.id == id)
    return _key(row)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _rows(connection: Connection, which: Any) -> list[RowMapping]:
    k = m.ApiKey
    wanted = sa.select(k.__table__).where(which).order_by(k.created, k.id)
    return list(connection.execute(wanted).mappings())


def _key(row: RowMapping) -> Key:
    return Key(
        id=row["id"],
        name=row["name"],
        scopes=tuple(scope for scope in SCOPES if scope in row["scopes"].split()),
        created=datetime.fromtimestamp(row["created"], UTC),
        revoked=None if row["revoked"] is None else datetime.fromtimestamp(row["revoked"], UTC),
    )
