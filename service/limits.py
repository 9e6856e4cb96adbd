"""What a request may not be: too large, of another media type, or with parameters nobody reads."""

from __future__ import annotations

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import MOST_ERRORS, Refused, shown, summary
from service.schemas import Breach


class BodyLimit:
    """Refuses a body of more than ``most`` bytes with 413, before it is held in memory.

    What ``Content-Length`` declares is refused unread; what comes in chunks is counted.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        size = int(declared) if declared.isdecimal() else 0
        received = 0

        async def counted() -> Message:
            nonlocal received
            self._check(size)
            message = await receive()
            received += len(message.get("body", b""))
            self._check(received)
            return message

        await self.app(scope, counted, send)

    def _check(self, size: int) -> None:
        if size > self.most:
            raise Refused(413, f"the body is larger than {self.most} bytes, the most that is read")


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
