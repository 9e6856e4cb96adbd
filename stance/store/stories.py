"""Which stored articles print the same story: `stance.reprints`, kept in tables.

Each article leaves its signature and the bands by which alike ones are found, so that a later
article is compared with the few that share a band, however many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from stance import reprints
from stance.records import Article
from stance.store import models as m
from stance.store.commits import Writing

_LITTLE: Final = "<u4"


@dataclass(frozen=True, slots=True)
class Placed:
    """An article in the store: its number, its story, and whether another article prints it.

    ``joined`` is set where it showed several stories to be one.
    """

    number: int
    story: int
    shared: bool
    joined: bool


def add_to_stories(change: Writing, values: dict[str, Any], article: Article) -> Placed:
    """Add an article and find the earlier ones that print the same story."""
    connection, a = change.connection, m.Article
    signature = reprints.signature(article.text)
    hashes = [int.from_bytes(band, "big", signed=True) for band in reprints.bands(signature)]
    stories = _alike(change, signature, hashes)
    values = values | {"signature": signature.astype(_LITTLE).tobytes()}
    added = sa.insert(a).values(**values, story=min(stories, default=0)).returning(a.number)
    number = int(connection.execute(added).scalar_one())
    connection.execute(sa.insert(m.Band), [{"hash": h, "article": number} for h in set(hashes)])
    if not stories:
        connection.execute(sa.update(a).where(a.number == number).values(story=number))
        return Placed(number, number, shared=False, joined=False)
    story, others = min(stories), stories - {min(stories)}
    if others:
        connection.execute(sa.update(a).where(a.story.in_(others)).values(story=story))
    if len(stories) > 1 or _alone(change, story, number):
        in_story = sa.select(a.number).where(a.story == story)
        compared = sa.update(m.Position).where(m.Position.article.in_(in_story))
        connection.execute(compared.values(compared=True))
    return Placed(number, story, shared=True, joined=bool(others))


def _alike(change: Writing, signature: Any, hashes: list[int]) -> set[int]:
    """The stories of the articles that are alike."""
    a = m.Article
    near = sa.select(m.Band.article).where(m.Band.hash.in_(hashes))
    wanted = sa.select(a.story, a.signature).where(a.number.in_(near))
    return {
        story
        for story, kept in change.connection.execute(wanted)
        if reprints.alike(signature, np.frombuffer(kept, dtype=_LITTLE))
    }


def _alone(change: Writing, story: int, newcomer: int) -> bool:
    """Whether a story was of one article before the newcomer."""
    a = m.Article
    wanted = sa.select(a.number).where(a.story == story, a.number != newcomer).limit(2)
    return len(change.connection.scalars(wanted).all()) == 1
