"""Articles for the benchmarks, made from the demonstration articles by a seed.

Each takes paragraphs of different articles, shuffles their sentences, gives the persons of the
register other names of it and the numbers other digits. So the articles ask about as much as
the demonstration does, and are no reprints of each other.

``python tests/benchmarks/made.py 2000 articles.jsonl`` writes them.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from stance.register import Actor, load_actors
from stance.sentences import split

SEEDS = Path(__file__).parent.parent.parent / "seeds" / "articles" / "articles.jsonl"
PARAGRAPHS = 4
FIRST = date(2024, 1, 1)
DAYS = 1000

Paragraph = list[str]


def made(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """So many articles, each with ``text``, ``title``, ``date`` and ``source``."""
    draw = random.Random(seed)
    texts = [json.loads(line)["text"] for line in SEEDS.read_text(encoding="utf-8").splitlines()]
    pools = [
        [paragraph for one in text.split("\n\n") if (paragraph := _cut(one))] for text in texts
    ]
    persons = [actor for actor in load_actors().entries if actor.kind == "person"]
    names = _Names(persons)
    for n in range(count):
        chosen = [draw.choice(pool) for pool in draw.sample(pools, PARAGRAPHS)]
        parts = [" ".join(draw.sample(paragraph, len(paragraph))) for paragraph in chosen]
        text = names.changed("\n\n".join(parts), draw)
        text = re.sub(r"\d", lambda _: str(draw.randint(1, 9)), text)
        yield {
            "title": f"Report {n} of the day",
            "text": text,
            "date": (FIRST + timedelta(days=draw.randrange(DAYS))).isoformat(),
            "source": f"Outlet {draw.randrange(40)}",
        }


def _cut(paragraph: str) -> Paragraph:
    return [paragraph[s.start : s.end] for s in split(paragraph)]


class _Names:
    """Gives persons the names of others, the same one throughout a text."""

    def __init__(self, persons: list[Actor]) -> None:
        self._forms: dict[str, tuple[Actor, bool]] = {}
        for person in persons:
            self._forms[person.name.split()[-1]] = (person, False)
            self._forms[person.name] = (person, True)
        longest = sorted(self._forms, key=len, reverse=True)
        self._any = re.compile(r"\b(?:" + "|".join(map(re.escape, longest)) + r")\b")
        self._persons = persons

    def changed(self, text: str, draw: random.Random) -> str:
        others = dict(
            zip(
                (one.id for one in self._persons),
                draw.sample(self._persons, len(self._persons)),
                strict=True,
            )
        )

        def other(match: re.Match[str]) -> str:
            person, whole = self._forms[match[0]]
            name = others[person.id].name
            return name if whole else name.split()[-1]

        return self._any.sub(other, text)


def write(count: int, path: Path, seed: int = 1) -> Path:
    """Write so many articles as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for one in made(count, seed):
            file.write(json.dumps(one, ensure_ascii=False) + "\n")
    return path


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
