"""The server's side of a connection, with a limit that uvicorn has none for: slow headers."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class PromptProtocol(H11Protocol):
    """Closes a connection on which a request's headers are not there in time.

    Otherwise anybody could hold connections open for ever by sending a byte now and then. What
    follows the headers has its own limit (`service.limits.BodyLimit`), and so has the time
    between two requests (uvicorn's keep-alive).
    """

    seconds: ClassVar[float] = 15.0
    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        begun = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        if not begun:
            self._cancel()
        elif self._due is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._due = self.loop.call_later(self.seconds, self.transport.close)

    def _cancel(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
