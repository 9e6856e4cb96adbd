"""Rows of cells in and out of CSV, JSON lines and Parquet files, by the ending of the name.

This module knows files; what the columns mean is the business of `stance.tables`.

A spreadsheet runs a CSV cell that begins with ``=`` as a formula, and evidence is text
from anywhere. So in CSV a text that begins with ``= + - @``, a tab or a line break gets an
apostrophe before it on the way out, and loses it on the way in; so does a text that
already begins with apostrophes before one of these, which makes the round trip exact.
Numbers are no text and keep their sign.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Literal, Self

from stance.errors import InputError

Cell = str | float | int | None
CellType = Literal["text", "number", "count"]

ENDINGS: Final = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet")

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r\n]")
_NEUTRALISED: Final = re.compile(r"'+[=+\-@\t\r\n]")
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")
_BATCH: Final = 8192
_LONGEST_RECORD: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row by column, or the ``problem`` that kept it from being read.

    ``number`` counts from 1: the line of a JSON lines file, the record of the others.
    """

    number: int | None
    cells: Mapping[str, object]
    problem: str | None = None
    field: str | None = None


def ending(path: Path, known: Sequence[str] = ENDINGS) -> str:
    """The one of the known endings that the file name has, in lower case."""
    name = path.name.casefold()
    for candidate in sorted(known, key=len, reverse=True):
        if name.endswith(candidate):
            return candidate
    raise InputError(f"unknown ending; expected one of {', '.join(known)}", file=str(path))


