"""Who may ask what: every address needs a scope, and says which.

- A key with the scope may, wherever the request comes from.
- On loopback, reading needs no key. Writing and reviewing need none either as long as the store
  has no key at all, so that one can begin at once; with the first key that ends.
- On another address, reading needs a key too, unless ``open_reading`` says otherwise.

Where requests are answered without a key, they must be addressed to this machine by name: a
page of another site can point a name of its own here, but not take the name ``localhost``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

import anyio.to_thread
from fastapi import Depends, Request

from service.context import Context, context_of
from service.problems import Refused
from service.schemas import Problem
from service.settings import is_loopback
from stance.store.keys import Key, KeyScope

_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="stance"'}
_WAYS: Final = "show a key as 'Authorization: Bearer KEY'"


class Open:
    """A dependency that says that an address is for everybody."""

    async def __call__(self) -> None:
        """Lets everybody through."""


@dataclass(frozen=True)
class Needs:
    """A dependency that lets only those through who may do what ``scope`` says.

    The key, or None, is left in ``request.state.key``.
    """

    scope: KeyScope

    async def __call__(self, request: Request) -> None:
        context = await context_of(request)
        key = await _key_of(request, context)
        request.state.key = key
        _slow_down(request, context, key)
        if key is not None:
            if not key.may(self.scope):
                raise Refused(
                    403, f"key '{key.name}' has no scope '{self.scope}', which this needs"
                )
            return
        if not await _is_open(context, self.scope):
            raise Refused(401, f"this needs a key; {_WAYS}", headers=_CHALLENGE)
        if is_loopback(context.settings.host):
            _check_name(request)


@dataclass(frozen=True)
class NeedsByForm(Needs):
    """The same for a form of this service's pages, whose field ``key`` has the key.

    A form of another site could use that this machine asks itself for no key; the browser says
    where a form stood, and only this service's own pages are believed.
    """

    async def __call__(self, request: Request) -> None:
        if request.headers.get("authorization"):  # which no form can send
            await super().__call__(request)
            return
        if request.headers.get("origin", "").partition("://")[2] != request.headers.get("host"):
            reason = "this takes a key, or a form of this service's own pages"
            raise Refused(401, reason, headers=_CHALLENGE)
        context = await context_of(request)
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        secret = form.get("key", [""])[0].strip()
        _slow_down(request, context, None)
        key = None
        if secret and context.store is not None:
            key = await anyio.to_thread.run_sync(context.store.find_key, secret)
            if key is None:
                raise Refused(401, "the key is unknown or was revoked", headers=_REFUSED)
            if not key.may(self.scope):
                raise Refused(403, f"key '{key.name}' has no scope '{self.scope}'")
        elif not await _is_open(context, self.scope):
            raise Refused(401, "this needs a key", headers=_CHALLENGE)
        if key is None and is_loopback(context.settings.host):
            _check_name(request)
        request.state.key = key


ASKED: Final[dict[int | str, dict[str, Any]]] = {
    401: {"model": Problem, "description": "No key, or one that is unknown or was revoked"},
    403: {"model": Problem, "description": "The key has not the scope that this needs"},
    421: {"model": Problem, "description": "Without a key, another Host than this machine"},
    429: {"model": Problem, "description": "Too many requests; Retry-After says when to try"},
}
"""What `Needs` and the limits may answer, for the contract."""

READ: Final = Depends(Needs("read"))
WRITE: Final = Depends(Needs("write"))
REVIEW: Final = Depends(Needs("review"))
EVERYBODY: Final = Depends(Open())


async def _key_of(request: Request, context: Context) -> Key | None:
    given = request.headers.getlist("authorization")
    if not given:
        return None
    kind, _, secret = given[0].partition(" ")
    if len(given) > 1 or kind.lower() != "bearer" or context.store is None:
        raise Refused(401, f"Authorization is of no kind that is known; {_WAYS}", headers=_REFUSED)
    key = await anyio.to_thread.run_sync(context.store.find_key, secret.strip())
    if key is None:
        _slow_down(request, context, None)
        raise Refused(401, "the key is unknown or was revoked", headers=_REFUSED)
    return key


_REFUSED: Final = {"WWW-Authenticate": _CHALLENGE["WWW-Authenticate"] + ', error="invalid_token"'}


async def _is_open(context: Context, scope: KeyScope) -> bool:
    if not is_loopback(context.settings.host):
        return scope == "read" and context.settings.open_reading
    if scope == "read" or context.store is None:
        return True
    return not await anyio.to_thread.run_sync(context.store.has_keys)


def _check_name(request: Request) -> None:
    host = request.headers.get("host", "")
    name = host[: host.rfind(":")] if host.rpartition(":")[2].isdigit() else host
    if not is_loopback(name.lower().strip("[]")):
        raise Refused(
            421, "without a key this machine answers to localhost and 127.0.0.1, not to that Host"
        )


def _slow_down(request: Request, context: Context, key: Key | None) -> None:
    who = key.id if key is not None else request.client.host if request.client else ""
    wait = context.rates.wait(who)
    if wait:
        raise Refused(
            429,
            f"more than {context.rates.most} requests a minute",
            headers={"Retry-After": str(wait)},
        )
