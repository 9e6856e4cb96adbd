"""Actors and issues as other people's rows name them → ids of the register, or made ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from stance.errors import InputError
from stance.folding import fold
from stance.records import Evidence
from stance.register import Actor, Actors, Issues
from training.examples import Claim
from training.gold import Place
from training.pairs import Label


class Names:
    """Resolves what rows say against one register."""

    def __init__(self, actors: Actors, issues: Issues) -> None:
        self.actors, self.issues = actors, issues
        self._by_name = {_plain(name): a.id for a in actors.entries for name in a.names}
        self._by_name |= {_plain(a.id): a.id for a in actors.entries}
        self._by_proposition = {_plain(i.proposition): i.id for i in issues.entries}

    def claim(
        self,
        actor: str,
        issue: str,
        proposition: str | None,
        label: Label,
        evidence: Evidence | None,
        place: Place,
    ) -> Claim:
        """What a row says; raises ``InputError`` where its issue is known to nobody."""
        found = self._by_name.get(_plain(actor))
        wording = " ".join((proposition or "").split())
        registered = self._by_proposition.get(_plain(wording))
        if registered is not None and issue in ("", registered):
            issue, wording = registered, ""
        try:
            self.check_issue(issue, wording)
        except ValueError as error:
            reason, file, row = str(error), place.file, place.row
            raise InputError(reason, file=file, row=row, field="issue") from None
        name = self.actors[found].name if found else _display(actor)
        return Claim(found or slug(actor), name, issue, label, place, wording or None, evidence)

    def check_issue(self, issue: str, proposition: str | None) -> None:
        """Raise ``ValueError`` where an issue is known to nobody and has no proposition."""
        if not proposition and issue not in self.issues:
            known = ", ".join(self.issues.by_id)
            raise ValueError(
                f"expected an issue of the register ({known}) or a proposition beside it; "
                f"found '{issue}'"
            )


def with_named(actors: Actors, claims: Iterable[Claim]) -> Actors:
    """The register with the actors that the claims name beside it, by their names.

    A last name stands for its bearer where no other actor bears it.
    """
    names = {claim.actor: claim.name for claim in claims if claim.actor not in actors}
    taken = [_plain(name) for a in actors.entries for name in (*a.names, *a.shared)]
    lasts = [_plain(name.split()[-1]) for name in names.values()]
    made = []
    for id, name in sorted(names.items()):
        last = name.split()[-1]
        alone = _plain(last) not in taken and lasts.count(_plain(last)) == 1
        aliases = (last,) if alone and last != name and len(last) > 2 else ()
        made.append(Actor(id=id, name=name, kind="person", aliases=aliases))
    return Actors((*actors.entries, *made), actors.bodies, actors.ignore)


def slug(name: str) -> str:
    """An id for a name: lower-case letters and digits with underscores between."""
    words = re.findall(r"[a-z0-9]+", fold(name).casefold())
    return "_".join(words) or f"x{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _display(name: str) -> str:
    """A name as the model is asked for it; an id is turned back into words."""
    plain = " ".join(name.replace("_", " ").split())
    return plain.title() if plain.islower() else plain


def _plain(name: str) -> str:
    return " ".join(fold(name).replace("_", " ").casefold().split())
