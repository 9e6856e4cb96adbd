"""Folding of letters for matching: one character in, one character out, so offsets hold."""

from __future__ import annotations

import unicodedata
from typing import Final

_SIGNS: Final = {**dict.fromkeys("’‘ʼ`´", "'"), "\u00a0": " ", "‑": "-", "–": "-"}
_LETTERS: Final = {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i", "ß": "s"}


class _Folds(dict[int, str]):
    """Fills itself as characters are met; the base letter of whatever carries marks."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = _SIGNS.get(char) or _LETTERS.get(char)
        if folded is None:
            folded = char if code < 128 else unicodedata.normalize("NFD", char)[0]
        self[code] = folded
        return folded


_FOLDS: Final = _Folds()


def fold(text: str) -> str:
    """Strip diacritics and straighten apostrophes; ``len(fold(text)) == len(text)``."""
    return text if text.isascii() and "`" not in text else text.translate(_FOLDS)
