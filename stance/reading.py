"""Files, folders, patterns and standard input → articles, one after the other.

A page (text or HTML) becomes its articles; each row of a table is an article by itself.
`take` gets pages and rows out of their files, `finish` makes articles of one; `read` does both.
What cannot be read is told in a ``Skipped`` and the rest goes on; nothing here raises for
what a file holds. Text that is not English counts as such.
"""

from __future__ import annotations

import codecs
import glob
import gzip
import json
import os
import re
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader, RawIOBase
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, Self, cast

from stance.cleaning import has_words, looks_like_html, mend_markup
from stance.dates import parse_date
from stance.decoding import binary_kind, decode
from stance.errors import InputError
from stance.fields import Fields
from stance.language import foreign, not_english
from stance.pages import article_from_text, articles_of
from stance.records import Article, Skipped
from stance.rows import (
    LONGEST,
    Row,
    Rows,
    csv_columns,
    csv_delimiter,
    csv_rows,
    drain,
    json_rows,
    jsonl_rows,
    parquet_rows,
    too_long,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Format = Literal["text", "html", "json", "jsonl", "csv", "parquet"]

FORMATS: Final[Mapping[str, Format]] = {
    ".txt": "text",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
}
STDIN: Final = "-"
_STDIN_NAME: Final = "standard input"
_HEAD: Final = 1 << 16  # bytes that the format is told from
_GZIP: Final = b"\x1f\x8b"
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_IN_MEMORY: Final = 32_000_000  # bytes; a longer Parquet stream is put down in a file


@dataclass(frozen=True, slots=True)
class Warned:
    """A part of an input that could not be read although its article was.

    ``row`` and ``field`` are as in ``Skipped``.
    """

    file: str
    reason: str
    row: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        return str(Skipped(self.file, self.reason, self.row, self.field))


Read = Article | Skipped | Warned


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it lies in its file."""

    file: str
    raw: bytes
    is_html: bool


@dataclass(frozen=True, slots=True)
class Cells:
    """A row as it lies in its file; ``fields`` tell what its cells are."""

    file: str
    row: Row
    fields: Fields


Taken = Page | Cells | Skipped | Warned
"""What comes out of a file before anybody looks at its text; it can be sent elsewhere."""


def read(
    inputs: Sequence[str],
    *,
    fields: Mapping[str, str] | None = None,
    stdin: BinaryIO | None = None,
) -> Iterator[Read]:
    """Read every input in turn; memory does not grow with the number of rows.

    An input is a file, a folder (searched for the endings of ``FORMATS``, each also with
    ``.gz``), a pattern with ``*``, ``?`` or ``**``, or ``-`` for ``stdin``, which is
    ``sys.stdin`` where it is not given. A file named twice is read once. ``fields`` maps
    our names (the keys of ``fields.ALIASES``) to the columns that hold them.

    Raises ``UnknownNameError`` for a key of ``fields`` that is not ours.
    """
    return chain.from_iterable(map(finish, take(inputs, fields=fields, stdin=stdin)))


def take(
    inputs: Sequence[str],
    *,
    fields: Mapping[str, str] | None = None,
    stdin: BinaryIO | None = None,
) -> Iterator[Taken]:
    """The pages and rows of every input in turn, not looked at yet; otherwise as `read`."""
    return _take_all(inputs, Fields(fields), stdin)


def finish(taken: Taken | Article) -> Iterator[Read]:
    """The articles of a page or row, or why there are none; anything else as it is."""
    if isinstance(taken, Page):
        yield from _read_page(taken)
    elif isinstance(taken, Cells):
        yield from _read_row(taken.row, taken.file, taken.fields)
    else:
        yield taken


def weight(taken: Taken | Article) -> int:
    """About how many characters a page or row has."""
    if isinstance(taken, Page):
        return len(taken.raw)
    if isinstance(taken, Cells):
        return sum(len(v) for v in taken.row.values.values() if isinstance(v, str | bytes))
    return len(taken.text) if isinstance(taken, Article) else 1


class Finishing:
    """What was taken, finished here one by one; ``rest`` is what nobody has asked for yet."""

    def __init__(self, taken: Iterable[Taken]) -> None:
        self._taken = iter(taken)
        self._open: Iterator[Read] = iter(())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Read:
        while True:
            for one in self._open:
                return one
            self._open = finish(next(self._taken))

    def rest(self) -> Iterator[Taken | Article]:
        return chain(self._open, self._taken)


def _take_all(inputs: Sequence[str], fields: Fields, stdin: BinaryIO | None) -> Iterator[Taken]:
    done: set[str] = set()
    for given in inputs:
        for found in _files_of(given):
            if isinstance(found, Skipped):
                yield found
                continue
            real = found if found == STDIN else os.path.realpath(found)
            if real in done:
                continue
            done.add(real)
            if found == STDIN:
                yield from _take_stream(stdin or sys.stdin.buffer, _STDIN_NAME, "", fields)
            else:
                yield from _take_file(found, fields)


# ---------------------------------------------------------------------------------------
# Inputs → files


def files_of(inputs: Sequence[str]) -> Iterator[str]:
    """The files that `read` will look into, in its order; what is none is left out."""
    for given in inputs:
        yield from (found for found in _files_of(given) if isinstance(found, str))


def _files_of(given: str) -> Iterator[str | Skipped]:
    if given == STDIN:
        yield given
    elif os.path.isdir(given):
        yield from _files_in(given)
    elif os.path.lexists(given):
        yield given
    elif glob.has_magic(given):
        matches = sorted(glob.glob(given, recursive=True))
        for match in matches:
            yield from _files_in(match) if os.path.isdir(match) else [match]
        if not matches:
            yield Skipped(_shown(given), "no file matches this pattern")
    else:
        yield Skipped(_shown(given), "no such file or folder")


def _files_in(folder: str) -> Iterator[str | Skipped]:
    """The files below a folder whose ending is known, in order; hidden ones are left out."""
    problems: list[OSError] = []
    empty = True
    for path, folders, files in os.walk(folder, onerror=problems.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and _ending(name) in FORMATS:
                empty = False
                yield os.path.join(path, name)
    for problem in problems:
        yield Skipped(_shown(str(problem.filename)), _why(problem))
    if empty and not problems:
        yield Skipped(_shown(folder), f"no file in it ends in {', '.join(FORMATS)}")


def _ending(name: str) -> str:
    """The ending that tells the format, without ``.gz``."""
    return os.path.splitext(name.lower().removesuffix(".gz"))[1]


def _shown(path: str) -> str:
    """A path as it can be printed; names on disk need not be text."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _why(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return reason[:1].lower() + reason[1:]


# ---------------------------------------------------------------------------------------
# One file


def _take_file(path: str, fields: Fields) -> Iterator[Taken]:
    file = _shown(path)
    try:
        stream = open(path, "rb")  # noqa: SIM115 - closed below, errors on opening told apart
    except OSError as error:
        yield Skipped(file, _why(error))
        return
    with stream:
        yield from _take_stream(stream, file, path, fields)


def _take_stream(stream: BinaryIO, file: str, name: str, fields: Fields) -> Iterator[Taken]:
    """Take apart one stream; where it breaks off, what came before is kept."""
    count = 0
    try:
        for item in _unpack(stream, file, name, fields):
            count += isinstance(item, Cells)
            yield item
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = "ends too early" if isinstance(error, EOFError) else "is damaged or none"
        kept = f"; {count} rows before that were read" if count else ""
        yield Skipped(file, f"the gzip data {what}{kept}")
    except OSError as error:
        yield Skipped(file, _why(error))


def _unpack(stream: BinaryIO, file: str, name: str, fields: Fields) -> Iterator[Taken]:
    ending = _ending(name)
    rest, head = _peek(stream)
    is_packed = name.lower().endswith(".gz") or ending not in FORMATS
    if is_packed and head and (ending in FORMATS or head.startswith(_GZIP)):
        with closing(gzip.GzipFile(fileobj=rest)) as unpacked:
            inner, head = _peek(unpacked)
            yield from _take_format(inner, head, file, ending, fields)
        return
    yield from _take_format(rest, head, file, ending, fields, whole=stream)


def _peek(stream: BinaryIO | gzip.GzipFile) -> tuple[BufferedReader, bytes]:
    """The stream from its start, and its first bytes; it need not be able to seek."""
    head = b""
    problem: Exception | None = None
    while len(head) < _HEAD:
        try:
            chunk = _some(stream, _HEAD - len(head))
        except (EOFError, OSError, zlib.error) as error:
            problem = error  # for the reader to meet where it stands, after what came before
            break
        if not chunk:
            break
        head += chunk
    return BufferedReader(_Rest(head, problem, stream)), head


def _some(stream: BinaryIO | gzip.GzipFile, size: int) -> bytes:
    """What can be had at once: with more, all of it would be lost where the stream breaks."""
    read_some: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    return read_some(size)


class _Rest(RawIOBase):
    """Bytes that were read already, then the stream they came from, which stays open."""

    def __init__(
        self, head: bytes, problem: Exception | None, stream: BinaryIO | gzip.GzipFile
    ) -> None:
        self._head = head
        self._problem = problem
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        room = memoryview(buffer).cast("B")
        chunk = self._head[: len(room)]
        if not chunk:
            if self._problem is not None:
                raise self._problem
            chunk = _some(self._stream, len(room))
        self._head = self._head[len(chunk) :]
        room[: len(chunk)] = chunk
        return len(chunk)


def _take_format(
    stream: BufferedReader,
    head: bytes,
    file: str,
    ending: str,
    fields: Fields,
    whole: BinaryIO | None = None,
) -> Iterator[Taken]:
    """Take what is behind ``stream``; ``whole`` is the same from its start, if not packed."""
    if not head.strip():
        yield from _nothing_in(stream, file)
        return
    kind = FORMATS.get(ending) or _sniff(head, fields)
    if kind == "json" and _is_json_lines(head):
        kind = "jsonl"
    binary = binary_kind(head) if kind != "parquet" else None
    if binary is not None:
        yield Skipped(file, f"it is no text but {binary}")
    elif kind in ("text", "html"):
        yield _page(stream, file, is_html=kind == "html")
    elif kind == "parquet":
        yield from _take_rows(_parquet_rows(stream, whole, file, fields), file, fields)
    elif head.startswith(_UTF16):
        yield Skipped(file, "it is UTF-16; a table is read as UTF-8 only")
    else:
        yield from _take_rows(_rows_of(stream, file, kind, fields), file, fields)


def _nothing_in(stream: BufferedReader, file: str) -> Iterator[Skipped]:
    drain(stream)  # a stream that broke before its first byte says so here
    yield Skipped(file, "it is empty")


# ---------------------------------------------------------------------------------------
# The format of what has no known ending

_HTML_START: Final = re.compile(
    rb"\s*<(?:!doctype|html|head|body|div|article|p|h1)\b", re.IGNORECASE
)
_JSON_START: Final = re.compile(rb"\s*(?:\[\s*[{\]]|\{\s*[\"}])")


def _sniff(head: bytes, fields: Fields) -> Format:
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith(b"PAR1"):
        return "parquet"
    if _JSON_START.match(head):
        return "json"
    if _HTML_START.match(head):
        return "html"
    line = head.partition(b"\n")[0].decode("utf-8", "replace")
    columns = csv_columns(line, csv_delimiter(line, fields))
    is_table = len(columns) > 1 and fields.has(columns, "text")
    return "csv" if is_table else "text"


def _is_json_lines(head: bytes) -> bool:
    """Whether the first line is an object by itself and the next one starts another."""
    first, _, rest = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    if not rest.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


# ---------------------------------------------------------------------------------------
# Pages


def _page(stream: BufferedReader, file: str, *, is_html: bool) -> Page | Skipped:
    raw = stream.read(LONGEST + 1)
    if len(raw) > LONGEST:
        return Skipped(file, too_long(len(raw) + drain(stream)))
    return Page(file, raw, is_html)


def _read_page(page: Page) -> Iterator[Read]:
    file = page.file
    try:
        text, guessed = decode(page.raw, is_html=page.is_html)
    except ValueError as error:
        yield Skipped(file, str(error))
        return
    articles = articles_of(text, is_html=page.is_html or looks_like_html(text))
    for number, article in enumerate(articles, 1):
        language = foreign(article.text)
        which = f"article {number} of the page: " if len(articles) > 1 else ""
        yield Skipped(file, which + not_english(language)) if language else article
    if not articles:
        furniture = "it holds no article, only site furniture"
        yield Skipped(file, furniture if has_words(text) else "it holds no words")
    elif guessed is not None:
        yield Warned(file, f"not valid UTF-8; read as {guessed}")


# ---------------------------------------------------------------------------------------
# Rows


def _rows_of(stream: BufferedReader, file: str, kind: Format, fields: Fields) -> Rows:
    if kind == "jsonl":
        return jsonl_rows(stream, file)
    if kind == "json":
        return json_rows(stream, file, fields)
    return csv_rows(stream, file, fields)


def _parquet_rows(
    stream: BufferedReader, whole: BinaryIO | None, file: str, fields: Fields
) -> Rows:
    """Parquet is read from its end, so that what cannot seek has to be put down first."""
    if whole is not None and whole.seekable():
        whole.seek(0)
        yield from parquet_rows(whole, file, fields)
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
        while chunk := stream.read1(_HEAD):
            copy.write(chunk)
        copy.seek(0)
        yield from parquet_rows(cast(BinaryIO, copy), file, fields)


def _take_rows(rows: Rows, file: str, fields: Fields) -> Iterator[Taken]:
    unseen = {name: column for name, column in fields.chosen.items() if name != "text"}
    any_row = False
    for row in rows:
        if isinstance(row, Skipped):
            yield row
            continue
        any_row = True
        unseen = {name: at for name, at in unseen.items() if not fields.has(row.values, name)}
        yield Cells(file, row, fields)
    for name, column in unseen.items() if any_row else ():
        yield Warned(file, f"no row has '{column}'", field=name)


def _read_row(row: Row, file: str, fields: Fields) -> Iterator[Read]:
    try:
        text = _text_of(row, file, fields)
    except InputError as error:
        yield Skipped(file, error.reason, error.row, error.field)
        return
    warned: list[Warned] = []
    lines = {name: _line_of(row, file, fields, name, warned) for name in _LINES}
    published = _date_of(row, file, fields, warned)
    try:
        yield article_from_text(
            mend_markup(text),
            title=lines["title"],
            published=published,
            source=lines["source"],
            url=lines["url"],
            id=lines["id"] or "",
        )
    except InputError as error:
        yield Skipped(file, error.reason, row.number)
        return
    yield from warned


_LINES: Final = ("title", "source", "url", "id")


def _text_of(row: Row, file: str, fields: Fields) -> str:
    found = fields.find(row.values, "text")
    if found is None:
        looked_for = ", ".join(fields.names("text"))
        has = fields.has(row.values, "text")
        reason = "the text is empty" if has else f"no text; looked for {looked_for}"
        raise InputError(reason, file=file, row=row.number)
    column, value = found
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            raise InputError("not valid UTF-8", file=file, row=row.number, field=column) from None
    if not isinstance(value, str):
        reason = f"the text is not a string but {_kind_of(value)}"
        raise InputError(reason, file=file, row=row.number, field=column)
    if len(value) > LONGEST:
        raise InputError(too_long(len(value)), file=file, row=row.number, field=column)
    return value


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    kinds = ((int | float, "a number"), (Mapping, "an object"), (list, "an array"))
    return next((name for kind, name in kinds if isinstance(value, kind)), type(value).__name__)


def _line_of(row: Row, file: str, fields: Fields, name: str, warned: list[Warned]) -> str | None:
    """A field that is one line; a number is taken as its digits."""
    found = fields.find(row.values, name)
    if found is None:
        return None
    column, value = found
    if isinstance(value, str):
        return mend_markup(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    warned.append(Warned(file, f"not a string but {_kind_of(value)}", row.number, column))
    return None


def _date_of(row: Row, file: str, fields: Fields, warned: list[Warned]) -> datetime | None:
    found = fields.find(row.values, "published")
    if found is None:
        return None
    column, value = found
    try:
        return parse_date(value)
    except ValueError as error:
        warned.append(Warned(file, f"{error}; read without a date", row.number, column))
        return None
