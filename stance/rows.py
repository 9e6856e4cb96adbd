"""Files of rows → one row after the other, the broken ones told and left out.

Nothing here holds more than a row, a batch or a buffer of a few times that; a row that is
longer than ``LONGEST`` is passed over without being kept.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, BinaryIO, Final

from stance.fields import Fields
from stance.records import Skipped

LONGEST: Final = 5_000_000  # bytes of a page or a row; no article comes near it
_CHUNK: Final = 1 << 16
_UTF8_MARK: Final = codecs.BOM_UTF8


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file; ``number`` counts from 1, in a JSONL file by its lines."""

    number: int
    values: Mapping[str, object]


Rows = Iterator[Row | Skipped]


def too_long(size: int) -> str:
    """Why something of ``size`` bytes is passed over."""
    return f"it has {size:,} bytes; the limit is {LONGEST:,}"


def drain(stream: BufferedReader) -> int:
    """Read on to the end and count the bytes."""
    size = 0
    while chunk := stream.read1(_CHUNK):
        size += len(chunk)
    return size


def _byte_lines(stream: BufferedReader) -> Iterator[bytes | int]:
    """The lines of a stream, without the mark at its start; of a too long one, only its size."""
    first = True
    while line := stream.readline(LONGEST + 1):
        if len(line) > LONGEST:
            size = len(line)
            while not line.endswith(b"\n") and (line := stream.readline(_CHUNK)):
                size += len(line)
            yield size
        else:
            yield line.removeprefix(_UTF8_MARK) if first else line
        first = False


# ---------------------------------------------------------------------------------------
# JSON

_LIST_KEYS: Final = ("articles", "data", "items", "results", "documents", "records", "rows")
_SPACE: Final = re.compile(r"\s*")
_BROKEN_BYTE: Final = re.compile("[\udc80-\udcff]")
_NOT_UTF8: Final = "not valid UTF-8"


def jsonl_rows(stream: BufferedReader, file: str) -> Rows:
    """The objects of a file with one JSON object a line; blank lines are passed over."""
    for number, line in enumerate(_byte_lines(stream), 1):
        if isinstance(line, int):
            yield Skipped(file, too_long(line), number)
        elif line.strip():
            yield _json_line(line.rstrip(), file, number)


def _json_line(line: bytes, file: str, number: int) -> Row | Skipped:
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        reason = f"{_NOT_UTF8}: byte 0x{line[error.start]:02x} at position {error.start}"
        return Skipped(file, reason, number)
    except (ValueError, RecursionError) as error:
        return Skipped(file, _what_broke(error), number)
    return _object_row(value, file, number)


def json_rows(stream: BufferedReader, file: str, fields: Fields) -> Rows:
    """The objects of a JSON file: an array of them, single ones, or one that holds the array."""
    window = _Window(stream)
    is_array = window.next_mark() == "["
    if is_array:
        window.step()
    for item in _values(window, file, end="]" if is_array else ""):
        if isinstance(item, Skipped):
            yield item
            continue
        number, value = item
        inner = None if is_array else _inner_list(value, fields)
        if inner is None:
            yield _object_row(value, file, number)
        else:
            yield from (_object_row(each, file, i) for i, each in enumerate(inner, 1))


def _values(window: _Window, file: str, end: str) -> Iterator[tuple[int, object] | Skipped]:
    """The values up to the mark ``end``, numbered; nothing after one that is broken."""
    number = 0
    while (mark := window.next_mark()) != end:
        if mark == "," and number:
            window.step()
            continue
        number += 1
        try:
            yield number, window.value()
        except UnicodeError as error:
            yield Skipped(file, str(error), number)
        except (ValueError, RecursionError) as error:
            yield Skipped(file, f"{_what_broke(error)}; the file is read up to here", number)
            return


def _inner_list(value: object, fields: Fields) -> list[object] | None:
    """The array of articles that an object is only the envelope of."""
    if not isinstance(value, dict) or fields.find(value, "text"):
        return None
    lists = (value[key] for key in _LIST_KEYS if isinstance(value.get(key), list))
    return next(lists, None)


