"""The row that is handed out to be labelled and comes back with a coder's label.

The same columns serve the export, the reviewed file and training. The first seventeen are
what training reads; those after them tell a person why the row was picked and let the import
check that nobody changed it.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from stance.dates import parse_date
from stance.records import EVIDENCE_KINDS, Evidence
from stance.rowfiles import Cell, CellType

Answer = Literal["support", "oppose", "neutral", "none"]
Label = Literal["support", "oppose", "neutral", "none", "unclear"]

ANSWERS: Final[tuple[Answer, ...]] = get_args(Answer)
"""What can be true of a sentence, and what agreement is measured over."""
LABELS: Final[tuple[Label, ...]] = get_args(Label)
"""What a coder may say; ``unclear`` is kept, but neither trained on nor counted as an answer."""

_DECIMALS: Final = 4
_SHOWN: Final = 40
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _shown(value: object) -> str:
    text = str(value)
    return f"'{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}'"


def _choice(*known: str) -> Callable[[object], object]:
    def read(value: object) -> object:
        found = str(value).strip().casefold()
        if found not in known:
            raise ValueError(f"expected one of {', '.join(known)}; found {_shown(value)}")
        return found

    return read


def _name(value: object) -> str:
    return str(value).strip()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, found a {type(value).__name__}")
    return value


def _number(value: object) -> float:
    """A probability; spreadsheets of many countries write a comma for the point."""
    try:
        found = float(str(value).strip().replace(",", "."))
    except ValueError:
        found = math.nan
    if not 0 <= found <= 1:
        raise ValueError(f"expected a number from 0 to 1, found {_shown(value)}")
    return found


def _count(value: object) -> int:
    try:
        found = float(str(value).strip())
    except ValueError:
        found = math.nan
    if not (0 <= found <= 2**53 and found == int(found)):
        raise ValueError(f"expected a whole number from 0, found {_shown(value)}")
    return int(found)


Name = Annotated[str, BeforeValidator(_name)]
Text = Annotated[str, BeforeValidator(_text)]
Number = Annotated[float | None, BeforeValidator(_number)]
Count = Annotated[int, BeforeValidator(_count)]
Moment = Annotated[datetime | None, BeforeValidator(parse_date)]


class LabelRow(BaseModel):
    """One question to a coder, with the answer where there is one.

    ``stance`` is the model's answer, ``none`` where it reports no position, and ``score`` its
    probability. ``check`` is a digest of ``text`` and ``context``.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())

    article_id: Name
    actor: Name
    issue: Name
    proposition: Text
    start: Count
    end: Count
    text: Text
    context: Text = ""
    published: Moment = None
    source: Text | None = None
    model_version: Name = ""
    stance: Annotated[Answer | None, BeforeValidator(_choice(*ANSWERS))] = None
    score: Number = None
    coder: Name | None = None
    label: Annotated[Label | None, BeforeValidator(_choice(*LABELS))] = None
    evidence_label: Annotated[Evidence | None, BeforeValidator(_choice(*EVIDENCE_KINDS))] = None
    reviewed_at: Moment = None
    id: Name = Field(default="")
    actor_name: Text = ""
    reason: Name = ""
    p_support: Number = None
    p_oppose: Number = None
    p_neutral: Number = None
    p_none: Number = None
    check: Name = ""

    @property
    def cell(self) -> tuple[str, str]:
        """The (actor, issue) that the row asks about."""
        return self.actor, self.issue

    @property
    def own_id(self) -> str:
        """The id that the row's place and question give it."""
        return row_id(self.article_id, self.start, self.end, self.actor, self.issue)

    @property
    def own_check(self) -> str:
        """The digest of the row's words as they stand."""
        return words_check(self.text, self.context)

    def cells(self) -> list[Cell]:
        """The row as it stands in a file, in the order of ``COLUMNS``."""
        return [_cell(getattr(self, name)) for name in COLUMNS]


_NUMBERS: Final = ("score", "p_support", "p_oppose", "p_neutral", "p_none")
_COUNTS: Final = ("start", "end")
COLUMNS: Final[Mapping[str, CellType]] = {
    name: "number" if name in _NUMBERS else "count" if name in _COUNTS else "text"
    for name in LabelRow.model_fields
}
CODED: Final = ("coder", "label", "evidence_label", "reviewed_at")
"""The columns that a coder fills in."""


def row_id(article_id: str, start: int, end: int, actor: str, issue: str) -> str:
    """A stable name of a question: ``p`` and 16 hex digits of a SHA-256.

    It starts with a letter, as a spreadsheet takes ``12e45`` for a number.
    """
    joined = "\x1f".join((article_id, str(start), str(end), actor, issue))
    return "p" + hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()[:16]


def words_check(text: str, context: str) -> str:
    """A digest of what a coder reads; spacing aside, which spreadsheets change."""
    joined = "\x1f".join(" ".join(part.split()) for part in (text, context))
    return "c" + hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()[:8]


def whole(text: str) -> str:
    """The text without half surrogate pairs, which no file can hold; as long as before."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _cell(value: object) -> Cell:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return round(value, _DECIMALS) + 0.0
    if isinstance(value, str | int):
        return value or (None if value == "" else value)
    return None


class RowError(ValueError):
    """A cell that is not what its column holds."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


def parse_row(cells: Mapping[str, object]) -> LabelRow:
    """The row that cells from any file make up; raises ``RowError`` for the first bad one."""
    filled = {name: cells[name] for name in COLUMNS if not is_empty(cells.get(name))}
    try:
        return LabelRow.model_validate(filled)
    except ValidationError as error:
        first = error.errors()[0]
        reason = first["msg"].removeprefix("Value error, ")
        if first["type"] == "missing":
            reason = "expected a value, found an empty cell"
        raise RowError(str(first["loc"][0]), reason) from None


def is_empty(cell: object) -> bool:
    """Whether a cell says nothing."""
    if isinstance(cell, float):
        return math.isnan(cell)
    return cell is None or (isinstance(cell, str) and not cell.strip())
