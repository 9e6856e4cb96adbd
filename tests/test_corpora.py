"""Corpora of one's own: sources, shapes, mapping, rejected rows, duplicates, votes, pairs."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the [train] extra is not installed")

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from stance.errors import InputError, StanceError, UnknownNameError
from stance.records import Skipped
from stance.register import Actors, Issues
from stance.stages import Reader
from training.claims import claim_pairs
from training.config import Data, load_config
from training.corpus import Loaded, data_pairs, load
from training.duplicates import without_duplicates
from training.entries import SHAPES
from training.examples import Claim, Example
from training.gold import GoldPosition, GoldText, Place
from training.pairs import Pair

FLAT = [
    {"text": "Bell backs the truce.", "actor": "bell", "issue": "truce", "label": "support"},
    {"text": "Bell backs the truce.", "actor": "Tove Kvíst", "issue": "truce", "label": "none"},
    {"text": "Stone rejects the truce.", "actor": "stone", "issue": "truce", "label": "oppose"},
]
TEXTS: list[dict[str, Any]] = [
    {
        "text": "Bell backs the truce.",
        "date": "2023-03-01",
        "positions": [{"actor": "bell", "issue": "truce", "stance": "support"}],
    },
    {"text": "Stone met Kvíst over the truce.", "positions": []},
]
REVIEWED = {
    "article_id": "a1",
    "actor": "bell",
    "issue": "truce",
    "proposition": "",
    "start": 20,
    "end": 42,
    "text": "She rejects the truce.",
    "context": "Bell spoke on Monday.",
    "published": "2023-03-01",
    "source": "Norburg Post",
    "model_version": "m1",
    "stance": "support",
    "score": 0.6,
    "coder": "c1",
    "label": "oppose",
    "evidence_label": "reported",
    "reviewed_at": "2025-08-15T10:00:00Z",
}


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    """A table in the format of its ending; lists become JSON text in CSV."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)
    elif ".csv" in path.suffixes:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "wt", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, list(dict.fromkeys(k for row in rows for k in row)))
            out.writeheader()
            for row in rows:
                out.writerow(
                    {k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()}
                )
    else:
        text = "\n".join(map(json.dumps, rows))
        data = gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode()
        path.write_bytes(data)
    return str(path)


@pytest.fixture
def read(cast: Actors, topics: Issues) -> Any:
    """Reads a source with the made-up register."""

    def read(source: str, **options: Any) -> Loaded:
        return load(source, Data(path=source, **options), cast, topics)

    return read


def pairs_of(loaded: Loaded, cast: Actors, topics: Issues) -> list[Pair]:
    data = Data(path="x")
    return data_pairs("x", data, loaded.examples, Reader(cast, topics), seed=1)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.parquet"])
@pytest.mark.parametrize("rows", [FLAT, TEXTS, [REVIEWED]], ids=["flat", "codebook", "reviewed"])
def test_a_shape_says_the_same_in_every_format(
    tmp_path: Path,
    read: Any,
    cast: Actors,
    topics: Issues,
    name: str,
    rows: list[dict[str, Any]],
) -> None:
    reference = read(write(tmp_path / "r.jsonl", rows))
    found = read(write(tmp_path / name, rows))
    assert not found.skipped
    assert pairs_of(found, cast, topics) == pairs_of(reference, cast, topics)
    assert len(found.examples) == len({row["text"] for row in rows})


