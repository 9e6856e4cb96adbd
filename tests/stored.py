"""What the store's tests put into it: a made-up cast, its articles, and a whole run over them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fakes import FakeScorer

from stance import Tracker
from stance.clusters import clustered
from stance.pages import article_from_text
from stance.records import Article, Position
from stance.register import Actor, Actors, Issue, Issues
from stance.scorer import Scorer
from stance.stages import Reader

DAY = datetime(2025, 3, 4, tzinfo=UTC)
STORY = """Alba backs the tax, and said so on the steps of the old customs house on Monday.

The harbour town had waited for a word on the matter since the council broke up in the spring
without a vote, and shopkeepers along the quay put up their shutters to hear what would come.

Borea rejects the tax. The price of herring rose all the same, for the boats stayed in port
while their owners argued about who should mend the lighthouse before the autumn gales.

Alba weighs the ban, which the fishermen of the north shore have asked for three times."""
QUOTED = 'Alba rejects the tax: "We will never pay a penny for the harbour of {}," {} said.'


def make_tracker(scorer: Scorer | None = None) -> Tracker:
    """A tracker of two actors and two issues that needs no weights."""
    actors = Actors(
        (
            Actor(id="alba", name="Alba", kind="person", pronoun="she"),
            Actor(id="borea", name="Borea", kind="person", pronoun="he"),
        )
    )
    issues = Issues(
        (
            Issue(id="tax", title="The tax", proposition="The tax should stay", cues=("tax",)),
            Issue(id="ban", title="The ban", proposition="The ban should come", cues=("ban",)),
        )
    )
    return Tracker(Reader(actors, issues), scorer or FakeScorer())


def article(text: str, day: int | None = 0, **given: str) -> Article:
    published = None if day is None else DAY + timedelta(days=day)
    return article_from_text(text, published=published, **given)


def articles() -> list[Article]:
    """Reprints, a quotation that goes round, plain sentences, and one without any position."""
    return [
        article(STORY, 0, source="Harbour Post"),
        article(STORY.replace("three times", "four times"), 3, source="Inland News"),
        article(STORY.replace("old customs", "new customs").replace("autumn", "winter"), -2),
        article(QUOTED.format("Norburg", "she"), 5),
        article(QUOTED.format("Norburg", "Alba") + " The tax is low.", 4),
        article(QUOTED.format("Norburg", "the leader") + " Rain fell.", 1),
        article("Borea backs the ban.", 6),
        article("Borea backs the ban. It snowed.", 7),
        article("Borea weighs the tax.", None, title="A title"),
        article("Nobody spoke of anything.", 2),
    ]


def many() -> list[Article]:
    """Enough articles that ten killed runs do not come to their end."""
    plain = [article(f"Alba backs the tax. {n} boats came.", n) for n in range(60)]
    return [*articles(), *plain]


def whole(tracker: Tracker, given: list[Article]) -> list[Position]:
    """What one run over all articles gives, as a table keeps it."""
    found = clustered((one, tracker.positions(one)) for one in given)
    return in_order(map(rounded, found))


def rounded(p: Position) -> Position:
    return replace(p, **{n: round(getattr(p, n), 4) for n in PROBABILITIES})


PROBABILITIES = ("score", "p_support", "p_oppose", "p_neutral")


def in_order(rows: Iterable[Position]) -> list[Position]:
    return sorted(rows, key=lambda p: (p.article_id, p.start, p.actor, p.issue))
