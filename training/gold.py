"""Annotated texts in the codebook's format: one JSON object a line, checked on reading."""

from __future__ import annotations

import datetime
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stance.errors import InputError
from stance.records import Evidence, Skipped, Stance


class Place(NamedTuple):
    """Where a text was read: a file and its row, counted from 1."""

    file: str
    row: int

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}"


class GoldPosition(BaseModel):
    """One annotated position. ``anchor`` is the sentence that carries it, where that is known;
    ``proposition`` is given for issues outside the register."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    actor: str
    issue: str
    stance: Stance
    evidence: Evidence | None = None
    proposition: str | None = None
    anchor: str | None = None

    @property
    def pair(self) -> tuple[str, str]:
        return self.actor, self.issue


class GoldText(BaseModel):
    """A text with every position it expresses; ``disputed`` ones are asked of no one."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    text: str
    date: str | None = None
    source: str | None = None
    title: str | None = None
    page: str | None = None
    pool: str | None = None
    positions: tuple[GoldPosition, ...] = ()
    disputed: tuple[GoldPosition, ...] = ()
    place: Place | None = Field(None, exclude=True, repr=False)

    @property
    def day(self) -> datetime.date | None:
        """The date; a month or year alone stands for its first day."""
        if not self.date:
            return None
        parts = [int(part) for part in f"{self.date[:10]}-01-01".split("-")[:3]]
        return datetime.date(*parts)

    @property
    def group(self) -> str:
        """What must stay on one side of a split: the page, or a source's texts of one day."""
        return self.page or (f"{self.pool}:{self.source}:{self.date}" if self.pool else self.id)


def read_gold(path: Path) -> Iterator[GoldText | Skipped]:
    """Texts of a ``.jsonl`` (or ``.jsonl.gz``) file; a broken row is told and passed over.

    Raises ``InputError`` where the file itself cannot be read.
    """
    try:
        lines = _lines(path)
        for row, line in enumerate(lines, start=1):
            if line.strip():
                yield _parse(line, str(path), row)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "cannot be read"
        raise InputError(reason, file=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("is no UTF-8 text", file=str(path)) from None


def _lines(path: Path) -> Iterator[str]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from file
    else:
        with path.open(encoding="utf-8") as file:
            yield from file


def _parse(line: str, file: str, row: int) -> GoldText | Skipped:
    try:
        raw: Any = json.loads(line)
    except ValueError as error:
        return Skipped(file, f"no valid JSON: {error}", row)
    if not isinstance(raw, dict):
        return Skipped(file, "expected a JSON object", row)
    try:
        return GoldText.model_validate({"id": str(row), **raw, "place": Place(file, row)})
    except ValidationError as error:
        first = error.errors()[0]
        return Skipped(file, first["msg"], row, ".".join(map(str, first["loc"])))
