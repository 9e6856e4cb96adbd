"""What a run tells: the tally, and a bar only where a person is watching."""

from __future__ import annotations

import io
import sys
import time

import pytest

from stance.progress import Tally, progress
from stance.reading import Warned
from stance.records import Article, Skipped


def test_the_tally_counts_what_passes() -> None:
    tally = Tally()
    found = [
        Article("one"),
        Skipped("a.csv", "no text", 3),
        Article("one"),
        Warned("b.csv", "no date", 1, "published"),
        Article("two"),
    ]
    assert [a.text for a in tally.articles(found)] == ["one", "two"]
    told = list(tally.lines())
    assert told[0] == "skipped: a.csv, row 3: no text"
    assert told[1] == "note: b.csv, row 1, field 'published': no date"
    assert told[-1] == "articles read: 2, repeated: 1, skipped: 1, positions found: 0"


def test_many_skips_are_counted_by_reason_and_none_is_lost() -> None:
    tally = Tally(skipped=[Skipped("a.csv", "no text", row) for row in range(25)])
    told = list(tally.lines())
    assert sum(line.startswith("skipped:") for line in told) == 20
    assert "and 5 more: no text" in told


def test_nothing_is_counted_beforehand_where_nobody_watches(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def total() -> int:
        raise AssertionError("the inputs would be read twice")

    assert len(list(progress([Article("one")], total))) == 1
    assert capsys.readouterr().err == ""


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_with_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    articles = [Article(f"text {i}") for i in range(5)]
    seen = []
    for article in progress(articles, lambda: 5):
        time.sleep(0.15)  # longer than the bar's own period, so that there is a rate to tell
        seen.append(article)
    assert seen == articles
    assert "5/5" in screen.getvalue()
    assert "/s" in screen.getvalue()
