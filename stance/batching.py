"""Questions of many articles → batches for the model, and back to the articles in their order.

A window of articles is cut into batches of pairs of about equal length; while the model works
on one window the next is prepared. The model answers each pair by itself, so that what it says
depends neither on the batch nor on the window. Equal pairs are asked once while they are
remembered.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from struct import Struct
from typing import Final, Protocol, TypeVar

from stance.records import Scores

Asked = bytes | tuple[str, str]
"""A pair as it is asked: its token ids (little-endian int32), or its words."""

Ask = Callable[[Sequence[Asked]], list[Scores]]


class HasQuestions(Protocol):
    """What has questions to be asked."""

    @property
    def asked(self) -> Sequence[Asked]: ...

    @property
    def weight(self) -> int:
        """How much memory it takes, in any unit that is the same for all."""
        ...


Source = TypeVar("Source", bound=HasQuestions)


BATCH_TOKENS: Final = 2048
BATCH_SIZE: Final = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is handed to the model at once.

    ``tokens`` counts those of a batch with all pairs as long as its longest, ``pairs`` its
    pairs; a batch has at least one. ``threads`` batches are worked on at a time.
    """

    tokens: int = BATCH_TOKENS
    pairs: int = BATCH_SIZE
    threads: int = 1


REMEMBERED: Final = 65_536
"""Pairs whose scores are kept, some 25 MB."""

_BATCHES: Final = 4  # of each thread in a window: enough for all to end at about the same time
_WEIGHT: Final = 8_000_000  # characters of articles in a window, however little is asked
_TOKEN: Final = 4  # bytes of a token id; letters of a word's part


def size_of(asked: Asked) -> int:
    """The tokens of a pair; of one in words about as many."""
    return max(1, (len(asked) if isinstance(asked, bytes) else sum(map(len, asked))) // _TOKEN)


def batches(sizes: Sequence[int], limits: Limits) -> list[list[int]]:
    """The numbers of pairs of these sizes, batch by batch, the longest first.

    >>> batches([5, 90, 6, 80], Limits(tokens=180, pairs=64))
    [[1, 3], [2, 0]]
    """
    order = sorted(range(len(sizes)), key=lambda i: (-sizes[i], i))
    found: list[list[int]] = []
    room = 0
    for i in order:
        if not room:
            found.append([])
            room = max(1, min(limits.pairs, limits.tokens // max(1, sizes[i])))
        found[-1].append(i)
        room -= 1
    return found


class Memory:
    """The scores of the pairs that were asked last; the oldest are forgotten.

    A pair is known by a 128-bit digest of all of it.
    """

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    def get(self, key: bytes) -> Scores | None:
        packed = self._kept.get(key)
        if packed is None:
            return None
        self._kept.move_to_end(key)
        support, oppose, neutral, none, *evidence = Struct(f"{len(packed) // 8}d").unpack(packed)
        return Scores(support, oppose, neutral, none, tuple(evidence))

    def put(self, key: bytes, scores: Scores) -> None:
        values = (scores.support, scores.oppose, scores.neutral, scores.none, *scores.evidence)
        self._kept[key] = Struct(f"{len(values)}d").pack(*values)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


def key_of(asked: Asked) -> bytes:
    """What a pair is remembered by."""
    if isinstance(asked, bytes):
        return blake2b(asked, digest_size=16).digest()
    parts = [part.encode("utf-8", "surrogatepass") for part in asked]
    return blake2b(len(parts[0]).to_bytes(8) + b"".join(parts), digest_size=16).digest()


@dataclass(slots=True)
class _Answer:
    """The place of an answer that is being worked on."""

    scores: Scores | None = None


@dataclass(slots=True)
class _Window:
    sources: list[tuple[HasQuestions, list[Scores | _Answer]]] = field(default_factory=list)
    fresh: dict[bytes, tuple[Asked, _Answer]] = field(default_factory=dict)
    running: list[tuple[list[bytes], Future[list[Scores]]]] = field(default_factory=list)
    tokens: int = 0
    weight: int = 0


@dataclass
class Counted:
    """Pairs that were needed, and those of them that the model was asked."""

    pairs: int = 0
    asked: int = 0
    tokens: int = 0


class Batcher:
    """Asks a model the questions of many sources; one ``run`` at a time."""

    def __init__(self, ask: Ask, limits: Limits, remembered: int = REMEMBERED) -> None:
        """``ask`` is called on several threads at once."""
        self._ask, self._limits = ask, limits
        self._memory = Memory(remembered)
        self._open: dict[bytes, _Answer] = {}
        self.counted = Counted()

    def run(self, sources: Iterable[Source]) -> Iterator[tuple[Source, list[Scores]]]:
        """Each source with one ``Scores`` per question, in order."""
        pool = ThreadPoolExecutor(self._limits.threads, thread_name_prefix="model")
        running: deque[_Window] = deque()
        try:
            for window in self._windows(sources):
                self._start(window, pool)
                running.append(window)
                if len(running) > 1:
                    yield from self._finish(running.popleft())  # type: ignore[misc]
            while running:
                yield from self._finish(running.popleft())  # type: ignore[misc]
        finally:
            self._open.clear()
            pool.shutdown(wait=True, cancel_futures=True)

    def _windows(self, sources: Iterable[Source]) -> Iterator[_Window]:
        full = _BATCHES * self._limits.threads * self._limits.tokens
        window = _Window()
        for source in sources:
            self._add(window, source)
            if window.tokens >= full or window.weight >= _WEIGHT:
                yield window
                window = _Window()
        if window.sources:
            yield window

    def _add(self, window: _Window, source: HasQuestions) -> None:
        answers: list[Scores | _Answer] = []
        for asked in source.asked:
            key = key_of(asked)
            known = self._open.get(key) or self._memory.get(key)
            if known is None:
                known = self._open[key] = _Answer()
                window.fresh[key] = (asked, known)
                window.tokens += size_of(asked)
            answers.append(known)
        window.sources.append((source, answers))
        window.weight += source.weight
        self.counted.pairs += len(answers)

    def _start(self, window: _Window, pool: ThreadPoolExecutor) -> None:
        keys = list(window.fresh)
        sizes = [size_of(window.fresh[key][0]) for key in keys]
        for batch in batches(sizes, self._limits):
            mine = [keys[i] for i in batch]
            asked = [window.fresh[key][0] for key in mine]
            window.running.append((mine, pool.submit(self._ask, asked)))
        self.counted.asked += len(keys)
        self.counted.tokens += sum(sizes)

    def _finish(self, window: _Window) -> Iterator[tuple[HasQuestions, list[Scores]]]:
        for keys, future in window.running:
            for key, scores in zip(keys, future.result(), strict=True):
                self._open.pop(key).scores = scores
                self._memory.put(key, scores)
        for source, answers in window.sources:
            yield source, [_scores(one) for one in answers]


def _scores(answer: Scores | _Answer) -> Scores:
    found = answer.scores if isinstance(answer, _Answer) else answer
    assert found is not None  # windows end in their order
    return found
