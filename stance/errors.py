"""The errors a user can cause, each told in one line.

StanceError
├── InputError        a file, row or field that cannot be read
├── RegisterError     actors.yaml or issues.yaml breaks a rule
├── UnknownNameError  an actor, issue, model or column nobody knows
├── ModelError        a model folder that cannot be loaded
└── StoreError        a store that cannot be opened, read or written
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class StanceError(Exception):
    """Base of every error that is the user's to mend; the command line prints it as one line."""


class InputError(StanceError):
    """A file, row or field that cannot be read; names all it can of the three."""

    def __init__(
        self, reason: str, *, file: str, row: int | None = None, field: str | None = None
    ) -> None:
        where = file
        if row is not None:
            where += f", row {row}"
        if field is not None:
            where += f", field '{field}'"
        super().__init__(f"{where}: {reason}")
        self.file, self.row, self.field, self.reason = file, row, field, reason


class RegisterError(StanceError):
    """The register of actors or issues breaks a rule, such as an alias that two actors bear."""


class ModelError(StanceError):
    """A model folder is missing, incomplete or of a kind that is not loaded."""


class StoreError(StanceError):
    """A store cannot be reached, opened, read or written, or another program is newer than us."""


class UnknownNameError(StanceError):
    """A name that is not in a closed list; suggests what was probably meant."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        choices = sorted(known)
        near = difflib.get_close_matches(name, choices, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(choices[:12])}"
        super().__init__(f"unknown {what} '{name}'; {hint}")
        self.what, self.name, self.near = what, name, near
