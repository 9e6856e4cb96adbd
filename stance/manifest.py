"""What a run read, with what, and what came of it: a file beside the table.

The first part, the job, is what a run must have in common with the unfinished one that it goes
on from; the second is what a reader of the table may want to check.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from stance.errors import StanceError
from stance.records import CODEBOOK_VERSION
from stance.rowfiles import replacing

FORMAT: Final = 1
LISTED: Final = 1000
"""So many rejected rows are listed; all of them are counted, and `--errors` has them all."""

_NAMES: Final = {
    "inputs": "the inputs are others",
    "model": "the model is another",
    "codebook": "the codebook is another",
    "registers": "the registers are others",
    "options": "the options are others",
    "program": "the program is another version",
}


@dataclass(frozen=True, slots=True)
class Input:
    """A file that is read. ``size`` is in bytes, ``modified`` in nanoseconds since 1970; both
    are ``None`` for what has none, such as standard input."""

    file: str
    size: int | None = None
    modified: int | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """All files that are read: how many, their bytes, a digest over all `Input`, the first ones."""

    files: int
    bytes: int
    digest: str
    listed: tuple[Input, ...]


def inputs_of(files: Iterable[str]) -> Inputs:
    """Files as they are now; one that cannot be looked at has neither size nor time."""
    digest = hashlib.sha256()
    listed: list[Input] = []
    count = size = 0
    for file in files:
        one = _input_of(file)
        count, size = count + 1, size + (one.size or 0)
        digest.update(json.dumps(asdict(one)).encode() + b"\n")
        if len(listed) < LISTED:
            listed.append(one)
    return Inputs(count, size, digest.hexdigest(), tuple(listed))


def _input_of(file: str) -> Input:
    shown = file.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return Input(shown)
    return Input(shown, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Job:
    """What determines the rows of a run.

    ``model`` has the version and the SHA-256 of the model's files, ``registers`` a digest of
    actors and issues, ``options`` what else was asked for that changes rows.
    """

    inputs: Inputs
    model: Mapping[str, str]
    registers: str
    options: Mapping[str, Any]
    codebook: str = CODEBOOK_VERSION
    program: str = ""

    def dumped(self) -> str:
        """The job as JSON, the same for the same job."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)

    def check(self, unfinished: str) -> None:
        """Raises ``StanceError`` where the unfinished run (as ``dumped``) was another."""
        try:
            theirs = json.loads(unfinished)
            assert isinstance(theirs, dict)
        except (ValueError, AssertionError):
            raise StanceError(
                "the unfinished run is damaged and cannot be gone on from; run without --resume"
            ) from None
        ours = json.loads(self.dumped())
        for field in fields(self):
            if ours[field.name] != theirs.get(field.name):
                what = _difference(field.name, theirs.get(field.name), ours[field.name])
                raise StanceError(
                    f"cannot go on from the unfinished run: {_NAMES[field.name]} ({what}); "
                    "run without --resume to begin anew"
                )


def _difference(name: str, was: Any, now: Any) -> str:
    if not isinstance(was, dict) or not isinstance(now, dict):
        return f"was {was!r}, is {now!r}"
    if name == "inputs":
        return _other_files(was.get("listed", []), now["listed"])
    changed = [key for key in now if now[key] != was.get(key)]
    return ", ".join(f"{key} was {was.get(key)!r}, is {now[key]!r}" for key in changed)


def _other_files(was: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> str:
    before, after = ({one["file"]: one for one in side} for side in (was, now))
    for file in sorted(before.keys() | after.keys()):
        if file not in after:
            return f"{file} is missing"
        if file not in before:
            return f"{file} was not there"
        if before[file] != after[file]:
            return f"{file} has changed"
    return "they come in another order, or one after the first thousand is another"


def program_version() -> str:
    """The version of this program."""
    try:
        return version("stance-tracker")
    except PackageNotFoundError:
        return "unknown"


def digest_of(paths: Iterable[Path]) -> str:
    """The SHA-256 over some files, in this order."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def manifest_path(out: Path) -> Path:
    """Where the manifest of a table lies."""
    return out.with_name(out.name + ".manifest.json")


def write_manifest(
    out: Path, job: Job, counts: Mapping[str, int], rejected: Sequence[Mapping[str, Any]]
) -> None:
    """Write a table's manifest, whole or not at all. Raises ``InputError``."""
    content = {
        "format": FORMAT,
        **asdict(job),
        "counts": dict(counts),
        "rejected": list(rejected[:LISTED]),
        "output": [
            {"file": str(path.relative_to(out.parent)), "sha256": digest_of([path])}
            | {"bytes": path.stat().st_size}
            for path in ([out] if out.is_file() else sorted(p for p in out.rglob("*.*")))
            if path.is_file()
        ],
    }
    with replacing(manifest_path(out)) as file:
        file.write(json.dumps(content, indent=1, ensure_ascii=False, default=str).encode())
        file.write(b"\n")
