"""Rows that wait on disk until the last article is read, and what a killed run goes on from.

A line of ``rows.jsonl`` holds an article's id and its rows, ``signatures.bin`` the article's
signature (`stance.reprints`). Every now and then both are put on the disk for good and
``progress.json`` is replaced by how far they are; what lies behind that after a kill is cut off.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from filelock import FileLock, Timeout

from stance.errors import InputError, StanceError
from stance.records import Article, Position
from stance.reprints import SIZE, Signatures
from stance.rowfiles import telling

MARK_ARTICLES: Final = 64
MARK_SECONDS: Final = 10.0
"""After so many articles, or so long, what was done is marked as done."""

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

_FIELDS: Final = tuple(field.name for field in fields(Position))
_ROWS: Final = "rows.jsonl"
_SIGNATURES: Final = "signatures.bin"
_PROGRESS: Final = "progress.json"
_JOB: Final = "job.json"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An article's rows as they wait; ``number`` counts from 0, ``offset`` is their place."""

    number: int
    offset: int
    article_id: str
    positions: tuple[Position, ...]


class Rows:
    """Articles' rows in a file, in the order in which they came."""

    def __init__(self, file: BinaryIO) -> None:
        """``file`` can be read, written and sought."""
        self._file = file

    def add(self, article_id: str, positions: Iterable[Position]) -> None:
        line = json.dumps([article_id, *map(_values, positions)], separators=(",", ":"))
        self._file.write(line.encode("ascii") + b"\n")

    def __iter__(self) -> Iterator[Waiting]:
        """All of them from the start; nothing is added meanwhile."""
        offset = number = 0
        self._file.seek(0)
        while line := self._file.readline():
            yield _waiting(line, number, offset)
            number, offset = number + 1, offset + len(line)
            self._file.seek(offset)

    def at(self, offset: int) -> Waiting:
        """The article whose rows lie there; it has no number."""
        self._file.seek(offset)
        return _waiting(self._file.readline(), -1, offset)


def _values(position: Position) -> list[Any]:
    values = [getattr(position, name) for name in _FIELDS]
    return [v.isoformat() if isinstance(v, datetime) else v for v in values]


def _waiting(line: bytes, number: int, offset: int) -> Waiting:
    article_id, *rows = json.loads(line)
    return Waiting(number, offset, article_id, tuple(map(_position, rows)))


def _position(values: Sequence[Any]) -> Position:
    given = dict(zip(_FIELDS, values, strict=True))
    if given["published"] is not None:
        given["published"] = datetime.fromisoformat(given["published"])
    return Position(**given)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: articles and their rows, the bytes that these take, and a digest of the
    articles' ids in order."""

    articles: int = 0
    positions: int = 0
    unresolved: int = 0
    bytes: int = 0
    digest: str = ""


class Spool:
    """The folder of a run that is not finished. Use it in a ``with`` block.

    One run at a time has it. What is marked survives any end of the process.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.progress = Progress()
        self._digest: Digest = hashlib.sha256()
        self._since = (0, time.monotonic())
        self._open = ExitStack()

    @property
    def job(self) -> str | None:
        """What the unfinished run in the folder was asked to do, if there is one."""
        try:
            return (self.folder / _JOB).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def begin(self, job: str, *, resume: bool) -> None:
        """Open the folder: where ``resume`` is set with what is marked in it, and else empty.

        Raises ``InputError`` where it cannot be written and ``StanceError`` where another run
        has it, or where what is in it cannot be gone on from.
        """
        with telling(self.folder):
            self._lock()
            found = self._marked() if resume else None
            if found is None:
                for name in (_PROGRESS, _JOB, _ROWS, _SIGNATURES):
                    (self.folder / name).unlink(missing_ok=True)
                found = Progress()
                _replace(self.folder / _JOB, job)
            self.progress = found
            self._rows_file = self._file(_ROWS, found.bytes)
            self._signatures_file = self._file(_SIGNATURES, found.articles * SIZE)
            self.rows = Rows(self._rows_file)
            self.signatures = Signatures(self._signatures_file)
            self._since = (found.articles, time.monotonic())

    def _lock(self) -> None:
        self.folder.mkdir(exist_ok=True)
        lock = FileLock(self.folder / "lock", timeout=0)
        try:
            self._open.enter_context(lock)
        except Timeout:
            raise StanceError(f"{self.folder}: another run is writing this table") from None

    def _marked(self) -> Progress | None:
        path = self.folder / _PROGRESS
        if self.job is None or not path.exists():
            return None
        try:
            found = Progress(**json.loads(path.read_bytes()))
            sizes = [(self.folder / name).stat().st_size for name in (_ROWS, _SIGNATURES)]
            if sizes[0] < found.bytes or sizes[1] < found.articles * SIZE:
                raise ValueError
        except (ValueError, TypeError, OSError):
            raise StanceError(
                f"{self.folder}: is damaged and cannot be gone on from; run without --resume"
            ) from None
        return found

    def _file(self, name: str, size: int) -> BinaryIO:
        path = self.folder / name
        path.touch()
        file = self._open.enter_context(path.open("r+b"))
        file.truncate(size)
        file.seek(size)
        return file

    def skip(self, articles: Iterable[Article]) -> None:
        """Pass over the articles that are done, of all in their order.

        Raises ``StanceError`` where they are others than those that were done.
        """
        done = self.progress.articles
        for article in islice(articles, done):
            self._digest = _longer(self._digest, article)
        if done and self._digest.hexdigest() != self.progress.digest:
            raise StanceError(
                "the inputs hold other articles than the unfinished run read; "
                "run without --resume to begin anew"
            )

    def add(
        self, article: Article, positions: Sequence[Position], signature: bytes, unresolved: int = 0
    ) -> None:
        """Keep what came of the next article."""
        before = self.progress
        with telling(self.folder):
            self.rows.add(article.id, positions)
            self.signatures.add(signature)
            after = Progress(
                before.articles + 1,
                before.positions + len(positions),
                before.unresolved + unresolved,
                self._rows_file.tell(),
            )
        # whatever interrupts this, what is marked later is of whole articles
        self.progress, self._digest = after, _longer(self._digest, article)
        articles, moment = self._since
        is_long = time.monotonic() - moment >= MARK_SECONDS
        if after.articles - articles >= MARK_ARTICLES or is_long:
            self.mark()

    def mark(self) -> None:
        """Put on the disk for good what was added."""
        with telling(self.folder):
            for file in (self._rows_file, self._signatures_file):
                file.flush()
                os.fsync(file.fileno())
            marked = replace(self.progress, digest=self._digest.hexdigest())
            _replace(self.folder / _PROGRESS, json.dumps(asdict(marked)))
        self._since = (marked.articles, time.monotonic())

    def remove(self) -> None:
        """The run is finished: nothing is left."""
        self._open.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(InputError, OSError):
            if error is not None and self.progress.articles > self._since[0]:
                self.mark()
        with suppress(OSError):
            self._open.close()


def _longer(digest: Digest, article: Article) -> Digest:
    digest = digest.copy()
    digest.update(article.id.encode("utf-8", "surrogatepass") + b"\n")
    return digest


def _replace(path: Path, text: str) -> None:
    """Write a small file that is there whole or not at all, also after a power cut."""
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