def _object_row(value: object, file: str, number: int) -> Row | Skipped:
    if isinstance(value, dict):
        return Row(number, value)
    kind = {list: "an array", str: "a string", type(None): "null", bool: "true or false"}
    return Skipped(
        file, f"a row must be an object, not {kind.get(type(value), 'a number')}", number
    )


def _what_broke(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"broken JSON: {error.msg} at character {error.pos + 1}"
    return "broken JSON: nested too deep" if isinstance(error, RecursionError) else str(error)


class _Window:
    """The part of a JSON text that is being read, with the stream behind it."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream
        # broken bytes are kept as marks, so that only the row they stand in is lost
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._json = json.JSONDecoder()
        self._text = ""
        self._at = 0
        self._ended = False

    def next_mark(self) -> str:
        """The next character that is no space, empty at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def step(self) -> None:
        """Pass over one character."""
        self._at += 1

    def value(self) -> object:
        """The JSON value that starts here.

        Raises ``UnicodeError`` and stands behind it where it is not UTF-8; raises
        ``ValueError`` or ``RecursionError`` where it is broken, too long or too deep.
        """
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                broken = json.JSONDecodeError(error.msg, "", max(0, error.pos - self._at))
                if len(self._text) - self._at > LONGEST:
                    reason = f"broken JSON, or a value of more than {LONGEST:,} bytes"
                    raise ValueError(reason) from error
                if not self._more():
                    raise broken from error
                continue
            source, self._at = self._text[self._at : end], end
            if _BROKEN_BYTE.search(source):
                raise UnicodeError(_NOT_UTF8)
            return value

    def _more(self) -> bool:
        """Read on, each time as much as is waiting, so that trying again stays linear."""
        if self._ended:
            return False
        waiting = self._text[self._at :]
        chunk = self._stream.read1(max(_CHUNK, len(waiting)))
        self._ended = not chunk
        self._text, self._at = waiting + self._decoder.decode(chunk, self._ended), 0
        return not self._ended


# ---------------------------------------------------------------------------------------
# CSV

_DELIMITERS: Final = ",;\t|"
_SHOWN_COLUMNS: Final = 12
_SHOWN_LETTERS: Final = 30


def csv_rows(stream: BufferedReader, file: str, fields: Fields) -> Rows:
    """The records of a CSV file under its header; the delimiter is told from the header.

    A record whose quotation marks do not match costs one line: the next record is looked
    for on the line after it.
    """
    # a setting of the whole process, only ever raised: articles are longer than its default
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    lines = _CsvLines(stream)
    delimiter = csv_delimiter(lines.peek(), fields)
    records = _records(
        csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True), lines
    )
    header = next(records, None)
    if header is None or isinstance(header, str):
        yield Skipped(file, header or "it is empty")
        return
    columns = [name.strip() for name in header]
    if not fields.has(columns, "text"):
        yield Skipped(file, no_text_column(columns, fields))
        return
    yield from _csv_records(records, columns, file)


def _csv_records(records: Iterator[list[str] | str], columns: list[str], file: str) -> Rows:
    """The records as rows; what a broken one leaves behind is told together with it."""
    number = lost = 0
    broken = ""
    for cells in records:
        if broken and (isinstance(cells, str) or len(cells) != len(columns)):
            lost += 1
            continue
        if broken:
            yield _broken_record(broken, lost, file, number)
            broken = ""
        number += 1
        if isinstance(cells, str):
            broken, lost = cells, 0
        else:
            yield _csv_row(number, cells, columns, file)
    if broken:
        yield _broken_record(broken, lost, file, number)


def _broken_record(reason: str, lost: int, file: str, number: int) -> Skipped:
    return Skipped(file, f"{reason}; {lost:,} lines after it are lost" if lost else reason, number)


def csv_delimiter(line: str, fields: Fields) -> str:
    """The delimiter under which a header line has a text column, and else the most columns."""

    def fit(delimiter: str) -> tuple[bool, int]:
        columns = csv_columns(line, delimiter)
        return fields.has(columns, "text"), len(columns)

    return max(_DELIMITERS, key=fit)