# Writing


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` once the block ends without an error.

    Until then it lies beside it under a name of its own, so that no reader ever sees half
    a table, and a failed run leaves the table of the last one as it was.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InputError("cannot be written: it is a folder", file=str(path))
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with telling(path):
            stream = beside.open("xb")
        with stream:
            yield stream
            with telling(path):
                stream.flush()
                os.fsync(stream.fileno())
        with telling(path):
            beside.replace(target)
    finally:
        with suppress(OSError):
            beside.unlink()


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turns an error of the system while a file is written into one line that names it."""
    try:
        yield
    except OSError as error:
        found = path.resolve().parent.exists()
        reason = error.strerror or str(error) if found else "the folder does not exist"
        raise InputError(f"cannot be written: {reason}", file=str(path)) from error


class RowWriter:
    """Streams rows into a file that appears, whole, when the ``with`` block succeeds."""

    def __init__(self, path: str | Path, columns: Mapping[str, CellType]) -> None:
        self.path = Path(path)
        self.columns = dict(columns)
        self._write = _SINKS[ending(self.path).removesuffix(".gz")]
        self._open = ExitStack()
        self._put: Callable[[Sequence[Cell]], None] | None = None

    def __enter__(self) -> Self:
        with telling(self.path), ExitStack() as opened:
            stream: BinaryIO = opened.enter_context(replacing(self.path))
            if self.path.name.casefold().endswith(".gz"):
                # Neither name nor time: the same rows give the same bytes.
                zipped = gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0)
                stream = opened.enter_context(zipped)  # type: ignore[assignment]
            self._put = opened.enter_context(self._write(stream, self.columns))
            self._open = opened.pop_all()
        return self

    def write(self, cells: Sequence[Cell]) -> None:
        """Add a row; its cells are in the order of the columns."""
        if self._put is None:
            raise RuntimeError("a RowWriter writes inside its with block")
        with telling(self.path):
            self._put(cells)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._put = None
        try:
            with telling(self.path):
                self._open.__exit__(kind, error, trace)
        except InputError:
            if error is None:  # otherwise the first error is the one to tell
                raise


Sink = Callable[[BinaryIO, Mapping[str, CellType]], Any]


@contextmanager
def _csv_sink(
    stream: BinaryIO, columns: Mapping[str, CellType]
) -> Iterator[Callable[[Sequence[Cell]], None]]:
    line = io.StringIO(newline="")
    # Ended by both, so that the writer puts text with either kind of line break in quotes.
    writer = csv.writer(line, lineterminator="\r\n")

    def put(cells: Sequence[Cell]) -> None:
        line.seek(0)
        line.truncate()
        writer.writerow([_neutralise(cell) for cell in cells])
        stream.write(line.getvalue().removesuffix("\r\n").encode("utf-8") + b"\n")

    put(tuple(columns))
    yield put


@contextmanager
def _json_sink(
    stream: BinaryIO, columns: Mapping[str, CellType]
) -> Iterator[Callable[[Sequence[Cell]], None]]:
    def put(cells: Sequence[Cell]) -> None:
        line = json.dumps(dict(zip(columns, cells, strict=True)), ensure_ascii=False)
        stream.write(line.encode("utf-8") + b"\n")

    yield put


@contextmanager
def _parquet_sink(
    stream: BinaryIO, columns: Mapping[str, CellType]
) -> Iterator[Callable[[Sequence[Cell]], None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"text": pa.string(), "number": pa.float64(), "count": pa.int64()}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    waiting: list[dict[str, Cell]] = []

    def flush() -> None:
        file.write_table(pa.Table.from_pylist(waiting, schema=schema))
        waiting.clear()

    def put(cells: Sequence[Cell]) -> None:
        waiting.append(dict(zip(columns, cells, strict=True)))
        if len(waiting) == _BATCH:
            flush()

    with pq.ParquetWriter(stream, schema) as file:
        yield put
        flush()


_SINKS: Final[dict[str, Sink]] = {
    ".csv": _csv_sink,
    ".jsonl": _json_sink,
    ".parquet": _parquet_sink,
}


def _neutralise(cell: Cell) -> Cell:
    return "'" + cell if isinstance(cell, str) and _FORMULA.match(cell) else cell


def _restore(cell: str) -> str:
    return cell[1:] if _NEUTRALISED.match(cell) else cell


# Reading


def read_rows(path: str | Path, *, required: Iterable[str]) -> Iterator[Row]:
    """The rows of a table; those that cannot be read carry their problem.

    Column names lose surrounding spaces and upper case. Raises `InputError` where the
    file cannot be read at all or has no row with the required columns.
    """
    path = Path(path)
    source = _SOURCES[ending(path).removesuffix(".gz")]
    any_row = False
    try:
        for row in source(path, tuple(required)):
            any_row = True
            yield row
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        if isinstance(error, FileNotFoundError):
            raise InputError("no such file", file=str(path)) from error
        reason = "ends too early: the compressed file is cut off or damaged"
        if not isinstance(error, EOFError | zlib.error | gzip.BadGzipFile | UnicodeError):
            reason = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        elif isinstance(error, UnicodeError):
            reason = "is not text in UTF-8"
        if not any_row:
            raise InputError(reason, file=str(path)) from error
        yield Row(None, {}, problem=reason)


def _columns(names: Iterable[object], required: Sequence[str], path: Path) -> list[str]:
    """The names of the columns, when those required are among them."""
    found = [str(name).strip().casefold() for name in names]
    missing = [name for name in required if name not in found]
    if missing:
        raise InputError(
            f"missing column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"found: {', '.join(found[:30]) or 'none'}",
            file=str(path),
        )
    twice = next((name for name in found if name and found.count(name) > 1), None)
    if twice:
        raise InputError(f"column '{twice}' appears twice", file=str(path))
    return found


@contextmanager
def _text(path: Path) -> Iterator[io.TextIOWrapper]:
    """The file as text; bytes that are no UTF-8 come as surrogates, to be told by row."""
    opener = gzip.open if path.name.casefold().endswith(".gz") else open
    with opener(path, "rb") as stream:
        start = stream.read(4096)
        stream.seek(0)
        wide = start.startswith((b"\xff\xfe", b"\xfe\xff"))
        if b"\0" in start and not wide:
            raise InputError("is not a text file", file=str(path))
        encoding, errors = ("utf-16", "strict") if wide else ("utf-8-sig", "surrogateescape")
        with io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline="") as text:
            yield text


def _csv_rows(path: Path, required: Sequence[str]) -> Iterator[Row]:
    # The limit is global to the csv module; its own, 128 kB, is less than a long sentence.
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_RECORD))
    with _text(path) as text:
        header = text.readline()
        delimiter = max(",;\t", key=header.count)
        columns = _columns(next(csv.reader([header], delimiter=delimiter), []), required, path)
        for number, cells in enumerate(_records(text, delimiter, len(columns)), start=1):
            if isinstance(cells, str):
                yield Row(number, {}, problem=cells)
            else:
                yield _checked(number, dict(zip(columns, map(_restore, cells), strict=True)))


def _records(text: Iterable[str], delimiter: str, width: int) -> Iterator[list[str] | str]:
    """The records of a CSV file, a reason in place of one that cannot be read.

    A quotation mark that is never closed swallows the lines after it; so what follows the
    first line of a broken record is read again.
    """
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines.again()
            yield f"expected a CSV record: {error}"
            continue
        if record and len(record) != width:
            lines.again()
            yield f"expected {width} cells as in the header, found {len(record)}"
        elif record:
            yield record


class _Lines:
    """The lines of a text, which can be taken back to the second line of a record."""

    def __init__(self, text: Iterable[str]) -> None:
        self._text = iter(text)
        self._waiting: list[str] = []  # the next line is the last
        self._record: list[str] = []
        self._size = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._waiting.pop() if self._waiting else next(self._text)
        self._record.append(line)
        self._size += len(line)
        if self._size > _LONGEST_RECORD:
            raise csv.Error(f"longer than {_LONGEST_RECORD:,} characters")
        return line

    def begin(self) -> None:
        """A record starts with the next line."""
        self._record, self._size = [], 0

    def again(self) -> None:
        """Take back the record's lines but its first."""
        self._waiting += reversed(self._record[1:])


def _json_rows(path: Path, required: Sequence[str]) -> Iterator[Row]:
    seen: dict[str, None] = {}
    waiting: list[Row] = []  # rows before the first that has all the columns
    with _text(path) as text:
        for number, line in enumerate(text, start=1):
            if not line.strip():
                continue
            row = _json_row(number, line)
            seen |= dict.fromkeys(row.cells)
            waiting.append(row)
            if all(name in seen for name in required):
                yield from waiting
                waiting.clear()
    if waiting and not seen:
        raise InputError("has no JSON object on any of its lines", file=str(path))
    if waiting:
        _columns(seen, required, path)


def _json_row(number: int, line: str) -> Row:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "cannot be read"
        return Row(number, {}, problem=f"expected a JSON object: {reason}")
    if not isinstance(found, dict):
        return Row(number, {}, problem=f"expected a JSON object, found a {type(found).__name__}")
    return _checked(number, {name.strip().casefold(): cell for name, cell in found.items()})


def _checked(number: int, cells: dict[str, object]) -> Row:
    for name, cell in cells.items():
        if isinstance(cell, str) and _NOT_UTF8.search(cell):
            return Row(number, cells, problem="expected text in UTF-8", field=name)
    return Row(number, cells)


def _parquet_rows(path: Path, required: Sequence[str]) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as stream, pq.ParquetFile(stream) as file:
            columns = _columns(file.schema_arrow.names, required, path)
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH):
                for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield Row(number, dict(zip(columns, cells, strict=True)))
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise InputError("cannot be read as a Parquet file", file=str(path)) from error


_SOURCES: Final[dict[str, Callable[[Path, Sequence[str]], Iterator[Row]]]] = {
    ".csv": _csv_rows,
    ".jsonl": _json_rows,
    ".parquet": _parquet_rows,
}
