"""Which texts are held out: decided by the hash of their article or page, never by sentence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from training.gold import GoldText


def is_held_out(text: GoldText, share: float) -> bool:
    """Whether a text belongs to the held-out ``share``; all texts of one page go together."""
    digest = hashlib.sha256(text.group.encode()).hexdigest()
    return int(digest[:8], 16) / 0xFFFFFFFF < share


def split(texts: Iterable[GoldText], share: float) -> tuple[list[GoldText], list[GoldText]]:
    """(to train on, held out)."""
    train: list[GoldText] = []
    held: list[GoldText] = []
    for text in texts:
        (held if is_held_out(text, share) else train).append(text)
    return train, held
