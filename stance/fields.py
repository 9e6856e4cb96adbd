"""Our names for what a row of a table says, and the names that others give to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from stance.errors import UnknownNameError

# The first one that a row fills is taken. Case, spaces and underscores do not count;
# a dot leads into a nested object.
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "text": (
        "text",
        "body",
        "content",
        "article",
        "article_text",
        "article_body",
        "full_text",
        "body_text",
        "content_text",
        "main_text",
        "maintext",
        "raw_text",
        "plain_text",
        "story",
    ),
    "title": ("title", "headline", "article_title", "title_text", "heading"),
    "source": (
        "source",
        "source.name",
        "publisher",
        "publisher.name",
        "outlet",
        "site",
        "site_name",
        "source_name",
        "publication",
        "newspaper",
        "domain",
        "source_domain",
        "host",
    ),
    "url": ("url", "link", "article_url", "source_url", "permalink", "web_url", "uri", "href"),
    "published": (
        "published",
        "date",
        "published_at",
        "publish_date",
        "publication_date",
        "date_published",
        "pub_date",
        "published_date",
        "date_publish",
        "datetime",
        "timestamp",
        "created_at",
        "time",
    ),
    # ids of other people's tables are not unique across files: only taken where asked for
    "id": (),
}


class Fields:
    """Which column or key holds which of our fields.

    ``chosen`` maps our names (the keys of ``ALIASES``) to columns and wins over the
    aliases. Raises ``UnknownNameError`` for a name that is not ours.
    """

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        self.chosen: Final = dict(chosen or {})
        for name in self.chosen:
            if name not in ALIASES:
                raise UnknownNameError("field", name, ALIASES)

    def names(self, field: str) -> tuple[str, ...]:
        """The columns that are looked for, first one first."""
        return (self.chosen[field],) if field in self.chosen else ALIASES[field]

    def find(self, row: Mapping[str, object], field: str) -> tuple[str, object] | None:
        """The column and the value that a row has for a field, or ``None`` where it has none.

        A null or blank value is no value; an object is none except where it was asked for.
        """
        plain = _plain_names(row)
        for name in self.names(field):
            value = _value_at(row, plain, name)
            if value is None or (isinstance(value, str) and not value.strip()):
                continue
            if not isinstance(value, Mapping) or field == "text" or field in self.chosen:
                return plain.get(_plain(name), name), value
        return None

    def has(self, row: Iterable[str], field: str) -> bool:
        """Whether a row or a header has a place for a field, be it empty."""
        columns = list(row)
        plain = {_plain(column) for column in columns}
        return any(
            name in columns or _plain(name) in plain or _plain(name.partition(".")[0]) in plain
            for name in self.names(field)
        )

    def used(self, columns: Iterable[str]) -> list[str]:
        """Those of a table's columns that any field is looked for in."""
        wanted = set(self._first_steps())
        return [column for column in columns if _plain(column) in wanted]

    def _first_steps(self) -> Iterator[str]:
        for field in ALIASES:
            for name in self.names(field):
                yield _plain(name)
                yield _plain(name.partition(".")[0])


@lru_cache(maxsize=4096)  # the same few names come in every row
def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _plain_names(row: Mapping[str, object]) -> dict[str, str]:
    """The keys of a row by their plain form; the first of two that look alike counts."""
    plain: dict[str, str] = {}
    for key in row:
        plain.setdefault(_plain(key), key)
    return plain


def _value_at(row: Mapping[str, object], plain: Mapping[str, str], name: str) -> object:
    if name in row:
        return row[name]
    first, _, rest = name.partition(".")
    if rest:
        inner = row.get(plain.get(_plain(first), first))
        if isinstance(inner, Mapping):
            return _value_at(inner, _plain_names(inner), rest)
    return row[plain[_plain(name)]] if _plain(name) in plain else None
