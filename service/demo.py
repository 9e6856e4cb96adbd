"""The demonstration articles that ship with the program, as a request to store them."""

from __future__ import annotations

from service.ingesting import IngestedArticle, IngestRequest
from stance import resources
from stance.reading import read
from stance.records import Article


def demonstration() -> IngestRequest:
    """All of them."""
    folder = str(resources.seeds() / "articles")
    return IngestRequest(
        articles=[
            IngestedArticle(
                text=found.text,
                title=found.title,
                published=found.published.isoformat() if found.published else None,
                source=found.source,
                url=found.url,
            )
            for found in read([folder])
            if isinstance(found, Article)
        ]
    )
