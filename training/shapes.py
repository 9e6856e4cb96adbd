"""The shapes that training data can have: which columns make them, and how a row is checked.

``codebook``: a text with all its positions. ``flat``: a text with the label of one (actor,
issue) of it. ``reviewed``: what the service wrote and a coder corrected.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from stance.dates import parse_date
from stance.errors import InputError, UnknownNameError
from stance.records import Evidence, Skipped, article_id
from stance.rowfiles import Row
from training.gold import GoldText, Place
from training.pairs import LABELS, Label

Shape = Literal["codebook", "flat", "reviewed"]

_ALIASES: Final[Mapping[Shape, Mapping[str, tuple[str, ...]]]] = {
    "codebook": {
        "text": (),
        "positions": (),
        "id": (),
        "date": ("published",),
        "source": (),
        "title": (),
        "page": ("group", "article_id"),
        "pool": (),
        "disputed": (),
    },
    "flat": {
        "text": (),
        "actor": (),
        "issue": (),
        "proposition": (),
        "label": (),
        "evidence": (),
        "context": (),
        "date": ("published",),
        "group": ("article_id", "page"),
    },
    "reviewed": dict.fromkeys(
        (
            "article_id actor issue proposition start end text context published label "
            "evidence_label coder reviewed_at"
        ).split(),
        (),
    ),
}
"""Our columns of each shape, and other names that are taken for them."""

_MARKS: Final[Mapping[Shape, tuple[str, ...]]] = {
    "codebook": ("text", "positions"),
    "reviewed": ("article_id", "start", "end", "actor", "label", "text"),
    "flat": ("text", "actor", "label"),
}
"""The columns that a shape cannot do without, the most telling shape first."""

_EXPECTED: Final = {
    "text": "the text",
    "positions": "a list of positions",
    "disputed": "a list of positions",
    "actor": "an actor's id or name",
    "label": f"{', '.join(LABELS[:-1])} or {LABELS[-1]}",
    "stance": "support, oppose or neutral",
    "evidence": "quote, reported, narrated, action or secondhand",
    "evidence_label": "quote, reported, narrated, action or secondhand",
    "date": "a date such as 2025-08-15",
    "published": "a date such as 2025-08-15",
    "reviewed_at": "a time such as 2025-08-15T10:00:00Z",
    "start": "the first character of the sentence, counted from 0",
    "end": "the character after the sentence, above 'start'",
    "article_id": "the article's id",
    "issue": "an issue's id, or a proposition",
}
_YEAR_OR_MONTH: Final = re.compile(r"\d{4}(-\d\d)?")


class Columns:
    """Which column holds which of our fields, and which of our labels a word stands for.

    ``columns`` maps our names to the file's, ``labels`` the file's labels to ours. Raises
    ``UnknownNameError`` for a label that is not ours.
    """

    def __init__(self, columns: Mapping[str, str], labels: Mapping[str, str]) -> None:
        self._columns = {ours: theirs.strip().casefold() for ours, theirs in columns.items()}
        self._labels = {theirs.strip().casefold(): ours for theirs, ours in labels.items()}
        for ours in labels.values():
            if ours not in LABELS:
                raise UnknownNameError("label", ours, LABELS)

    def shape(self, present: Iterable[str], file: str, told: Shape | None) -> Shape:
        """The shape of a file with these columns; ``told`` is checked against them.

        Raises ``InputError`` where a column that was named is not there, or no shape fits.
        """
        found = set(present)
        for ours, theirs in self._columns.items():
            if theirs not in found:
                raise InputError(
                    f"no column '{theirs}'; it has {', '.join(sorted(found)[:20])}",
                    file=file,
                    field=ours,
                )
        for shape in (told,) if told else _MARKS:
            if not self._missing(shape, found):
                self._check_names(shape)
                return shape
        shapes = {s: m for s, m in _MARKS.items() if told in (None, s)}
        raise InputError(
            f"columns {', '.join(sorted(found)[:20]) or 'none'}; expected "
            + " or ".join(f"{', '.join(needed)} ({s})" for s, needed in shapes.items())
            + "; --column text=body says where a field stands",
            file=file,
        )

    def _missing(self, shape: Shape, found: set[str]) -> bool:
        needed = all(self._at(name, shape, found) for name in _MARKS[shape])
        asked = shape == "codebook" or any(
            self._at(name, shape, found) for name in ("issue", "proposition")
        )
        return not (needed and asked)

    def _check_names(self, shape: Shape) -> None:
        for ours in self._columns:
            if ours not in _ALIASES[shape]:
                raise UnknownNameError(f"column of the shape '{shape}'", ours, _ALIASES[shape])

    def _at(self, ours: str, shape: Shape, found: Iterable[str]) -> str | None:
        """The column of one of our fields, or ``None``."""
        if ours in self._columns:
            return self._columns[ours]
        names = (ours, *_ALIASES[shape].get(ours, ()))
        return next((name for name in names if name in found), None)

    def ours(self, cells: Mapping[str, object], shape: Shape) -> dict[str, Any]:
        """A row's cells under our names; blank ones are left out."""
        named: dict[str, Any] = {}
        for name in _ALIASES[shape]:
            at = self._at(name, shape, cells)
            value = cells.get(at) if at else None
            if value is not None and not (isinstance(value, str) and not value.strip()):
                named[name] = value
        return named

    def label(self, value: object) -> object:
        """What a label of the file stands for; one that nobody mapped is left as it is."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        word = str(value).strip().casefold()
        return self._labels.get(word, word)


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True)

    text: str = Field(min_length=1)
    actor: str = Field(min_length=1)
    issue: str = ""
    proposition: str | None = None
    label: Label
    context: str = ""


class FlatRow(_Checked):
    """The label of one (actor, issue) of a text; nothing is said of its other pairs."""

    evidence: Evidence | None = None
    date: str | None = None
    group: str | None = None

    @field_validator("date", mode="before")
    @classmethod
    def _a_day(cls, value: object) -> str | None:
        return _day(value)


class ReviewedRow(_Checked):
    """What one coder says of one row of the position table."""

    article_id: str = Field(min_length=1)
    start: int = Field(ge=0)
    end: int
    published: str | None = None
    evidence_label: Evidence | None = None
    coder: str = ""
    reviewed_at: str | None = None

    @field_validator("published", mode="before")
    @classmethod
    def _a_day(cls, value: object) -> str | None:
        return _day(value)

    @field_validator("reviewed_at", mode="before")
    @classmethod
    def _a_moment(cls, value: object) -> str | None:
        return None if value is None else parse_date(value).astimezone(datetime.UTC).isoformat()

    @field_validator("end")
    @classmethod
    def _after_the_start(cls, value: int, info: Any) -> int:
        if value <= info.data.get("start", -1):
            raise ValueError("not above 'start'")
        return value


class _CodebookRow(GoldText):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    text: str = Field(min_length=1)

    @field_validator("date", mode="before")
    @classmethod
    def _a_day(cls, value: object) -> str | None:
        return _day(value)


def _day(value: object) -> str | None:
    if value is None or (isinstance(value, str) and _YEAR_OR_MONTH.fullmatch(value.strip())):
        if value is not None:
            parts = [int(part) for part in f"{str(value).strip()}-01-01".split("-")[:3]]
            datetime.date(*parts)
        return None if value is None else str(value).strip()
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()
    return parse_date(value).date().isoformat()


R = TypeVar("R", bound=_Checked)


def flat_row(row: Row, file: str, columns: Columns) -> FlatRow | Skipped:
    """A row of the flat shape, or why it is none."""
    return _row(row, file, columns, "flat", FlatRow)


def reviewed_row(row: Row, file: str, columns: Columns) -> ReviewedRow | Skipped:
    """A reviewed position, or why the row is none."""
    return _row(row, file, columns, "reviewed", ReviewedRow)


def _row(row: Row, file: str, columns: Columns, shape: Shape, kind: type[R]) -> R | Skipped:
    if row.problem is not None:
        return Skipped(file, row.problem, row.number, row.field)
    cells = columns.ours(row.cells, shape)
    if "label" in cells:
        cells["label"] = columns.label(cells["label"])
    for evidence in {"evidence", "evidence_label"} & set(cells):
        cells[evidence] = str(cells[evidence]).strip().casefold()
    if "issue" not in cells and "proposition" not in cells:
        return Skipped(file, f"expected {_EXPECTED['issue']}, found nothing", row.number, "issue")
    try:
        return kind.model_validate(cells)
    except ValidationError as error:
        return _skipped(error, file, row.number)


def codebook_row(row: Row, file: str, columns: Columns) -> GoldText | Skipped:
    """A text with its positions, or why the row is none; ``positions`` may be JSON text."""
    if row.problem is not None:
        return Skipped(file, row.problem, row.number, row.field)
    cells = columns.ours(row.cells, "codebook")
    for name in {"positions", "disputed"} & set(cells):
        try:
            cells[name] = _list(cells[name])
        except ValueError as error:
            reason = f"expected {_EXPECTED[name]}, found {error}"
            return Skipped(file, reason, row.number, name)
        for position in cells[name]:
            if isinstance(position, dict) and position.get("stance") is not None:
                position["stance"] = columns.label(position["stance"])
    if "positions" not in cells:
        reason = "expected a list of positions, [] for a text without any; found nothing"
        return Skipped(file, reason, row.number, "positions")
    try:
        read = _CodebookRow.model_validate({"id": article_id(str(cells.get("text", ""))), **cells})
    except ValidationError as error:
        return _skipped(error, file, row.number)
    return GoldText.model_validate({**dict(read), "place": Place(file, row.number or 0)})


def _list(value: object) -> list[Any]:
    """A list of positions; raises ``ValueError`` with what is there in its place."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError(f"no JSON in {_shown(value)}") from None
    if isinstance(value, dict) and all(isinstance(column, list) for column in value.values()):
        # how `datasets` can hand over a list of records: a list for each of their fields
        value = [dict(zip(value, one, strict=False)) for one in zip(*value.values(), strict=False)]
    if not isinstance(value, list):
        raise ValueError(_shown(value))
    return [dict(one) if isinstance(one, dict) else one for one in value]


def _skipped(error: ValidationError, file: str, row: int | None) -> Skipped:
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    name = str(first["loc"][-1])
    expected = _EXPECTED.get(name) or _EXPECTED.get(str(first["loc"][0]))
    if expected is None:
        return Skipped(file, first["msg"], row, field)
    missing = first["type"] in ("missing", "string_too_short")
    found = "nothing" if missing else _shown(first["input"])
    hint = f" (--label {found[1:-1]}=support maps it)" if name == "label" and not missing else ""
    return Skipped(file, f"expected {expected}; found {found}{hint}", row, field)


def _shown(value: object) -> str:
    """A value short enough for one line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