def test_a_folder_is_read_as_a_data_set_with_its_splits_and_class_names(
    tmp_path: Path, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "corpus"
    folder.mkdir()
    write(folder / "train.jsonl", FLAT[:2])
    write(folder / "test.jsonl", FLAT[2:])
    assert [e.text for e in read(str(folder)).examples] == ["Bell backs the truce."]
    assert [e.text for e in read(f"{folder}:test").examples] == ["Stone rejects the truce."]
    with pytest.raises(InputError, match="no split 'dev'; it has train, test"):
        read(f"{folder}:dev")


def test_a_class_of_a_data_set_is_read_by_its_name() -> None:
    datasets = pytest.importorskip("datasets")
    from training.sources import _class_names

    features = {"label": datasets.ClassLabel(names=["oppose", "support"]), "text": object()}
    decode = _class_names(features)
    assert set(decode) == {"label"}
    assert [decode["label"](v) for v in (1, 0, None)] == ["support", "oppose", None]


def test_a_missing_file_is_not_looked_for_on_a_hub(read: Any) -> None:
    with pytest.raises(InputError, match=r"no\.csv: no such file"):
        read("no.csv")


def test_columns_and_labels_are_mapped(tmp_path: Path, read: Any) -> None:
    rows = [{"Body": "Bell backs the truce.", "who": "bell", "issue": "truce", "label": "Favour"}]
    path = write(tmp_path / "a.csv", rows)
    found = read(path, columns={"text": "body", "actor": "who"}, labels={"favour": "support"})
    assert [c.label for c in found.examples[0].claims] == ["support"]
    with pytest.raises(InputError, match=r"field 'text': no column 'story'; it has body"):
        read(path, columns={"text": "story"})
    with pytest.raises(InputError, match=r"expected text, actor, label \(flat\)"):
        read(path, shape="flat")
    with pytest.raises(UnknownNameError, match="'tekst'"):
        read(write(tmp_path / "b.csv", FLAT), columns={"tekst": "text"})


def test_labels_of_positions_are_mapped_too(tmp_path: Path, read: Any) -> None:
    position = {"actor": "bell", "issue": "truce", "stance": "pro"}
    path = write(tmp_path / "a.jsonl", [{"text": "Bell backs it.", "positions": [position]}])
    (example,) = read(path, labels={"pro": "support"}).examples
    assert example.gold.positions[0].stance == "support"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"label": "maybe"}, "row 2, field 'label': expected support, oppose, neutral or none"),
        ({"label": ""}, "row 2, field 'label': expected support.*found nothing"),
        ({"text": " "}, "row 2, field 'text': expected the text; found nothing"),
        ({"actor": ""}, "row 2, field 'actor': expected an actor's id or name"),
        ({"issue": ""}, "row 2, field 'issue': expected an issue's id, or a proposition"),
        ({"issue": "moon"}, r"row 2, field 'issue': expected an issue of the register \(truce"),
        ({"evidence": "hearsay"}, "row 2, field 'evidence': expected quote, reported"),
        ({"date": "2025-13-01"}, "row 2, field 'date': expected a date such as 2025-08-15"),
    ],
)
def test_a_broken_flat_row_is_told_and_the_good_ones_kept(
    tmp_path: Path, read: Any, change: dict[str, str], told: str
) -> None:
    rows = [dict(FLAT[0], evidence="", date=""), dict(FLAT[2], evidence="", date="") | change]
    found = read(write(tmp_path / "a.csv", rows))
    assert len(found.examples) == 1
    (line,) = map(str, found.skipped)
    assert re.search(told, line)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"start": "x"}, "field 'start': expected the first character of the sentence"),
        ({"end": 20}, "field 'end': expected the character after the sentence, above 'start'"),
        ({"reviewed_at": "soon"}, "field 'reviewed_at': expected a time"),
    ],
)
def test_a_broken_reviewed_row_is_told(
    tmp_path: Path, read: Any, change: dict[str, Any], told: str
) -> None:
    found = read(write(tmp_path / "a.csv", [REVIEWED, REVIEWED | change]))
    assert len(found.examples) == 1
    assert told in str(found.skipped[0])


