"""What a run tells its user: a bar on a terminal, and the tally at its end."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from stance.reading import Warned
from stance.records import Skipped
from stance.seen import Seen

Item = TypeVar("Item")


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


HasId = TypeVar("HasId", bound=_HasId)

Told = TypeVar("Told", Skipped, Warned)

LISTED = 1000
"""So many skips are kept; memory does not grow with what is wrong with the inputs."""

_OTHER = "other reasons"
_SHOWN = 20
"""So many skips are told one by one; the rest is counted by reason."""


@dataclass
class Tally:
    """Counts what passes by: articles read, what was skipped and why, positions found.

    ``unresolved`` counts pronouns and descriptions that stand for nobody of the register.
    ``rejected``, where given, is told each input that was skipped. ``skipped`` lists the first
    of them; the rest is counted.
    """

    read: int = 0
    repeated: int = 0
    positions: int = 0
    unresolved: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    warned: list[Warned] = field(default_factory=list)
    rejected: Callable[[Skipped], None] | None = None
    _left_out: int = 0
    _more: Counter[str] = field(default_factory=Counter)
    _seen: Seen = field(default_factory=Seen)

    def articles(self, found: Iterable[HasId | Skipped | Warned]) -> Iterator[HasId]:
        """The articles, or what was made of them, each once; the rest is counted."""
        for one in found:
            if isinstance(one, Skipped):
                if self.rejected is not None:
                    self.rejected(one)
                self._list(one, self.skipped)
            elif isinstance(one, Warned):
                self._list(one, self.warned)
            elif not self._seen.add(one.id):
                self.repeated += 1
            else:
                self.read += 1
                yield one

    def _list(self, one: Told, listed: list[Told]) -> None:
        if len(listed) < LISTED:
            listed.append(one)
            return
        known = one.reason in self._more or len(self._more) < LISTED
        self._more[one.reason if known else _OTHER] += 1
        self._left_out += isinstance(one, Skipped)

    @property
    def skips(self) -> int:
        """How many inputs were skipped."""
        return len(self.skipped) + self._left_out

    def lines(self) -> Iterator[str]:
        """The summary, a line each."""
        yield from self.problems()
        yield f"references left unresolved: {self.unresolved}"
        yield (
            f"articles read: {self.read}, repeated: {self.repeated}, "
            f"skipped: {self.skips}, positions found: {self.positions}"
        )

    def problems(self) -> Iterator[str]:
        """What was skipped and what was noted, a line each."""
        yield from (f"skipped: {one}" for one in self.skipped[:_SHOWN])
        yield from (f"note: {one}" for one in self.warned[:_SHOWN])
        rest = Counter(one.reason for one in self.skipped[_SHOWN:])
        rest.update(one.reason for one in self.warned[_SHOWN:])
        rest.update(self._more)
        yield from (f"and {count} more: {reason}" for reason, count in rest.most_common())


def progress(articles: Iterable[Item], total: Callable[[], int | None]) -> Iterator[Item]:
    """The articles, or what came of each, with a bar of rate and time left on a terminal.

    ``total`` is asked only then, as counting means reading the inputs once more.
    """
    if not sys.stderr.isatty():
        yield from articles
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Articles a second, once there is one to tell."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:.2f}/s")

    bar = Progress(
        TextColumn("articles"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        yield from bar.track(articles, total=total())
