"""The published models: a folder of immutable copies, and the history that says which is current.

``registry.json`` is the one file that decides. It is replaced in one step, after the copy that
it names lies whole in its place, so that a reader sees the old state or the new one and a killed
command leaves the old. The model that ships is current until another is published, and can
always be gone back to.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from filelock import FileLock, Timeout
from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stance import resources
from stance.errors import ModelError, UnknownNameError
from stance.modelfile import FILES, load_info
from stance.rowfiles import replacing

ENVIRONMENT: Final = "STANCE_MODELS"
HISTORY: Final = "registry.json"
FORMAT: Final = 1

_STAGED: Final = ".incoming-"
_STALE: Final = 24 * 3600
"""Seconds after which an unpublished copy is what a killed command left behind."""
_PATIENCE: Final = 30
"""Seconds to wait for another command; it holds the lock only while it moves and writes."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_MEND: Final = "publish it again, or go back with 'stance model rollback'"


class Measured(BaseModel):
    """A model's figures, each in [0, 1], on one set of texts, and the hash of that set's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str
    texts: int = Field(ge=0)
    figures: dict[str, float]


class Event(BaseModel):
    """One change of the current model; ``current`` is what it was changed to, and None the model
    that ships."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: datetime
    action: Literal["publish", "rollback"]
    current: str | None
    scores: dict[str, Measured] = Field(default_factory=dict)
    forced: bool = False
    worse: tuple[str, ...] = Field((), description="what spoke against it, where it was forced")


class History(BaseModel):
    """What ``registry.json`` holds: the files of each published model with their SHA-256, and
    every change, oldest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    models: dict[str, dict[str, str]] = Field(default_factory=dict)
    events: tuple[Event, ...] = ()

    @property
    def current(self) -> str | None:
        """The version that is current; None is the model that ships."""
        return self.trail[-1]

    @property
    def trail(self) -> tuple[str | None, ...]:
        """The versions that plain rollbacks lead through, the current one last.

        A rollback drops what was current after the version that it goes back to, so that two
        of them go back by two.
        """
        trail: list[str | None] = [None]
        for event in self.events:
            if event.current == trail[-1]:
                continue
            if event.action == "rollback" and event.current in trail:
                while trail[-1] != event.current:
                    trail.pop()
            else:
                trail.append(event.current)
        return tuple(trail)

    def published(self, version: str) -> Event | None:
        """The last time that a version was published."""
        found = (e for e in self.events if (e.action, e.current) == ("publish", version))
        return next(reversed(list(found)), None)


@dataclass(frozen=True, slots=True)
class Staged:
    """A copy of a model folder that lies in the registry and is not published yet."""

    folder: Path
    version: str
    files: Mapping[str, str]


class CurrentChanged(Exception):  # noqa: N818 - no error: the comparison is made again
    """Another command changed the current model while one was being compared with it."""


class Registry:
    """The published models of a folder; one that does not exist holds none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def history(self) -> History:
        """What was published so far; raises ``ModelError`` for a file that is none of ours."""
        path = self.folder / HISTORY
        try:
            found = History.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return History()
        except OSError as error:
            raise ModelError(f"{path}: {_reason(error)}") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            field = f", field '{where}'" if where else ""
            raise ModelError(f"{path}{field}: {first['msg']}") from None
        if found.format != FORMAT:
            raise ModelError(f"{path}: format {found.format}, this version reads {FORMAT}")
        return found

    def stamp(self) -> tuple[int, int, int] | None:
        """Changes whenever the history does, and costs no more than a look at the file."""
        try:
            found = (self.folder / HISTORY).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def versions(self) -> list[str]:
        """Every version that can be asked for: those published, then the one that ships."""
        return list(dict.fromkeys([*self.history().models, shipped_version()]))

    def current_version(self) -> str:
        """The version of the current model, published or shipped."""
        return self.history().current or shipped_version()

    def current_folder(self) -> Path:
        """The folder of the current model, as :meth:`find` gives it."""
        current = self.history().current
        return resources.default_model() if current is None else self.find(current)

    def find(self, version: str) -> Path:
        """The folder of a version, every file as it was published.

        Raises ``UnknownNameError`` for a version that nobody published, and ``ModelError`` that
        names the file where one is missing or has changed.
        """
        files = self.history().models.get(version)
        if files is None:
            if version != shipped_version():
                raise UnknownNameError("model", version, self.versions())
            return resources.default_model()
        for name, expected in files.items():
            path = self.folder / version / name
            try:
                found = sha256(path)
            except OSError as error:
                raise ModelError(f"{path}: {_reason(error)}; {_MEND}") from None
            if found != expected:
                raise ModelError(
                    f"{path}: SHA-256 {found[:12]}…, but {expected[:12]}… was published; {_MEND}"
                )
        return self.folder / version

    @contextmanager
    def staged(self, source: Path) -> Iterator[Staged]:
        """A whole copy of a model folder, to be judged and then published; else it is removed.

        Raises ``ModelError`` for a folder that is no model, or whose version cannot be published.
        """
        load_info(source)
        if self.folder.resolve().is_relative_to(source.resolve()):
            raise ModelError(f"{source}: holds the registry {self.folder} itself")
        self._prepare()
        with tempfile.TemporaryDirectory(prefix=_STAGED, dir=self.folder) as place:
            copy = Path(place) / "model"
            try:
                shutil.copytree(source, copy)
                files = digests(copy)
            except OSError as error:
                raise ModelError(f"{source}: cannot be copied: {_reason(error)}") from None
            staged = Staged(copy, load_info(copy).version, files)
            _check_version(staged, self.history())
            yield staged

    def publish(
        self,
        staged: Staged,
        *,
        after: str | None,
        scores: Mapping[str, Measured],
        worse: Sequence[str] = (),
    ) -> None:
        """Make a staged copy the current model, if ``after`` is current still.

        ``worse`` is what spoke against it, where it is published all the same. Raises
        ``CurrentChanged``, and ``ModelError`` for a version that is there with other content.
        """
        with self._locked():
            history = self.history()
            if history.current != after:
                raise CurrentChanged
            _check_version(staged, history)
            self._place(staged, history)
            event = Event(
                at=_now(),
                action="publish",
                current=staged.version,
                scores=dict(scores),
                forced=bool(worse),
                worse=tuple(worse),
            )
            models = {**history.models, staged.version: dict(staged.files)}
            self._write(history, event, models)

    def rollback(self, version: str | None = None) -> str:
        """Make the model before the current one current again, or the named one; gives its
        version. Raises ``ModelError`` where there is none before it, or it is damaged."""
        with self._locked():
            history = self.history()
            if version is not None:
                target = version if version in history.models else None
            elif len(history.trail) > 1:
                target = history.trail[-2]
            else:
                raise ModelError(
                    f"{self.folder}: nothing to go back to, the model that ships is current"
                )
            name = version or target or shipped_version()
            self.find(name)
            if target == history.current:
                raise ModelError(f"{self.folder}: '{name}' is the current model already")
            event = Event(at=_now(), action="rollback", current=target)
            self._write(history, event, history.models)
        return name

    def _place(self, staged: Staged, history: History) -> None:
        """Move the copy to its name, unless the same lies there whole. What lies there
        otherwise is damaged, or was moved by a command that was killed before it wrote."""
        target = self.folder / staged.version
        if staged.version in history.models:
            try:
                self.find(staged.version)
                return
            except ModelError:
                pass  # publishing it again is how it is mended
        try:
            if target.exists():
                shutil.rmtree(target)
            for name in staged.files:
                (staged.folder / name).chmod(0o444)
            staged.folder.rename(target)
        except OSError as error:
            raise ModelError(f"{target}: {_reason(error)}") from None

    def _write(
        self, history: History, event: Event, models: Mapping[str, Mapping[str, str]]
    ) -> None:
        changed = History.model_validate(
            {"models": models, "events": [*history.events, event]}, from_attributes=True
        )
        with replacing(self.folder / HISTORY) as file:
            file.write(changed.model_dump_json(indent=1).encode() + b"\n")

    def _prepare(self) -> None:
        """Make the folder, and remove what killed commands left in it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            left = [p for p in self.folder.glob(f"{_STAGED}*") if _age(p) > _STALE]
        except OSError as error:
            raise ModelError(f"{self.folder}: {_reason(error)}") from None
        for path in left:
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._prepare()
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=_PATIENCE)
        except Timeout:
            raise ModelError(f"{self.folder}: another command is changing it") from None
        except OSError as error:
            raise ModelError(f"{self.folder}: {_reason(error)}") from None
        try:
            yield
        finally:
            lock.release()


def default_registry() -> Registry:
    """The registry that ``STANCE_MODELS`` names, else the one in the user's data folder."""
    given = os.environ.get(ENVIRONMENT)
    if given:
        return Registry(Path(given).expanduser())
    return Registry(user_data_path("stance", appauthor=False) / "models")


