"""The tables of the project: positions, matrix and shifts, in CSV, JSON lines or Parquet.

One description of the columns, a `Table`, serves every record and format: the same record
gives the same cells everywhere. Numbers are rounded to four decimals, dates are ISO 8601
with their zone (as text in Parquet too, where a timestamp would lose the zone), and an
empty cell is ``None``. `stance.rowfiles` tells how text is kept from becoming a formula.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar, get_args

from stance import rowfiles
from stance.dates import parse_date
from stance.records import (
    EVIDENCE_KINDS,
    STANCES,
    CellState,
    Position,
    Shift,
    ShiftKind,
    Skipped,
)
from stance.records import Cell as MatrixCell
from stance.rowfiles import CellType, RowWriter

Record = TypeVar("Record")
Values = dict[str, Any]

DECIMALS: Final = 4
_ROUNDING: Final = 0.001
_SHOWN: Final = 40
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class _FieldError(ValueError):
    """A cell that is not what its column holds."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


# Columns


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type in the file, and how a cell becomes a value.

    ``read`` is given a cell that is not empty and raises ``ValueError`` with what it
    expected; a ``required`` column must exist and have no empty cell.
    """

    name: str
    type: CellType
    read: Callable[[object], object]
    required: bool = False


def _shown(value: object) -> str:
    text = str(value)
    return f"'{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}'"


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):  # an id that a file stores as a number
        return str(value)
    raise ValueError(f"expected text, found a {type(value).__name__}")


def _name(value: object) -> str:
    return _text(value).strip()


def _choice(*choices: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        found = str(value).strip().casefold()
        if found not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}; found {_shown(value)}")
        return found

    return read


def _number(low: float, high: float) -> Callable[[object], float]:
    def read(value: object) -> float:
        try:
            found = float(str(value))
        except ValueError:
            found = math.nan
        if not low <= found <= high:
            raise ValueError(f"expected a number from {low:g} to {high:g}, found {_shown(value)}")
        return found

    return read


def _count(value: object) -> int:
    try:
        found = float(str(value))
    except ValueError:
        found = math.nan
    if not (0 <= found <= 2**53 and found == int(found)):
        raise ValueError(f"expected a whole number from 0, found {_shown(value)}")
    return int(found)


def _is_empty(value: object) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and not value.strip())


_YES: Final = "yes"
"""How a mark that is set stands in a file; one that is not is an empty cell."""


def as_cell(value: object) -> rowfiles.Cell:
    """A value as it stands in a file."""
    if isinstance(value, datetime):
        return (value if value.tzinfo is not None else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0 if math.isfinite(value) else None  # no -0.0
    if isinstance(value, str):
        # Half a surrogate pair is no text that a file could hold; offsets stay as they are.
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value) or None
    if isinstance(value, bool):
        return _YES if value else None
    if value is None or isinstance(value, int):
        return value
    raise TypeError(f"no cell for a {type(value).__name__}")


_PROBABILITY: Final = _number(0, 1)
_SCALE: Final = _number(-1, 1)


# Tables


@dataclass(frozen=True, slots=True)
class Table(Generic[Record]):
    """How a record is kept in a table: each column is the record's field of that name.

    ``complete`` makes the function that fills in, row by row of one file, what a row does
    not say, and raises what does not fit together.
    """

    columns: tuple[Column, ...]
    record: Callable[..., Record]
    complete: Callable[[], Callable[[Values], Values]]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    def cells(self, record: Record) -> list[rowfiles.Cell]:
        """The record as a row of cells."""
        return [as_cell(getattr(record, name)) for name in self.names]

    def values(self, cells: Mapping[str, object]) -> Values:
        """A row's cells as values, an empty one as ``None``."""
        return {column.name: _value(column, cells.get(column.name)) for column in self.columns}


def _value(column: Column, cell: object) -> object:
    if _is_empty(cell):
        if column.required:
            raise _FieldError(column.name, "expected a value, found an empty cell")
        return None
    try:
        return column.read(cell)
    except ValueError as error:
        raise _FieldError(column.name, str(error)) from error


