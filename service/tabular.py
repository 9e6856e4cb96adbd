"""Records → the answer that holds them as a table: JSON, CSV, NDJSON or Parquet.

CSV, NDJSON and Parquet are the very bytes that the library writes for the same records. Every
answer tells its rows and its digest, so that one that was cut short is noticed, and has a strong
ETag, made before the work is done.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from service.filters import Format
from service.schemas import Versions
from stance.course import Stretch
from stance.errors import UnknownNameError
from stance.rowfiles import Cell, CellType, RowWriter
from stance.store import Row
from stance.store.listing import Listed
from stance.tables import MATRIX, POSITIONS, SHIFTS, Table, as_cell

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
_ENDINGS: Final[Mapping[Format, str]] = {"csv": ".csv", "ndjson": ".jsonl", "parquet": ".parquet"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns of a table on the wire, and how a record becomes a row of cells."""

    types: Mapping[str, CellType]
    cells: Callable[[Any], Sequence[Cell]]

    def check(self, names: Iterable[str]) -> None:
        """Raises ``UnknownNameError`` for what is no column."""
        for name in names:
            if name not in self.types:
                raise UnknownNameError("column", name, self.types)


def _of(table: Table[Any]) -> dict[str, CellType]:
    return {column.name: column.type for column in table.columns}


def _row(row: Row) -> Sequence[Cell]:
    return [*POSITIONS.cells(row.position), row.id]


def _listed(one: Listed) -> Sequence[Cell]:
    return [as_cell(getattr(one, name)) for name in _ARTICLE]


def _stretch(one: Stretch) -> Sequence[Cell]:
    days = [one.first.isoformat(), one.last.isoformat()]
    cells = dict(zip(MATRIX.names, MATRIX.cells(one.cell), strict=True))
    figures = [cells[name] for name in _FIGURES]
    return [cells["actor"], cells["issue"], *days, one.article or None, *figures, one.printed]


_ARTICLE: Final[dict[str, CellType]] = {
    **dict.fromkeys(("id", "title", "source", "url", "published"), "text"),
    "positions": "count",
}
_FIGURES: Final = [n for n in MATRIX.names if n not in ("actor", "issue", "first", "last")]

CELLS: Final = Sheet(_of(MATRIX), MATRIX.cells)
SHIFT_ROWS: Final = Sheet(_of(SHIFTS), SHIFTS.cells)
POSITION_ROWS: Final = Sheet({**_of(POSITIONS), "id": "text"}, _row)
ARTICLES: Final = Sheet(_ARTICLE, _listed)
STRETCHES: Final = Sheet(
    {
        **dict.fromkeys(("actor", "issue", "first", "last", "article"), "text"),
        **{name: _of(MATRIX)[name] for name in _FIGURES},
        "printed": "count",
    },
    _stretch,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants of a table's form."""

    format: Format = "json"
    select: Sequence[str] = ()
    sort: str | None = None


def ordered(sheet: Sheet, records: Iterable[Any], sort: str | None) -> list[Any]:
    """Records by a column, ``-`` before it from the highest down; empty cells come last."""
    found = list(records)
    if sort is None:
        return found
    name = sort.removeprefix("-")
    sheet.check([name])
    at = list(sheet.types).index(name)
    known: list[tuple[Any, Any]] = [(sheet.cells(one)[at], one) for one in found]
    full = [pair for pair in known if pair[0] is not None]
    full.sort(key=lambda pair: pair[0], reverse=sort.startswith("-"))
    return [one for _, one in full] + [one for cell, one in known if cell is None]


def rows(sheet: Sheet, records: Iterable[Any], select: Sequence[str]) -> list[dict[str, Cell]]:
    """Records as JSON has them."""
    sheet.check(select)
    names = [name for name in sheet.types if not select or name in select]
    found = (dict(zip(sheet.types, sheet.cells(one), strict=True)) for one in records)
    return [{name: cells[name] for name in names} for cells in found]


def written(sheet: Sheet, records: Iterable[Any], select: Sequence[str], form: Format) -> bytes:
    """Records as a file: CSV, NDJSON or Parquet."""
    sheet.check(select)
    names = [name for name in sheet.types if not select or name in select]
    where = [list(sheet.types).index(name) for name in names]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{_ENDINGS[form]}"
        with RowWriter(path, {name: sheet.types[name] for name in names}) as out:
            for one in records:
                cells = sheet.cells(one)
                out.write([cells[i] for i in where])
        return path.read_bytes()


# Headers


@cache
def _release() -> str:
    return installed("stance-tracker")


def etag(request: Request, versions: Versions) -> str:
    """A strong ETag: the same address, versions and release give the same bytes.

    What is compressed on the way has other bytes, and so another tag.
    """
    zipped = "gzip" in request.headers.get("accept-encoding", "").lower()
    told = [
        request.url.path,
        sorted(request.query_params.multi_items()),
        versions.model_dump(),
        _release(),
        zipped,
    ]
    return f'"{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the caller has the answer of this tag already (``If-None-Match``)."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag in (one.strip() for one in given.split(","))


def unchanged(tag: str) -> Response:
    """304: what the caller has is still the answer."""
    return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _CACHING})


_CACHING: Final = "no-cache"
"""An answer may be kept and must be asked for again with its tag, which costs little."""


def answered(
    body: bytes,
    form: Format,
    *,
    versions: Versions,
    tag: str,
    count: int,
    following: str | None = None,
) -> Response:
    """The answer with its headers; ``following`` is the address of the next page.

    ``Table-SHA256`` is of the body before any compression on the way, as ``sha256sum`` prints it.
    """
    headers = {
        "ETag": tag,
        "Cache-Control": _CACHING,
        "Table-SHA256": hashlib.sha256(body).hexdigest(),
        "Row-Count": str(count),
        "Data-Version": versions.data_version,
        "Model-Version": versions.model_version,
        "Codebook-Version": versions.codebook_version,
    }
    if following is not None:
        headers["Link"] = f'<{following}>; rel="next"'
    return Response(body, headers=headers, media_type=MEDIA_TYPES[form])


def as_json(content: Mapping[str, Any]) -> bytes:
    """An answer's JSON, in UTF-8, keys in the order of the contract."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
