"""How attribution is measured, and what it reaches on PolNeAR where that lies beside us."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.attribution import Gold, direct, main, measure, read

POLNEAR = Path(__file__).parent.parent.parent / "shared" / "data" / "polnear"
TEXT = '"We stay," said Ada Bell, a senator. Rolf Stone called it "a farce".'


def part(text: str, words: str) -> dict[str, int]:
    start = text.index(words)
    return {"start": start, "end": start + len(words)}


def test_a_direct_quotation_is_a_content_in_marks() -> None:
    attributions = [
        {"source": [part(TEXT, "Ada Bell, a senator")], "content": [part(TEXT, '"We stay,"')]},
        {"source": [part(TEXT, "Rolf Stone")], "content": [part(TEXT, 'it "a farce"')]},
    ]
    (gold,) = direct(TEXT, attributions)
    assert TEXT[slice(*gold.span)] == '"We stay,"'
    assert [TEXT[slice(*s)] for s in gold.speakers] == ["Ada Bell, a senator"]


def test_a_name_is_right_with_or_without_its_apposition() -> None:
    start = TEXT.index("Ada Bell")
    counted = measure(TEXT, [Gold((0, 10), ((start, start + len("Ada Bell, a senator")),))])
    assert (counted.matched, counted.found, counted.right, counted.strict) == (1, 1, 1, 0)
    wrong = TEXT.index("Rolf Stone")
    counted = measure(TEXT, [Gold((0, 10), ((wrong, wrong + 10),))])
    assert (counted.matched, counted.right) == (1, 0)


def test_what_is_not_found_and_what_is_not_there_both_count() -> None:
    counted = measure(TEXT, [Gold((30, 40), ())])
    assert (counted.precision, counted.recall, counted.f1) == (0, 0, 0)


def test_a_row_of_another_shape_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"text": "a"}) + "\n", encoding="utf-8")
    assert main([str(path)]) == 2
    assert "rows.jsonl, row 1: expected an article" in capsys.readouterr().err


def test_the_published_figures_are_reached() -> None:
    if not POLNEAR.is_dir():
        pytest.skip("PolNeAR: third-party texts that do not lie beside the checkout")
    counted = [measure(*one) for path in sorted(POLNEAR.glob("*test*")) for one in read(path)]
    total = sum(counted[1:], start=counted[0])
    assert total.gold > 500
    assert total.f1 >= 0.90
    assert total.speaker_accuracy >= 0.92
