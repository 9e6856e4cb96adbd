"""A client of the service, for notebooks and scripts: it pages, retries, and checks what it got.

>>> from stance.client import Client
>>> service = Client("http://127.0.0.1:8000")                           # doctest: +SKIP
>>> service.matrix(actor="orban")                                      # doctest: +SKIP
>>> for row in service.positions(issue=["nato", "sanctions"]): ...     # doctest: +SKIP

It needs the extra ``[client]``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

from stance.errors import StanceError

try:
    import httpx
    import tenacity
except ImportError as error:  # a base installation has neither
    raise StanceError(
        f"stance.client needs {error.name}: pip install 'stance-tracker[client]'"
    ) from None

Row = dict[str, Any]

_AGAIN: Final = frozenset({429, 502, 503, 504})
_LONGEST_WAIT: Final = 60.0
_SPELLED: Final = {"since": "from", "until": "to"}
"""Filters whose names are words of Python."""


class ServiceError(StanceError):
    """An answer that is no success: ``status``, and the service's own words for it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{detail} (status {status})")
        self.status = status


class _AgainError(Exception):
    """An answer after which to ask again."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


class Client:
    """One service. Filters are those of its addresses; ``since`` and ``until`` are its ``from``
    and ``to``, and a list stands for several names.

    ``key`` is sent with every request; ``attempts`` is how often one is sent in all, where the
    service is full, away or not reached.
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        timeout: float = 60.0,
        attempts: int = 5,
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=address, headers=headers, timeout=timeout)
        self._retry = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((_AgainError, httpx.TransportError)),
            stop=tenacity.stop_after_attempt(attempts),
            wait=_wait,
            reraise=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    # Tables

    def matrix(self, actor: str | None = None, **filters: Any) -> list[Row]:
        """The cells, of all actors or of some."""
        return self._rows("/v1/matrix", {"actor": actor, **filters})

    def timeline(self, actor: str, **filters: Any) -> list[Row]:
        """An actor's course; ``period`` is day, week, month or article."""
        return self._rows(f"/v1/actors/{actor}/timeline", filters)

    def shifts(self, **filters: Any) -> list[Row]:
        """The shifts, each with the statements on both sides."""
        return self._rows("/v1/shifts", filters)

    def positions(self, **filters: Any) -> Iterator[Row]:
        """All positions of the filters, page by page, as the data were at the first."""
        return self._pages("/v1/positions", filters)

    def articles(self, **filters: Any) -> Iterator[Row]:
        """All articles of the filters, without their texts."""
        return self._pages("/v1/articles", filters)

    def frame(self, table: str = "matrix", **filters: Any) -> Any:
        """A table (matrix, shifts, positions, articles) as a pandas ``DataFrame``."""
        import pandas

        whole = {"positions": self.positions, "articles": self.articles}
        rows = whole[table](**filters) if table in whole else self._rows(f"/v1/{table}", filters)
        return pandas.DataFrame(list(rows))

    # Single things

    def article(self, id: str) -> Row:
        """An article with its text and positions."""
        return self._json("GET", f"/v1/articles/{id}")

    def compare(self, a: str, b: str, issue: str, **filters: Any) -> Row:
        """How probable it is that two actors differ on an issue."""
        found = self._json("GET", "/v1/compare", {"a": a, "b": b, "issue": issue, **filters})
        return dict(found["comparison"])

    def cite(self) -> Row:
        """The versions of the data as they are now, and an address that stays."""
        return self._json("GET", "/v1/cite")

    def analyze(self, text: str, **fields: Any) -> list[Row]:
        """The positions of a text, of which nothing is stored."""
        found = self._json("POST", "/v1/analyze", body={"text": text, **fields})
        return list(found["positions"])

    def ingest(self, articles: Iterable[Mapping[str, Any]]) -> Row:
        """Send articles to be stored; returns the job that does it."""
        return self._json("POST", "/v1/articles", body={"articles": list(articles)})

    # Asking

    def _rows(self, path: str, filters: Mapping[str, Any]) -> list[Row]:
        return list(self._json("GET", path, filters)["rows"])

    def _pages(self, path: str, filters: Mapping[str, Any]) -> Iterator[Row]:
        asked = {"limit": 1000, **filters}
        while True:
            found = self._json("GET", path, asked)
            yield from found["rows"]
            if found["next"] is None:
                return
            asked["cursor"] = found["next"]

    def _json(
        self,
        method: str,
        path: str,
        filters: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Row:
        params = {_SPELLED.get(k, k): _told(v) for k, v in (filters or {}).items() if v is not None}
        try:
            answer = self._retry(self._once, method, path, params, body)
        except _AgainError as again:
            answer = again.answer
        except httpx.TransportError as error:
            raise StanceError(f"{self._http.base_url}: {error}") from None
        if answer.is_error:
            raise ServiceError(answer.status_code, _detail(answer))
        whole = answer.headers.get("Table-SHA256")
        if whole is not None and hashlib.sha256(answer.content).hexdigest() != whole:
            raise StanceError(f"{answer.url}: the answer was cut or changed on its way")
        found: Row = answer.json()
        return found

    def _once(
        self, method: str, path: str, params: Mapping[str, Any], body: Mapping[str, Any] | None
    ) -> httpx.Response:
        answer = self._http.request(method, path, params=params, json=body)
        if answer.status_code in _AGAIN:
            raise _AgainError(answer)
        return answer


def _told(value: Any) -> Any:
    if isinstance(value, str | int | float):
        return str(value).lower() if isinstance(value, bool) else value
    if isinstance(value, Iterable):
        return ",".join(map(str, value))
    return value.isoformat() if hasattr(value, "isoformat") else value


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase


_STEPS: Final = tenacity.wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT)


def _wait(state: tenacity.RetryCallState) -> float:
    """As long as the service asks for, else longer with every attempt."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _AgainError):
        asked = error.answer.headers.get("Retry-After", "")
        if asked.isdecimal():
            return min(float(asked), _LONGEST_WAIT)
    return float(_STEPS(state))
