"""Filled-in files → reviewed rows, each checked; and the reviewed file they are kept in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from stance import rowfiles
from stance.decoding import decode
from stance.errors import InputError, UnknownNameError
from stance.records import Skipped
from training.labelling.labelrow import (
    CODED,
    COLUMNS,
    LabelRow,
    RowError,
    is_empty,
    parse_row,
    words_check,
)
from training.labelling.studio import Cancelled, Given, flat, read_export

REQUIRED: Final = ("article_id", "actor", "issue", "proposition", "start", "end", "text", "label")
_TO_FIND: Final = ("id", "label")
"""Enough where the rows that were handed out are given."""


# Files → what was given


def read_given(path: Path, required: Iterable[str]) -> Iterator[Given | Skipped | Cancelled]:
    """What one file holds, by its ending: Label Studio's export (.json), or a table.

    A table in CSV may be as a spreadsheet saves it: a byte order mark, semicolons or tabs, the
    columns in any order, in Windows-1252. Rows without any content are passed over. Raises
    ``InputError`` where the file cannot be read at all.
    """
    if path.suffix.casefold() == ".json":
        yield from read_export(path)
        return
    for row in _table(path, required):
        if row.problem is not None:
            yield Skipped(str(path), row.problem, row.number, row.field)
        elif not all(map(is_empty, row.cells.values())):
            coder = row.cells.get("coder")
            names = () if is_empty(coder) else (str(coder).strip(),)
            yield flat(Given(str(path), row.number, row.cells, names))


def _table(path: Path, required: Iterable[str]) -> Iterator[rowfiles.Row]:
    text = _foreign(path) if path.suffix.casefold() == ".csv" else None
    if text is None:
        yield from rowfiles.read_rows(path, required=required)
        return
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_text(text, encoding="utf-8", newline="")
        try:
            yield from rowfiles.read_rows(copy, required=required)
        except InputError as error:
            raise InputError(error.reason, file=str(path)) from None


def _foreign(path: Path) -> str | None:
    """The text of a file in a spreadsheet's old character set, where it is in one."""
    try:
        text, guessed = decode(path.read_bytes())
    except (OSError, ValueError):
        return None  # the reader of tables tells what is wrong, row by row
    return text if guessed is not None else None


# What was given → rows


@dataclass(frozen=True, slots=True)
class Coders:
    """Who the coders are: ``name`` for all, or ``names`` by what a file calls them."""

    name: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def of(self, called: Sequence[str]) -> str | None:
        """The coder that a file calls so."""
        mapped = next((self.names[one] for one in called if one in self.names), None)
        return mapped or self.name or next(iter(called), None)

    def check(self, given: Iterable[Given], file: str) -> None:
        """Raises ``InputError`` where one name would stand for several coders of a file: each
        would take the place of the one before."""
        called = {one.coders[0] for one in given if one.coders and not self._is_mapped(one)}
        if self.name is not None and len(called) > 1:
            some = sorted(called)
            reason = (
                f"holds labels by {', '.join(some[:6])}; expected one coder for "
                f"--coder {self.name}, or --coder {some[0]}=NAME for each"
            )
            raise InputError(reason, file=file)

    def _is_mapped(self, given: Given) -> bool:
        return any(name in self.names for name in given.coders)


@dataclass(frozen=True, slots=True)
class Known:
    """What rows are checked against: ids of actors and issues, and the rows that were handed
    out, where these are given."""

    actors: Iterable[str]
    issues: Iterable[str]
    exported: Mapping[str, LabelRow] = field(default_factory=dict)


@dataclass(slots=True)
class Taken:
    """What files gave: the good rows, the bad ones, what holds no label, and the names of
    further columns with something in them, which are not kept."""

    rows: list[LabelRow] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unlabelled: int = 0
    cancelled: int = 0
    further: set[str] = field(default_factory=set)


def take(paths: Iterable[Path], coders: Coders, known: Known) -> Taken:
    """The labelled rows of filled-in files. Raises ``InputError`` for a file that is none."""
    taken = Taken()
    for path in paths:
        _take_file(path, coders, known, taken)
    return taken


