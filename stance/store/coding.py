"""Records ↔ what a store keeps of them."""

from __future__ import annotations

import hashlib
import zlib
from datetime import datetime
from typing import Final

from stance.evidence import instant
from stance.records import Article

ENCODING: Final = ("utf-8", "surrogatepass")
_SIGN: Final = 1 << 63


def position_id(
    article_id: str, actor: str, issue: str, start: int, end: int, model_version: str
) -> str:
    """The id of a model's position: 24 hex digits made from what tells it from all others."""
    return digest(article_id, actor, issue, str(start), str(end), model_version)[:24]


def digest(*parts: str) -> str:
    """The SHA-256 of some texts, in hex digits."""
    return hashlib.sha256("\0".join(parts).encode(*ENCODING)).hexdigest()


def signed(hexed: str) -> int:
    """16 hex digits as a signed 64-bit integer."""
    number = int(hexed, 16)
    return number - 2 * _SIGN if number >= _SIGN else number


def hexed(number: int) -> str:
    """The 16 hex digits that `signed` was given."""
    return f"{number % (2 * _SIGN):016x}"


def deflated(text: str) -> bytes:
    """A text for the table of articles."""
    return zlib.compress(text.encode(*ENCODING), 6)


def inflated(data: bytes) -> str:
    """The text that `deflated` was given."""
    return zlib.decompress(data).decode(*ENCODING)


def moment_of(article: Article) -> float | None:
    """When an article was published, in seconds since 1970 (UTC)."""
    return None if article.published is None else instant(article.published).timestamp()


def date_of(published: str | None) -> datetime | None:
    """A date of publication as the record has it."""
    return None if published is None else datetime.fromisoformat(published)
