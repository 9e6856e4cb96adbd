"""A request that is not answered. `service.problems` makes the answer of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.exceptions import HTTPException

from service.schemas import Breach


class Refused(HTTPException):
    """A request that is not answered, and why; ``errors`` say where in it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Breach] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.errors = list(errors)
