"""Work on many items in processes of their own, with the results in the order of the items.

Processes are spawned, never forked: a fork of a process that runs threads (ONNX Runtime has
some) may hang. What they work with is sent to each once. Only so many items are under way at a
time, so that memory does not grow with what is waiting.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, Final, TypeVar

from stance.errors import StanceError

Item = TypeVar("Item")
Result = TypeVar("Result")

_LOOK: Final = 0.2
"""Seconds after which a wait for a process looks whether Ctrl-C was pressed."""

CHUNK: Final = 8
"""Items sent to a process at once: enough to outweigh the way there and back."""

_AHEAD: Final = 2
"""Chunks of each process that are under way: one that it works on and one that waits for it."""


def in_order(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int,
    size: Callable[[Item], int] = lambda _: 1,
    most: int = CHUNK,
) -> Iterator[Result]:
    """``task`` of each item, in order; with no ``workers`` in this process.

    ``task`` and the items must be picklable. ``size`` tells how much an item weighs, and a chunk
    is sent once it weighs ``most`` or holds ``CHUNK`` items. An exception of ``task`` is raised
    here in its place. No process is started for what fits into one chunk. Raises
    ``StanceError`` where a process dies.
    """
    items = iter(items)
    parts = chunks(items, size, most)
    ahead = list(islice(parts, 2)) if workers else []
    if len(ahead) < 2:
        yield from map(task, chain(*ahead, items))
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start, initargs=(pickle.dumps(task),)
    )
    try:
        yield from _results(pool, chain(ahead, parts), workers)
    except BrokenProcessPool:
        raise StanceError(
            "a worker process died: it was killed, or the memory did not suffice "
            "(fewer --workers need less)"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _results(pool: ProcessPoolExecutor, parts: Iterable[list[Any]], workers: int) -> Iterator[Any]:
    waiting: deque[Future[list[Any]]] = deque()
    for number, part in enumerate(parts):
        # A process that starts leaves Ctrl-C to this one; later ones need no care.
        with _undisturbed() if number < workers else _later():
            waiting.append(pool.submit(_work, part))
        if len(waiting) > _AHEAD * workers:
            yield from _result(waiting.popleft())
    while waiting:
        yield from _result(waiting.popleft())


def _result(future: Future[list[Any]]) -> list[Any]:
    """A future's result; Ctrl-C is heeded between two looks."""
    while True:
        with _later():
            if wait([future], _LOOK).done:
                return future.result()


def chunks(
    items: Iterable[Item], size: Callable[[Item], int] = lambda _: 1, most: int = CHUNK
) -> Iterator[list[Item]]:
    """The items in lists of at most ``CHUNK``, a list ending once it weighs ``most``."""
    part: list[Item] = []
    weight = 0
    for item in items:
        part.append(item)
        weight += size(item)
        if len(part) == CHUNK or weight >= most:
            yield part
            part, weight = [], 0
    if part:
        yield part


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Processes that are started meanwhile are not told of Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _later() -> Iterator[None]:
    """Ctrl-C is heeded once this is over.

    An interrupt inside the pool's own code may leave one of its locks closed, and its end would
    then be waited for in vain.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[Any] = []
    before = signal.signal(signal.SIGINT, lambda *given: asked.append(given))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if asked and callable(before):
            before(*asked[0])


# In a worker process

_task: Callable[[Any], Any] | None = None


def _start(task: bytes) -> None:
    global _task
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _task = pickle.loads(task)  # of the process that started this one


def _end_with_parent() -> None:
    """Whoever started this process may be killed without a word; nobody waits for it then."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(part: Sequence[Any]) -> list[Any]:
    assert _task is not None
    return [_task(item) for item in part]
