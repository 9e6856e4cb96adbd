"""What a request may not be: too large, of another media type, or with parameters nobody reads."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import MOST_ERRORS, Refused, shown, summary
from service.schemas import Breach


class BodyLimit:
    """Refuses a body of more than ``most`` bytes with 413, before it is held in memory.

    ``more`` has the addresses that take another size.

    What ``Content-Length`` declares is refused unread; what comes in chunks is counted.
    """

    def __init__(self, app: ASGIApp, most: int, more: Mapping[str, int] | None = None) -> None:
        self.app, self.most, self.more = app, most, more or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.more.get(scope["path"], self.most)
        declared = Headers(scope=scope).get("content-length", "")
        size = int(declared) if declared.isdecimal() else 0
        received = 0

        async def counted() -> Message:
            nonlocal received
            _check(size, most)
            message = await receive()
            received += len(message.get("body", b""))
            _check(received, most)
            return message

        await self.app(scope, counted, send)


def _check(size: int, most: int) -> None:
    if size > most:
        raise Refused(413, f"the body is larger than {most} bytes, the most that is read")


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