@pytest.mark.parametrize(
    ("positions", "told"),
    [
        ("[{", "field 'positions': expected a list of positions, found no JSON"),
        ("7", "field 'positions': expected a list of positions, found 7"),
        (
            '[{"actor": "bell", "issue": "truce", "stance": "maybe"}]',
            "field 'positions.0.stance': expected support, oppose or neutral; found 'maybe'",
        ),
        (
            '[{"actor": "bell", "issue": "moon", "stance": "support"}]',
            "field 'positions.0.issue': expected an issue of the register",
        ),
    ],
)
def test_a_broken_annotation_is_told(tmp_path: Path, read: Any, positions: str, told: str) -> None:
    rows = [{"text": "Bell spoke.", "positions": p} for p in ("[]", positions)]
    found = read(write(tmp_path / "a.csv", rows))
    assert len(found.examples) == 1
    assert f"row 2, {told}" in str(found.skipped[0])


def test_a_file_without_a_good_row_is_an_error_of_one_line(tmp_path: Path, read: Any) -> None:
    path = write(tmp_path / "a.csv", [dict(FLAT[0], label="maybe")])
    with pytest.raises(StanceError, match=r"none of its 1 rows can be used; the first: .* row 1"):
        read(path)


# ---------------------------------------------------------------------------------------
# Rows → pairs


def test_a_flat_row_speaks_of_its_pair_alone(
    tmp_path: Path, read: Any, cast: Actors, topics: Issues
) -> None:
    rows = [{"text": "Bell and Stone back the truce and the islands.", **FLAT[0]}]
    rows[0]["text"] = "Bell and Stone back the truce on the islands."
    (pair,) = pairs_of(read(write(tmp_path / "a.csv", rows)), cast, topics)
    assert pair.premise == "* Bell * and Stone back the truce on the islands."
    assert pair.hypothesis == f"Ada Bell: {topics['truce'].proposition}"
    assert pair.labels == ("support",)


def test_a_pair_is_the_question_that_the_tool_asks(
    tmp_path: Path, read: Any, cast: Actors, topics: Issues
) -> None:
    text = "Bell spoke in Norburg. The weather was mild. She rejects the truce."
    rows = [{"text": text, "actor": "bell", "issue": "truce", "label": "oppose"}]
    (pair,) = pairs_of(read(write(tmp_path / "a.csv", rows)), cast, topics)
    reader = Reader(cast, topics)
    asked = [reader.question(text, c) for c in reader.read(text).candidates if c.actor == "bell"]
    assert (pair.premise, pair.hypothesis) in asked


def test_context_is_read_along_but_not_judged(
    tmp_path: Path, read: Any, cast: Actors, topics: Issues
) -> None:
    rows = [
        dict(FLAT[2], context="Stone backs the truce. It rained.", text="He rejects the truce.")
    ]
    (pair,) = pairs_of(read(write(tmp_path / "a.csv", rows)), cast, topics)
    assert pair.premise == "* Stone * backs the truce. It rained. | * He * rejects the truce."


def test_actors_and_issues_outside_the_register_work_by_name_and_proposition(
    tmp_path: Path, read: Any, cast: Actors, topics: Issues
) -> None:
    rows = [
        {
            "text": "It rained in Norburg. Alba Moor wants vineyards to be taxed at last.",
            "actor": "Alba Moor",
            "proposition": "Vineyards should be taxed",
            "label": "support",
        },
        {
            "text": "Moor left the room.",
            "actor": "alba_moor",
            "proposition": "Vineyards should be taxed",
            "label": "none",
        },
    ]
    one, two = pairs_of(read(write(tmp_path / "a.csv", rows)), cast, topics)
    assert one.premise.endswith("| * Alba Moor * wants vineyards to be taxed at last.")
    assert one.hypothesis == two.hypothesis == "Alba Moor: Vineyards should be taxed"
    assert two.premise == "* Moor * left the room."


