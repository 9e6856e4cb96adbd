"""Column types that keep any value of ours the same on every database."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

Number = BigInteger().with_variant(Integer(), "sqlite")
"""A row number; only a plain INTEGER key is counted up by SQLite itself."""

_MARK: Final = "\ue000"  # of private use, so that hardly any text has one to escape
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff\ue000]")
_STORED: Final = re.compile(_MARK + "([0-9a-f]{4})")


class AnyText(TypeDecorator[str]):
    """Text that comes back as it went in, whatever it holds.

    Half a surrogate pair cannot be put into SQLite nor a NUL into PostgreSQL; both are kept
    as a mark and four hex digits. All other text stands as it is and can be searched.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else _STORED.sub(lambda found: chr(int(found[1], 16)), value)


def storable(text: str) -> str:
    """A text as `AnyText` keeps it."""
    return _UNSTORABLE.sub(lambda found: f"{_MARK}{ord(found[0]):04x}", text)
