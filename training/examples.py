"""What every shape of training data becomes: a text, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stance.records import Evidence
from training.gold import GoldPosition, GoldText, Place
from training.pairs import Label

Pair = tuple[str, str, str]
"""(actor, issue, proposition in lower case, empty for the register's): what is asked of a text."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one row says of one (actor, issue) of a text, and of nothing else.

    ``actor`` is an id of the register, or else one made from ``name``; ``issue`` is empty where
    only a ``proposition`` was given, and ``proposition`` is ``None`` where it is the register's.
    """

    actor: str
    name: str
    issue: str
    label: Label
    place: Place
    proposition: str | None = None
    evidence: Evidence | None = None

    @property
    def pair(self) -> Pair:
        return self.actor, self.issue, (self.proposition or "").casefold()


@dataclass(frozen=True, slots=True)
class Example:
    """A text of a corpus.

    ``claims`` is ``None`` where ``gold.positions`` are all positions that the text expresses;
    otherwise nothing is known of the pairs that no claim speaks of. What the claims speak of
    begins at ``judged``, after the context, and is one sentence where ``whole`` says so.
    """

    gold: GoldText
    claims: tuple[Claim, ...] | None = None
    judged: int = 0
    whole: bool = False

    @property
    def text(self) -> str:
        return self.gold.text

    @property
    def group(self) -> str:
        return self.gold.group

    @property
    def place(self) -> Place:
        return self.gold.place or Place(self.gold.id, 0)

    def with_claims(self, claims: tuple[Claim, ...]) -> Example:
        """The same text with other claims."""
        return replace(self, claims=claims)


def pair_of(position: GoldPosition) -> Pair:
    """The pair of an annotated position, comparable with a claim's."""
    return position.actor, position.issue, (position.proposition or "").casefold()
