"""The articles of the benchmarks: the same from the same seed, and no reprints of each other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stance.reprints import Stories

BENCHMARKS = str(Path(__file__).parent / "benchmarks")


def test_the_articles_of_a_seed_are_the_same_and_each_is_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    from made import made

    found = list(made(60, seed=3))
    assert found == list(made(60, seed=3))
    assert found != list(made(60, seed=4))
    stories = Stories()
    for n, one in enumerate(found):
        assert len(one["text"]) > 200
        stories.add(str(n), one["text"])
    assert len(stories.shared()) <= 4
    sys.modules.pop("made")
