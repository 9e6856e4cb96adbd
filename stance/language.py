"""Whether a text is written in English; the model reads nothing else.

A text is refused only where it is long enough to tell and the verdict is clear: first it has
to lack the words that English prose is made of, then the identifier (a naive Bayes model over
byte n-grams that comes inside py3langid's wheel) has to be sure of another language. Both look
at samples of the text, so that a long one costs no more than a short one.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENGLISH: Final = frozenset(["en", "pcm"])
"""What the identifier calls English: its Nigerian Pidgin is mostly terse English headlines."""

_SHORTEST: Final = 200  # bytes of UTF-8; headlines and short posts are always read
_SAMPLE: Final = 2000  # characters; three of them are looked at
_COMMON_SHARE: Final = 0.05  # of the words; English prose has 15 % and more
_LEAST_SURE: Final = 0.95
# Words that no other European language shares in number: not "in", "was" or "die".
_COMMON: Final = re.compile(
    r"\b(?:the|and|that|for|with|his|her|from|this|have|are|not|which|has|their|they|would|been"
    r"|but|said|says|who|were|by|it|will|its|could|after)\b",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W\d_]+")


def foreign(text: str) -> str | None:
    """The ISO 639 code of the language that a text is clearly in, ``None`` for English.

    ``None`` too where the text is too short or too mixed to tell.
    """
    sample = _sample(text)
    if len(sample.encode("utf-8", "replace")) < _SHORTEST:
        return None
    words = len(_WORD.findall(sample))
    if not words or len(_COMMON.findall(sample)) >= _COMMON_SHARE * words:
        return None
    language, sure = _identifier().classify(sample)
    return None if language in ENGLISH or sure < _LEAST_SURE else str(language)


def not_english(language: str) -> str:
    """Why a text in this language is not read."""
    return f"it is not in English (but in '{language}', as it seems)"


def _sample(text: str) -> str:
    """The beginning, the middle and the end of a text, or all of a short one."""
    if len(text) <= 3 * _SAMPLE:
        return text
    middle = (len(text) - _SAMPLE) // 2
    return "\n".join([text[:_SAMPLE], text[middle : middle + _SAMPLE], text[-_SAMPLE:]])


@cache
def _identifier() -> LanguageIdentifier:
    # here, because unpacking the model takes a second and English texts never need it
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