class TableWriter(Generic[Record]):
    """Streams records into a table, which takes its place when the ``with`` block succeeds.

    Until then, and after an error, what was at ``path`` before stays as it was. The format
    follows the ending: .csv, .jsonl (each also .gz) or .parquet. ``rows`` counts.
    """

    def __init__(self, path: str | Path, table: Table[Record]) -> None:
        self.rows = 0
        self._table = table
        self._file = RowWriter(path, {column.name: column.type for column in table.columns})

    def __enter__(self) -> Self:
        self._file.__enter__()
        return self

    def write(self, record: Record) -> None:
        """Add one record."""
        self._file.write(self._table.cells(record))
        self.rows += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.__exit__(kind, error, trace)


def write_table(path: str | Path, table: Table[Record], records: Iterable[Record]) -> int:
    """Write all records at once; returns how many there were."""
    with TableWriter(path, table) as out:
        for record in records:
            out.write(record)
    return out.rows


def iter_table(path: str | Path, table: Table[Record]) -> Iterator[Record | Skipped]:
    """The records of a table in its order, and in place of a bad row why it was skipped.

    Raises `InputError` where the file cannot be read or lacks a required column.
    """
    complete = table.complete()
    for row in rowfiles.read_rows(path, required=table.required):
        if row.problem is not None:
            yield Skipped(str(path), row.problem, row=row.number, field=row.field)
            continue
        try:
            values = complete(table.values(row.cells))
        except _FieldError as error:
            yield Skipped(str(path), error.reason, row=row.number, field=error.field)
        else:
            yield table.record(**values)


def read_table(path: str | Path, table: Table[Record]) -> tuple[list[Record], list[Skipped]]:
    """All good rows of a table, and the others with their reasons."""
    records: list[Record] = []
    skipped: list[Skipped] = []
    for row in iter_table(path, table):
        if isinstance(row, Skipped):
            skipped.append(row)
        else:
            records.append(row)
    return records, skipped


# Positions


class _PositionFiller:
    """Fills in what a row from elsewhere leaves out, so that it can be counted.

    Only actor, issue and stance must be there. Without probabilities the stance has the
    probability ``score``, or 1. Without an article id the row gets one from its address or
    title, source and date; a row that has neither counts as an article of its own.
    """

    def __init__(self) -> None:
        self._alike: Counter[str] = Counter()

    def __call__(self, values: Values) -> Values:
        values |= _probabilities(values)
        values["article_id"] = values["article_id"] or self._article_id(values)
        values["text"] = values["text"] or ""
        # The least that a text can be said to do: tell of a position.
        values["evidence"] = values["evidence"] or "narrated"
        values |= _span(values)
        # What the row does not say of its making stays unsaid.
        for name in ("model_version", "codebook_version", "cluster", "cue", "via", "addressee"):
            values[name] = values[name] or ""
        values["reviewed"] = values["reviewed"] == _YES
        return values

    def _article_id(self, values: Values) -> str:
        known = ("url", "title", "source", "published")
        if values["url"] or values["title"]:
            return _digest([values[name] for name in known])
        row = _digest(list(values.values()))
        self._alike[row] += 1
        return _digest([row, self._alike[row]])


def _digest(values: list[object]) -> str:
    return hashlib.sha256(json.dumps(values, default=str).encode()).hexdigest()[:16]


def _probabilities(values: Values) -> Values:
    own = f"p_{values['stance']}"
    names = [f"p_{stance}" for stance in STANCES]
    known = {name: values[name] or 0.0 for name in names}
    if values[own] is None:
        known[own] = max(0.0, 1 - sum(known.values()))
        if values["score"] is not None:
            known[own] = values["score"]
    if (total := sum(known.values())) > 1 + _ROUNDING:
        raise _FieldError(own, f"expected probabilities that add up to 1 at most, found {total:g}")
    return known | {"score": known[own] if values["score"] is None else values["score"]}


def _span(values: Values) -> Values:
    start = values["start"] or 0
    end = start + len(values["text"]) if values["end"] is None else values["end"]
    if end < start:
        raise _FieldError("end", f"expected at least start ({start}), found {end}")
    return {"start": start, "end": end}