def find_model(model: str | Path | None) -> Path:
    """The folder of a model: None is the current one, else a folder or a published version.

    A folder of that name goes first. Raises ``UnknownNameError`` for what is neither, and
    ``ModelError`` where the published model is damaged: the shipped one never steps in unasked.
    """
    if model is None:
        return default_registry().current_folder()
    name = str(model)
    if Path(model).exists() or "/" in name or os.sep in name:
        return Path(model)
    return default_registry().find(name)


def shipped_version() -> str:
    """The version of the model that ships."""
    return load_info(resources.default_model()).version


def fingerprint(files: Mapping[str, str]) -> str:
    """One SHA-256 over those files that decide what a model answers, as 64 hex digits."""
    lines = [f"{files[name]}  {name}\n" for name in sorted(FILES)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a folder, by its path in it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as 64 hex digits; raises ``OSError``."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_version(staged: Staged, history: History) -> None:
    """Raises ``ModelError`` where a copy's version cannot name it in the registry."""
    version = staged.version
    if not _NAME.fullmatch(version):
        raise ModelError(
            f"version '{version}': expected up to 100 letters, digits and . _ + -, "
            "the first a letter or digit, since it names a folder"
        )
    if version in history.models:
        if history.models[version] != staged.files:
            raise ModelError(f"version '{version}' is already published with other content")
    elif version.casefold() in map(str.casefold, history.models):
        raise ModelError(f"version '{version}' is already published, but for its capitals")
    elif version == shipped_version():
        raise ModelError(
            f"version '{version}' is the model that ships; "
            "a model of your own needs a version of its own"
        )


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _reason(error: OSError) -> str:
    """Why, in one line. Copying a folder collects its errors in a list of triples."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        return str(error.args[0][0][2]).splitlines()[0]
    return (error.strerror or str(error) or "cannot be read").lower()
