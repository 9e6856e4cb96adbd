"""A run over articles into a table: it can be stopped at any moment and gone on from.

Rows wait in a folder beside the table (`stance.spool`) until the last article is read, so that
clusters can be named; then table and manifest (`stance.manifest`) take their places, and the
folder goes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from stance import resources
from stance.clusters import named
from stance.engine import Engine, Outcome, Settings
from stance.errors import InputError, StanceError
from stance.manifest import Job, inputs_of, program_version, write_manifest
from stance.pipeline import Tracker
from stance.progress import Tally
from stance.reading import Finishing, Taken
from stance.records import Position, Skipped
from stance.register import data_version
from stance.registry import digests, fingerprint, sha256
from stance.rowfiles import ending, telling
from stance.spool import Spool
from stance.tables import PositionWriter
from stance.topics import WEIGHTS


@dataclass(frozen=True, slots=True)
class Table:
    """The table that a run writes. ``clusters``: find reprints among all articles; ``resume``:
    go on from an unfinished run, where there is one."""

    out: Path
    clusters: bool = True
    resume: bool = False


def run_table(
    tracker: Tracker,
    taken: Iterable[Taken],
    job: Job,
    table: Table,
    tally: Tally,
    *,
    settings: Settings | None = None,
    keep: Callable[[Position], bool] = lambda _: True,
    bar: Callable[[Iterable[Outcome]], Iterable[Outcome]] = iter,
) -> None:
    """Read, score and write. Raises ``StanceError`` where nothing could be read or the run
    cannot be gone on from, and ``InputError`` for what cannot be written."""
    _check_place(table.out)
    with Spool(spool_path(table.out)) as spool:
        unfinished = spool.job if table.resume else None
        if unfinished is not None:
            job.check(unfinished)
        spool.begin(job.dumped(), resume=table.resume)
        found = Finishing(taken)
        spool.skip(tally.articles(found))
        for outcome in bar(Engine(tracker, settings).run(found.rest(), tally.articles)):
            kept = list(filter(keep, outcome.positions))
            prepared = outcome.prepared
            spool.add(outcome.article, kept, prepared.signature, prepared.unresolved)
        spool.mark()
        tally.unresolved = spool.progress.unresolved
        if not tally.read:
            spool.remove()
            raise StanceError("nothing could be read; no table was written")
        with PositionWriter(table.out) as writer:
            for position in _rows(spool, table.clusters):
                writer.write(position)
            tally.positions = writer.rows
        write_manifest(table.out, job, _counts(tally), [asdict(one) for one in tally.skipped])
        spool.remove()


def job_of(tracker: Tracker, files: Iterable[str], options: Mapping[str, Any]) -> Job:
    """What a run is to do: these files, this tracker, and the options that change rows."""
    folder = getattr(tracker.scorer, "folder", None)
    model = {"version": tracker.model_version}
    if folder is not None:
        model["sha256"] = fingerprint(digests(folder))
    model["topics"] = sha256(resources.topics() / WEIGHTS)
    return Job(
        inputs=inputs_of(files),
        model=model,
        registers=data_version(tracker.actors, tracker.issues),
        options=dict(options),
        program=program_version(),
    )


def spool_path(out: Path) -> Path:
    """Where the rows of a table wait; hidden, so that no folder of inputs holds it."""
    return out.with_name(f".{out.name}.unfinished")


class ErrorLog:
    """Takes down every rejected input in a JSON lines file, each as soon as it is met.

    What was at ``path`` before stays until the first one, or the end of a run without any, so
    that a run that is refused leaves it alone. Without a path nothing is taken down.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None

    def __call__(self, one: Skipped) -> None:
        if self._path is None:
            return
        row = {"file": one.file, "row": one.row, "field": one.field, "reason": one.reason}
        with telling(self._path):
            file = self._opened(self._path)
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()

    def _opened(self, path: Path) -> TextIO:
        if self._file is None:
            self._file = path.open("w", encoding="utf-8", errors="surrogatepass")
        return self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._path is not None and error is None:
            with telling(self._path):
                self._opened(self._path)
        if self._file is not None:
            with suppress(OSError):
                self._file.close()


def _rows(spool: Spool, clusters: bool) -> Iterator[Position]:
    if clusters:
        return named(spool.rows, spool.signatures)
    return (position for waiting in spool.rows for position in waiting.positions)


def _counts(tally: Tally) -> dict[str, int]:
    return {
        "articles": tally.read,
        "repeated": tally.repeated,
        "rejected": tally.skips,
        "unresolved": tally.unresolved,
        "rows": tally.positions,
    }


def _check_place(out: Path) -> None:
    """What can be told of the table's place before hours of work."""
    ending(out)
    if out.is_dir():
        raise InputError("cannot be written: it is a folder", file=str(out))
    if not out.resolve().parent.is_dir():
        raise InputError("cannot be written: the folder does not exist", file=str(out))