POSITIONS: Final[Table[Position]] = Table(
    columns=(
        Column("article_id", "text", _name),
        Column("title", "text", _text),
        Column("source", "text", _text),
        Column("url", "text", _text),
        Column("published", "text", parse_date),
        Column("actor", "text", _name, required=True),
        Column("issue", "text", _name, required=True),
        Column("stance", "text", _choice(*STANCES), required=True),
        Column("score", "number", _PROBABILITY),
        Column("p_support", "number", _PROBABILITY),
        Column("p_oppose", "number", _PROBABILITY),
        Column("p_neutral", "number", _PROBABILITY),
        Column("evidence", "text", _choice(*EVIDENCE_KINDS)),
        Column("start", "count", _count),
        Column("end", "count", _count),
        Column("text", "text", _text),
        Column("model_version", "text", _text),
        Column("codebook_version", "text", _text),
        Column("cluster", "text", _text),
        Column("cue", "text", _text),
        Column("via", "text", _name),
        Column("addressee", "text", _name),
        Column("reviewed", "text", _choice(_YES, "no")),
    ),
    record=Position,
    complete=_PositionFiller,
)
POSITION_COLUMNS: Final = POSITIONS.names


class PositionWriter(TableWriter[Position]):
    """Streams positions into a table; see `TableWriter`."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, POSITIONS)


def write_positions(path: str | Path, positions: Iterable[Position]) -> int:
    """Write a position table; returns the number of rows."""
    return write_table(path, POSITIONS, positions)


def iter_positions(path: str | Path) -> Iterator[Position | Skipped]:
    """The rows of a position table one by one, however large it is."""
    return iter_table(path, POSITIONS)


def read_positions(path: str | Path) -> tuple[list[Position], list[Skipped]]:
    """The positions of any table with at least the columns actor, issue and stance."""
    return read_table(path, POSITIONS)


# Matrix and shifts


def _as_is() -> Callable[[Values], Values]:
    return lambda values: values


MATRIX: Final[Table[MatrixCell]] = Table(
    columns=(
        Column("actor", "text", _name, required=True),
        Column("issue", "text", _name, required=True),
        Column("position", "number", _SCALE),
        Column("low", "number", _SCALE),
        Column("high", "number", _SCALE),
        Column("state", "text", _choice(*get_args(CellState)), required=True),
        Column("n_support", "count", _count, required=True),
        Column("n_oppose", "count", _count, required=True),
        Column("n_neutral", "count", _count, required=True),
        Column("n_statements", "count", _count, required=True),
        Column("n_articles", "count", _count, required=True),
        Column("n_independent", "count", _count, required=True),
        Column("first", "text", parse_date),
        Column("last", "text", parse_date),
    ),
    record=MatrixCell,
    complete=_as_is,
)
MATRIX_COLUMNS: Final = MATRIX.names


def write_matrix(path: str | Path, cells: Iterable[MatrixCell]) -> int:
    """Write a matrix table; returns the number of rows."""
    return write_table(path, MATRIX, cells)


def read_matrix(path: str | Path) -> tuple[list[MatrixCell], list[Skipped]]:
    """The cells of a matrix table."""
    return read_table(path, MATRIX)


SHIFTS: Final[Table[Shift]] = Table(
    columns=(
        Column("actor", "text", _name, required=True),
        Column("issue", "text", _name, required=True),
        Column("before", "number", _SCALE, required=True),
        Column("after", "number", _SCALE, required=True),
        Column("earliest", "text", parse_date, required=True),
        Column("latest", "text", parse_date, required=True),
        Column("probability", "number", _PROBABILITY, required=True),
        Column("kind", "text", _choice(*get_args(ShiftKind)), required=True),
    ),
    record=Shift,
    complete=_as_is,
)
SHIFT_COLUMNS: Final = SHIFTS.names


def write_shifts(path: str | Path, shifts: Iterable[Shift]) -> int:
    """Write a shift table; returns the number of rows. Statements are told by positions."""
    return write_table(path, SHIFTS, shifts)


def read_shifts(path: str | Path) -> tuple[list[Shift], list[Skipped]]:
    """The shifts of a shift table, without their statements."""
    return read_table(path, SHIFTS)