def _take_file(path: Path, coders: Coders, known: Known, taken: Taken) -> None:
    found = list(read_given(path, _TO_FIND if known.exported else REQUIRED))
    coders.check((one for one in found if isinstance(one, Given)), str(path))
    changed = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    for one in found:
        if isinstance(one, Given):
            filled = (name for name, cell in one.cells.items() if not is_empty(cell))
            taken.further.update(name for name in filled if name and name not in COLUMNS)
        if isinstance(one, Skipped):
            taken.skipped.append(one)
        elif isinstance(one, Cancelled):
            taken.cancelled += 1
        elif is_empty(one.cells.get("label")):
            taken.unlabelled += 1
        else:
            try:
                taken.rows.append(_reviewed(one, coders, known, changed))
            except RowError as error:
                taken.skipped.append(Skipped(one.file, error.reason, one.row, error.field))


def _reviewed(given: Given, coders: Coders, known: Known, changed: datetime) -> LabelRow:
    """The checked row; one without a time was reviewed when its file was last ``changed``."""
    coder = coders.of(given.coders)
    if coder is None:
        raise RowError("coder", "expected the coder's name in the row or as --coder NAME")
    cells = _as_exported(given.cells, known.exported) if known.exported else given.cells
    row = parse_row(_unmangled(cells))
    _check_row(row, known)
    when = row.reviewed_at or changed
    return row.model_copy(
        update={"coder": coder, "reviewed_at": when, "id": row.own_id, "check": row.own_check}
    )


def _as_exported(
    cells: Mapping[str, object], exported: Mapping[str, LabelRow]
) -> Mapping[str, object]:
    """The row that was handed out with what its coder filled in."""
    id = str(cells.get("id") or "").strip()
    if id not in exported:
        raise RowError("id", f"unknown id '{id}'; expected one of the {len(exported)} exported")
    row = exported[id]
    words = {"text": row.text, "context": row.context, **cells, "check": row.own_check}
    for name in ("text", "context"):
        found = _unmangled(words)[name]
        if not is_empty(found) and str(found).split() != getattr(row, name).split():
            raise RowError(name, f"expected what was exported, '{row.text[:60]}'")
    own = {name: cell for name, cell in cells.items() if name in CODED}
    return dict(zip(COLUMNS, row.cells(), strict=True)) | own


def _check_row(row: LabelRow, known: Known) -> None:
    if row.id and row.id != row.own_id:
        raise RowError(
            "id",
            f"unknown id '{row.id}'; expected '{row.own_id}' for this article, span, actor "
            "and issue",
        )
    if row.check and row.check != row.own_check:
        raise RowError("text", "expected text and context as they were exported")
    for what, name, ids in (
        ("actor", row.actor, known.actors),
        ("issue", row.issue, known.issues),
    ):
        if name not in ids:
            raise RowError(what, str(UnknownNameError(what, name, ids)))


def _unmangled(cells: Mapping[str, object]) -> Mapping[str, object]:
    """The cells, mended where a spreadsheet took UTF-8 for Windows-1252: only then does the
    mended text fit the row's check."""
    check = cells.get("check")
    if is_empty(check) or _check_of(cells) == check:
        return cells
    mended = {name: _mended(c) if isinstance(c, str) else c for name, c in cells.items()}
    return mended if _check_of(mended) == check else cells


def _check_of(cells: Mapping[str, object]) -> str:
    return words_check(str(cells.get("text") or ""), str(cells.get("context") or ""))


def _mended(text: str) -> str:
    try:
        return b"".join(map(_byte, text)).decode("utf-8")
    except UnicodeError:
        return text


def _byte(letter: str) -> bytes:
    # Windows maps the five bytes that Windows-1252 leaves free to themselves
    return bytes([ord(letter)]) if "\x80" <= letter <= "\x9f" else letter.encode("cp1252")


# The reviewed file


def read_reviewed(path: Path) -> tuple[list[LabelRow], list[Skipped]]:
    """The rows of a reviewed file, each with coder and label, and the bad ones with reasons.

    Raises ``InputError`` where it cannot be read at all.
    """
    found = read_given(path, (*REQUIRED, "coder"))
    rows: list[LabelRow] = []
    skipped: list[Skipped] = []
    for one in found:
        if isinstance(one, Skipped):
            skipped.append(one)
        elif isinstance(one, Given):
            try:
                rows.append(_kept(one))
            except RowError as error:
                skipped.append(Skipped(one.file, error.reason, one.row, error.field))
    return rows, skipped