def csv_columns(line: str, delimiter: str) -> list[str]:
    """The columns of a header line."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def no_text_column(columns: list[str], fields: Fields) -> str:
    """Why a table cannot be read: what it has and what was looked for."""
    shown = [name[:_SHOWN_LETTERS] for name in columns[:_SHOWN_COLUMNS]]
    more = [f"and {len(columns) - len(shown)} more"] if len(columns) > len(shown) else []
    return (
        f"no text column; it has {', '.join(shown + more)}; "
        f"looked for {', '.join(fields.names('text'))}"
    )


def _csv_row(number: int, cells: list[str], columns: list[str], file: str) -> Row | Skipped:
    if len(cells) != len(columns):
        return Skipped(file, f"{len(cells)} cells under {len(columns)} columns", number)
    broken = next((i for i, cell in enumerate(cells) if _BROKEN_BYTE.search(cell)), None)
    if broken is not None:
        return Skipped(file, _NOT_UTF8, number, columns[broken])
    # the first of two columns of one name counts
    return Row(number, dict(reversed(list(zip(columns, cells, strict=True)))))


def _records(reader: Iterator[list[str]], lines: _CsvLines) -> Iterator[list[str] | str]:
    """The records that have cells, the header first; of a broken one, what is wrong with it."""
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLongError) as error:
            broken = "broken CSV: " if isinstance(error, csv.Error) else ""
            yield f"{broken}{error} (line {lines.first})"
            lines.rewind()
            continue
        if cells:
            yield cells


class _TooLongError(Exception):
    """A record grows past the limit."""


class _CsvLines:
    """The lines of a CSV file as the reader asks for them; it can go back to a record's second."""

    def __init__(self, stream: BufferedReader) -> None:
        self._lines = _byte_lines(stream)
        self._waiting: deque[str | int] = deque()
        self._record: list[str | int] = []
        self._size = 0
        self.first = 1

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else _decoded(next(self._lines))
        self._record.append(line)
        self._size += line if isinstance(line, int) else len(line)
        if self._size > LONGEST or isinstance(line, int):
            raise _TooLongError(too_long(self._size))
        return line

    def peek(self) -> str:
        """The next line, which stays the next; empty at the end and where it is too long."""
        if not self._waiting and (line := next(self._lines, None)) is not None:
            self._waiting.append(_decoded(line))
        return next((line for line in self._waiting if isinstance(line, str)), "")

    def begin(self) -> None:
        """A record starts with the next line."""
        self.first += len(self._record)
        self._record, self._size = [], 0

    def rewind(self) -> None:
        """Go back to the line after the record's first."""
        self._waiting.extendleft(reversed(self._record[1:]))
        del self._record[1:]


def _decoded(line: bytes | int) -> str | int:
    # broken bytes are kept as marks, so that only the record they stand in is lost
    return line if isinstance(line, int) else line.decode("utf-8", "surrogateescape")


# ---------------------------------------------------------------------------------------
# Parquet

_BATCH: Final = 256  # rows


def parquet_rows(stream: BinaryIO, file: str, fields: Fields) -> Rows:
    """The rows of a Parquet file, a batch at a time; the stream must be able to seek."""
    import pyarrow as pa  # here, because most inputs do not need it
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(stream) as table:
            names = table.schema_arrow.names
            if not fields.has(names, "text"):
                yield Skipped(file, no_text_column(names, fields))
                return
            for batch in table.iter_batches(batch_size=_BATCH, columns=fields.used(names)):
                columns = [_cells(column) for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    number += 1
                    yield Row(number, dict(zip(batch.schema.names, cells, strict=True)))
    except (pa.ArrowException, OSError) as error:
        where = f" after row {number}" if number else ""
        yield Skipped(file, f"broken Parquet{where}: {str(error).splitlines()[0]}")


def _cells(column: Any) -> list[object]:
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return [_cell(value) for value in column]


def _cell(value: Any) -> object:
    try:
        return value.as_py()
    except UnicodeDecodeError:
        return value.as_buffer().to_pybytes()
