"""CPU time of reading one article of 1, 10 and 100 kB, stage by stage, without the model.

Linear time shows as ratios of about 10 from one size to the next; what is fixed for each
article makes them smaller, quadratic time would bring them near 100.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path

from stance.cleaning import clean_text, mend_markup
from stance.language import foreign
from stance.pages import articles_of
from stance.quotations import quotations
from stance.register import load_actors, load_issues
from stance.reprints import Stories
from stance.sentences import split
from stance.stages import Reader

SEEDS = Path(__file__).parent.parent.parent / "seeds" / "articles" / "articles.jsonl"
SIZES = (1_000, 10_000, 100_000)  # characters
REPEATS = 5
DAY = date(2025, 6, 1)


def demonstration(size: int) -> str:
    """The demonstration articles one after the other, again and again, as one text."""
    lines = SEEDS.read_text(encoding="utf-8").splitlines()
    text = "\n\n".join(str(json.loads(line)["text"]) for line in lines)
    return (text * (1 + size // len(text)))[:size]


def seconds(work: Callable[[], object]) -> float:
    """CPU time of the fastest of some runs."""
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def stages(reader: Reader, raw: str) -> dict[str, float]:
    """The seconds that each stage takes for this text."""
    text = clean_text(raw)
    return {
        "clean": seconds(lambda: clean_text(mend_markup(raw))),
        "page to articles": seconds(lambda: articles_of(raw)),
        "language": seconds(lambda: foreign(text)),
        "sentences": seconds(lambda: split(text)),
        "sentences, mentions, candidates": seconds(lambda: reader.read(text, DAY)),
        "quotations": seconds(lambda: quotations(text)),
        "signature": seconds(lambda: Stories().add("a", text)),
    }


def main() -> None:
    """Print milliseconds for each size and the ratio from each size to the next."""
    reader = Reader(load_actors(), load_issues())
    reader.read(demonstration(1_000), DAY)
    found = [stages(reader, demonstration(size)) for size in SIZES]
    heads = " ".join(f"{f'{size // 1000} kB':>9}" for size in SIZES)
    print(f"{'CPU milliseconds':32}{heads}    ratios")
    for stage in found[0]:
        times = [each[stage] for each in found]
        cells = " ".join(f"{1000 * one:9.2f}" for one in times)
        ratios = ", ".join(f"{b / max(a, 1e-9):.1f}" for a, b in pairwise(times))
        print(f"{stage:32}{cells}    {ratios}")


if __name__ == "__main__":
    main()
