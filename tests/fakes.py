"""Stand-ins with the face of the real thing: no weights, no network, the same answer always."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from stance.records import EVIDENCE_KINDS, Evidence, Scores

_JUDGED: Final = re.compile(r"\* [^*]+ \* (backs|rejects|weighs)\b")
_SCORES: Final = {  # support, oppose, neutral, none
    "backs": (0.90, 0.04, 0.03, 0.03),
    "rejects": (0.04, 0.90, 0.03, 0.03),
    "weighs": (0.04, 0.03, 0.90, 0.03),
    "": (0.02, 0.02, 0.01, 0.95),
}


class FakeScorer:
    """Reads the verb after the starred actor of the judged sentence.

    "* Alba * backs …" is support, "rejects" is oppose, "weighs" is neutral, anything else is
    no position. The evidence is a quote where the sentence holds a quotation mark.
    """

    version: Final = "fake-1"

    def least(self, issue: str) -> float:
        """One threshold for all issues."""
        return 0.5

    def score(self, questions: Sequence[tuple[str, str]]) -> list[Scores]:
        """One ``Scores`` per (premise, hypothesis), in order."""
        return [_score(premise) for premise, _ in questions]


def _score(premise: str) -> Scores:
    sentence = premise.rpartition(" | ")[2]
    verb = _JUDGED.search(sentence)
    kind: Evidence = "quote" if re.search(r'["“”]', sentence) else "narrated"
    evidence = tuple(0.8 if one == kind else 0.05 for one in EVIDENCE_KINDS)
    return Scores(*_SCORES[verb[1] if verb else ""], evidence)