def test_the_registers_proposition_is_recognised_and_another_wording_is_kept(
    tmp_path: Path, read: Any, topics: Issues
) -> None:
    known = topics["truce"].proposition
    rows = [
        {"text": "Bell backs it.", "actor": "bell", "proposition": known, "label": "support"},
        {"text": "Bell backs it.", "actor": "bell", "issue": "truce", "label": "support"},
        {
            "text": "Bell backs it.",
            "actor": "bell",
            "issue": "truce",
            "proposition": "The fighting should go on",
            "label": "oppose",
        },
    ]
    (example,) = read(write(tmp_path / "a.jsonl", rows)).examples
    assert [(c.issue, c.proposition) for c in example.claims] == [
        ("truce", None),
        ("truce", None),
        ("truce", "The fighting should go on"),
    ]
    assert not without_duplicates({"a": [example]}).contradictions


# ---------------------------------------------------------------------------------------
# Reviews


def reviews(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    return [REVIEWED | change for change in changes]


def test_a_reviewed_sentence_is_judged_as_one_after_its_context(
    tmp_path: Path, read: Any, cast: Actors, topics: Issues
) -> None:
    (pair,) = pairs_of(read(write(tmp_path / "a.csv", [REVIEWED])), cast, topics)
    assert pair.premise == "* Bell * spoke on Monday. | * She * rejects the truce."
    assert (pair.labels, pair.evidence, pair.group) == (("oppose",), "reported", "a1")


@pytest.mark.parametrize(
    ("labels", "kept", "ties"),
    [
        (["support", "oppose", "oppose"], ["oppose"], 0),
        (["support", "oppose"], [], 1),
        (["support", "oppose", "oppose", "support", "none"], [], 1),
        (["none"], ["none"], 0),
    ],
)
def test_coders_vote_and_a_tie_is_left_out(
    tmp_path: Path, read: Any, labels: list[str], kept: list[str], ties: int
) -> None:
    rows = reviews(*({"coder": f"c{i}", "label": label} for i, label in enumerate(labels)))
    other = REVIEWED | {"start": 50, "end": 60}
    found = read(write(tmp_path / "a.csv", [*rows, other]))
    assert found.ties == ties
    voted = [c.label for e in found.examples if e.gold.id == "a1:20" for c in e.claims]
    assert voted == kept


def test_a_coders_later_review_counts(tmp_path: Path, read: Any) -> None:
    late = {"label": "neutral", "reviewed_at": "2025-08-15T12:30:00+02:00"}
    found = read(write(tmp_path / "a.csv", reviews(late, {})))
    assert [c.label for c in found.examples[0].claims] == ["neutral"]


# ---------------------------------------------------------------------------------------
# Duplicates


def flat(text: str, *said: tuple[str, str], row: int = 1) -> Example:
    claims = tuple(Claim(actor, actor, "truce", label, Place("f", row)) for actor, label in said)
    return Example(GoldText(id=f"{row}", text=text, place=Place("f", row)), claims)


def full(text: str, *said: tuple[str, str], row: int = 1) -> Example:
    positions = tuple(
        GoldPosition(actor=actor, issue="truce", stance=stance) for actor, stance in said
    )
    gold = GoldText(id=f"{row}", text=text, positions=positions, place=Place("f", row))
    return Example(gold)


def test_what_is_said_twice_is_kept_once() -> None:
    one, two = flat("A b.", ("bell", "support")), flat("A  b. ", ("bell", "support"), row=2)
    other = flat("A b.", ("stone", "none"), row=3)
    sifted = without_duplicates({"a": [one], "b": [two, other]})
    assert sifted.examples == {"a": [one], "b": [other]}
    assert (sifted.duplicates, sifted.contradictions) == (1, [])


def test_contradictions_are_left_out_and_told_by_row() -> None:
    one = flat("A b.", ("bell", "support"), ("stone", "none"))
    two = flat("A b.", ("bell", "oppose"), row=7)
    sifted = without_duplicates({"a": [one, two]})
    assert [[c.actor for c in e.claims or ()] for e in sifted.examples["a"]] == [["stone"]]
    first, second = map(str, sifted.contradictions)
    assert first.startswith("f, row 1, field 'label': says support of (bell, truce), and f, row 7")
    assert second.startswith("f, row 7, field 'label': says oppose of (bell, truce), and f, row 1")


def test_a_full_annotation_says_none_of_what_it_does_not_list() -> None:
    one = full("A b.", ("bell", "support"))
    two = full("A b.", ("bell", "support"), ("stone", "oppose"), row=2)
    sifted = without_duplicates({"a": [one, two]})
    (kept,) = sifted.examples["a"]
    assert [p.actor for p in kept.gold.positions] == ["bell"]
    assert [p.actor for p in kept.gold.disputed] == ["stone"]
    assert len(sifted.contradictions) == 2


def test_a_claim_that_a_full_annotation_holds_adds_nothing() -> None:
    one, claim = full("A b.", ("bell", "support")), flat("A b.", ("bell", "support"), row=2)
    sifted = without_duplicates({"a": [claim, one]})
    assert sifted.examples["a"] == [one]
    assert sifted.duplicates == 1


def test_support_and_opposition_in_one_text_are_no_contradiction() -> None:
    one = full("A b.", ("bell", "support"), ("bell", "oppose"))
    assert without_duplicates({"a": [one]}).examples["a"] == [one]


ACTORS = st.sampled_from(["bell", "stone", "crown"])
LABELS = st.sampled_from(["support", "oppose", "none"])
ROWS = st.lists(st.tuples(st.sampled_from("AB"), ACTORS, LABELS), max_size=12)


@given(ROWS)
def test_of_any_rows_the_undisputed_are_kept_once_each(rows: list[tuple[str, str, str]]) -> None:
    examples = [flat(text, (actor, label), row=i) for i, (text, actor, label) in enumerate(rows)]
    sifted = without_duplicates({"a": examples})
    said: dict[tuple[str, str], set[str]] = {}
    for text, actor, label in rows:
        said.setdefault((text, actor), set()).add(label)
    kept = [(e.text, c.actor) for e in sifted.examples["a"] for c in e.claims or ()]
    assert len(kept) == len(set(kept))
    assert set(kept) == {pair for pair, labels in said.items() if len(labels) == 1}
    assert len(kept) + sifted.duplicates + len(sifted.contradictions) == len(rows)
    assert all(isinstance(one, Skipped) for one in sifted.contradictions)


def test_claims_without_examples_make_no_pairs(cast: Actors, topics: Issues) -> None:
    assert claim_pairs([], cast, topics) == []


# ---------------------------------------------------------------------------------------
# Documentation

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("page", ["README.md", "training/README.md"])
def test_the_examples_are_what_they_are_said_to_be(
    tmp_path: Path, shipped_actors: Actors, shipped_issues: Issues, page: str
) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(
        r"\*\*(\w+)\*\*[^`]*(?:`[^`]+`[^`]*)*?\n\n```(csv|jsonl)\n(.*?)```", text, re.S
    )
    assert page == "README.md" or {shape for shape, _, _ in blocks} == set(SHAPES)
    for shape, ending, block in blocks:
        path = tmp_path / f"{shape}.{ending}"
        path.write_text(block, encoding="utf-8")
        told = Data.model_validate({"path": str(path), "shape": shape})
        found = load(str(path), told, shipped_actors, shipped_issues)
        assert load(str(path), Data(path=str(path)), shipped_actors, shipped_issues) == found
        assert found.examples
        assert not found.skipped


def test_the_configuration_in_the_documentation_is_valid(tmp_path: Path) -> None:
    text = (ROOT / "training" / "README.md").read_text(encoding="utf-8")
    own = text.partition("## Your own data")[2]
    block = re.findall(r"```toml\n(.*?)```", own, re.S)[0]
    (tmp_path / "mine.toml").write_text(block, encoding="utf-8")
    assert set(load_config(tmp_path / "mine.toml").data) == {"mine", "known"}
