"""Attribution measured on PolNeAR: ``python -m training.attribution FILE...``.

A direct quotation is a stretch of an attribution's content that stands in quotation marks by
itself. A found one counts where it overlaps a gold one by at least 0.8 (shared characters over
those of both), each gold one once; precision, recall and their F1 follow. Speakers are judged on
the quotations that were found and have a gold source: right where 0.8 of the shorter of the two
places lies in the other ("Smith" for "Smith, a senator"), or where both end in the same name.
The strict figure asks 0.8 of the longer, in the same place.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stance.errors import InputError, StanceError
from stance.quotations import Quotation, Span, quotations

OVERLAP: Final = 0.8
PUBLISHED: Final = {"F1": 76.1, "speaker accuracy": 87.4}
"""In percent, of a rule-based system on spaCy, on 98 English news articles of its authors."""
_MARKS: Final = '"“”«»„‟'


@dataclass(frozen=True, slots=True)
class Gold:
    """A direct quotation with the places that name its speaker (none where it has none)."""

    span: Span
    speakers: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """What was found of one text or of many; the figures lie in [0, 1]."""

    gold: int = 0
    found: int = 0
    matched: int = 0
    judged: int = 0
    right: int = 0
    strict: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            self.gold + other.gold,
            self.found + other.found,
            self.matched + other.matched,
            self.judged + other.judged,
            self.right + other.right,
            self.strict + other.strict,
        )

    @property
    def precision(self) -> float:
        return self.matched / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.matched / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        total = self.found + self.gold
        return 2 * self.matched / total if total else 0.0

    @property
    def speaker_accuracy(self) -> float:
        return self.right / self.judged if self.judged else 0.0

    @property
    def strict_accuracy(self) -> float:
        return self.strict / self.judged if self.judged else 0.0


def measure(text: str, gold: Sequence[Gold]) -> Counted:
    """How the quotations found in a text match the gold ones."""
    found = [q for q in quotations(text) if q.whole and q.speaker is not None]
    free = list(range(len(gold)))
    pairs: list[tuple[Quotation, Gold]] = []
    for one in found:
        hit = next((k for k in free if _jaccard(gold[k].span, (one.start, one.end)) >= OVERLAP), -1)
        if hit >= 0:
            free.remove(hit)
            pairs.append((one, gold[hit]))
    judged = [(q.speaker, g.speakers) for q, g in pairs if q.speaker and g.speakers]
    return Counted(
        gold=len(gold),
        found=len(found),
        matched=len(pairs),
        judged=len(judged),
        right=sum(_is_same(text, place, speakers) for place, speakers in judged),
        strict=sum(
            max(_jaccard(place, s) for s in speakers) >= OVERLAP for place, speakers in judged
        ),
    )


def _shared(a: Span, b: Span) -> int:
    return max(0, min(a[1], b[1]) - max(a[0], b[0]))


def _jaccard(a: Span, b: Span) -> float:
    shared = _shared(a, b)
    return shared / (a[1] - a[0] + b[1] - b[0] - shared) if shared else 0.0


def _is_same(text: str, place: Span, speakers: Iterable[Span]) -> bool:
    for other in speakers:
        shorter = min(place[1] - place[0], other[1] - other[0])
        if shorter and _shared(place, other) / shorter >= OVERLAP:
            return True
        name, known = (text[slice(*span)].split()[-1:] for span in (place, other))
        if name == known and name and name[0][0].isupper() and len(name[0]) > 3:
            return True
    return False


def direct(text: str, attributions: Iterable[dict[str, Any]]) -> list[Gold]:
    """The direct quotations among PolNeAR's attributions of a text."""
    found: list[Gold] = []
    for one in attributions:
        speakers = tuple((p["start"], p["end"]) for p in one["source"])
        for start, end in _stretches(text, one["content"]):
            inner = text[start:end].rstrip(" .,;")
            closed = inner[-1:] in _MARKS or text[end : end + 1] in _MARKS
            if len(inner) > 1 and inner[0] in _MARKS and closed:
                found.append(Gold((start, end), speakers))
    return found


def _stretches(text: str, parts: Iterable[dict[str, Any]]) -> list[Span]:
    """A content's parts, those joined that only white space divides."""
    joined: list[Span] = []
    for start, end in sorted((p["start"], p["end"]) for p in parts):
        if joined and not text[joined[-1][1] : start].strip():
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def read(path: Path) -> Iterator[tuple[str, list[Gold]]]:
    """Each text of a PolNeAR file (.jsonl or .jsonl.gz) with its direct quotations.

    Raises ``InputError`` with file, row and field where a row is not of that shape.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    row = json.loads(line)
                    yield row["text"], direct(row["text"], row["attributions"])
                except (ValueError, KeyError, TypeError) as error:
                    reason = f"expected an article with 'text' and 'attributions' ({error!r})"
                    raise InputError(reason, file=str(path), row=number) from None
    except (OSError, EOFError) as error:
        raise InputError(f"cannot be read: {error}", file=str(path)) from None


def main(paths: Sequence[str]) -> int:
    """Print the figures of all files together, and the published ones beside them."""
    if not paths:
        print("error: expected one or more PolNeAR files (.jsonl.gz)", file=sys.stderr)
        return 2
    try:
        texts = [one for path in paths for one in read(Path(path))]
    except StanceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    total = sum((measure(*one) for one in texts), start=Counted())
    print(f"{len(texts)} articles, {total.gold} direct quotations, {total.found} found")
    print(
        f"quotation spans at overlap {OVERLAP}: precision {total.precision:.1%}, "
        f"recall {total.recall:.1%}, F1 {total.f1:.1%} (published, another corpus: "
        f"{PUBLISHED['F1']} %)"
    )
    print(
        f"speaker accuracy: {total.speaker_accuracy:.1%} of {total.judged} "
        f"(published, another corpus: {PUBLISHED['speaker accuracy']} %); "
        f"strict {total.strict_accuracy:.1%}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
