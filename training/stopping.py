"""A polite stop: SIGTERM and SIGINT are noted, and heeded once the update at hand is done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from stance.errors import StanceError


class StoppedError(StanceError):
    """The run was told to stop; its checkpoint is saved."""


class Stop:
    """Whether a stop was asked for, and by which signal."""

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None

    def note(self, number: int, frame: FrameType | None) -> None:
        """The handler."""
        self.asked = signal.Signals(number)

    @property
    def name(self) -> str:
        return "another process" if self.asked is None else self.asked.name


@contextmanager
def heeding() -> Iterator[Stop]:
    """Note the signals inside the block. Only the main thread can; elsewhere none are noted."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {n: signal.signal(n, stop.note) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