def _kept(given: Given) -> LabelRow:
    row = parse_row(_unmangled(given.cells))
    for name in ("coder", "label"):
        if getattr(row, name) is None:
            raise RowError(name, "expected a value, found an empty cell")
    return row.model_copy(update={"id": row.own_id})


def read_exported(paths: Iterable[Path]) -> dict[str, LabelRow]:
    """The rows that were handed out, by id; raises ``InputError`` for a broken one, as what it
    would say of a coder's file could not be trusted."""
    rows: dict[str, LabelRow] = {}
    for path in paths:
        for one in read_given(path, REQUIRED):
            if isinstance(one, Skipped):
                raise InputError(one.reason, file=one.file, row=one.row, field=one.field)
            if isinstance(one, Given):
                blank = {name: c for name, c in one.cells.items() if name not in CODED}
                try:
                    row = parse_row(blank)
                except RowError as error:
                    raise InputError(
                        error.reason, file=one.file, row=one.row, field=error.field
                    ) from None
                rows[row.own_id] = row
    return rows


@dataclass(slots=True)
class Merged:
    """Rows of which a coder has one for each question. ``replaced`` counts older ones that gave
    way, ``changed`` those of them with another label, ``outdated`` new ones that were older than
    what was there."""

    rows: list[LabelRow]
    replaced: int = 0
    changed: int = 0
    outdated: int = 0


def merge(rows: Iterable[LabelRow]) -> Merged:
    """One row for each (id, coder): the last by ``reviewed_at``, of equally old ones the later
    in order. Each stands where its first stood."""
    kept: dict[tuple[str, str | None], LabelRow] = {}
    merged = Merged([])
    for row in rows:
        key = (row.id, row.coder)
        old = kept.get(key)
        if old is None or old == row:
            kept[key] = row
        elif _when(row) < _when(old):
            merged.outdated += 1
        else:
            kept[key] = row
            merged.replaced += 1
            merged.changed += row.label != old.label
    merged.rows = list(kept.values())
    return merged


def _when(row: LabelRow) -> datetime:
    return row.reviewed_at or datetime.min.replace(tzinfo=UTC)


def write_rows(path: Path, rows: Iterable[LabelRow], *, for_excel: bool = False) -> None:
    """Write a table of rows (.csv .jsonl .parquet); it appears whole or not at all.

    ``for_excel`` puts the mark before a CSV file without which Excel does not take it as UTF-8.
    """
    columns: dict[str, rowfiles.CellType] = dict(COLUMNS)
    if for_excel:
        first, *_ = columns
        columns = {("\ufeff" + n if n == first else n): kind for n, kind in columns.items()}
    with rowfiles.RowWriter(path, columns) as out:
        for row in rows:
            out.write(row.cells())


DISPUTE_COLUMNS: Final[Mapping[str, rowfiles.CellType]] = {
    "id": "text",
    "article_id": "text",
    "actor": "text",
    "issue": "text",
    "proposition": "text",
    "text": "text",
    "context": "text",
    "labels": "text",
}


def write_disputes(path: Path, disputed: Iterable[tuple[LabelRow, Mapping[str, str]]]) -> None:
    """Write the rows that coders label differently, with ``labels`` as ``anna=support, …``."""
    with rowfiles.RowWriter(path, DISPUTE_COLUMNS) as out:
        for row, unit in disputed:
            said = ", ".join(f"{coder}={label}" for coder, label in sorted(unit.items()))
            words = [getattr(row, name) for name in list(DISPUTE_COLUMNS)[:-1]]
            out.write([*words, said])


def reasons(skipped: Sequence[Skipped], shown: int, tell: Callable[[str], None]) -> None:
    """Tell what was skipped, the first ones each, the rest by reason."""
    for one in skipped[:shown]:
        tell(f"skipped: {one}")
    rest = Counter(one.reason for one in skipped[shown:])
    for reason, count in rest.most_common():
        tell(f"and {count} more: {reason}")
