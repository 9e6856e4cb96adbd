"""What a request may not be: too large, too slow, one too many, of another media type, or with
parameters nobody reads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import MOST_ERRORS, Refused, problem, shown, summary
from service.schemas import Breach

_ALWAYS: Final = ("/v2/health/", "/metrics")
_CLOSE: Final = {"Connection": "close"}  # the rest of the body is not waited for


class BodyLimit:
    """Refuses bodies that are too large (413), too slow (408) or compressed (415).

    What ``Content-Length`` declares is refused unread; what comes in chunks is counted, and
    never more than ``most`` bytes are held in memory. ``more`` has the addresses that take
    another size. A compressed body could be any size once it is opened.
    """

    def __init__(
        self,
        app: ASGIApp,
        most: int,
        more: Mapping[str, int] | None = None,
        seconds: float = 30.0,
    ) -> None:
        self.app, self.most, self.more, self.seconds = app, most, more or {}, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = self.more.get(scope["path"], self.most)
        declared = headers.get("content-length", "")
        size = int(declared[:20]) if declared.isdecimal() else 0
        packed = headers.get("content-encoding", "identity").strip().lower() != "identity"
        deadline = time.monotonic() + self.seconds
        received = 0
        ended = False

        async def counted() -> Message:
            nonlocal received, ended
            if ended:  # what still comes is that the client goes away, whenever that is
                return await receive()
            if packed:
                raise Refused(415, "the body must not be compressed", headers=_CLOSE)
            _check(size, most)
            try:
                message = await asyncio.wait_for(receive(), deadline - time.monotonic())
            except TimeoutError:
                reason = f"the body was not there within {self.seconds:g} seconds"
                raise Refused(408, reason, headers=_CLOSE) from None
            received += len(message.get("body", b""))
            _check(received, most)
            ended = not message.get("more_body", False)
            return message

        await self.app(scope, counted, send)


def _check(size: int, most: int) -> None:
    if size > most:
        reason = f"the body is larger than {most} bytes, the most that is read"
        raise Refused(413, reason, headers=_CLOSE)


class Crowd:
    """Answers at most so many requests at once; a further one gets 429 at once.

    Health and metrics are let through: they tell that the service is busy.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most, self._inside = app, most, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_ALWAYS):
            await self.app(scope, receive, send)
            return
        if self._inside >= self.most:
            answer = await problem(
                Request(scope, receive),
                429,
                f"{self.most} requests are being answered, the most there may be",
                headers={"Retry-After": "1"},
            )
            await answer(scope, receive, send)
            return
        self._inside += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._inside -= 1


async def no_parameters(request: Request) -> None:
    """Refuses every query parameter: one that nobody reads would be silently without effect."""
    names = list(dict.fromkeys(request.query_params))
    if names:
        errors = [
            Breach(
                detail=f"unknown parameter '{shown(name)}'; {request.url.path} takes none",
                parameter=shown(name),
            )
            for name in names[:MOST_ERRORS]
        ]
        raise Refused(422, summary(errors, len(names)), errors=errors)


async def json_only(request: Request) -> None:
    """Refuses a body that does not say that it is JSON.

    A page of another site can make a browser send other types without asking first.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = given == "application/json" or (
        given.startswith("application/") and given.endswith("+json")
    )
    if not is_json and await request.body():
        found = f"not {shown(given)}" if given else "and Content-Type must say so"
        raise Refused(415, f"the body must be application/json, {found}")
