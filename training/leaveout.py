"""What a recipe scores on actors and issues that it was never asked about in training.

One shortened step is trained on everything, and once more for each group of actors and issues
that is left out; both are measured on the texts with such positions. ``python -m
training.leaveout`` writes the table that the card shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from stance.encoding import PairTokenizer
from stance.errors import StanceError
from stance.modelfile import ModelInfo
from stance.pipeline import Judged, Tracker
from stance.records import Skipped
from stance.register import load_actors, load_issues
from stance.stages import Reader
from training.calibrate import best_threshold
from training.card import keep
from training.config import RunConfig, load_config
from training.evaluate import case
from training.gold import GoldText, read_gold
from training.metrics import Case, Counts, count
from training.recipe import Recipe
from training.systems import Read, System, answers, as_asked, read_texts
from training.torchscorer import FloatScorer

_GRID: Final = tuple(round(0.2 + 0.05 * i, 2) for i in range(14))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One actor or issue: tuple F1 on its positions, by the full step and without it."""

    left_out: str
    kind: str
    texts: int
    gold: int
    f1_full: float
    f1_left_out: float


def without(step: RunConfig, group: Sequence[str]) -> RunConfig:
    """The step in which no pair asks for an actor or issue of the group."""
    name = f"{step.name}-without-{'-'.join(group)}"
    return step.model_copy(update={"name": name, "leave_out": frozenset(group)})


def measured(
    recipe: Recipe, step: RunConfig, groups: Sequence[Sequence[str]], texts: Sequence[GoldText]
) -> list[LeftOut]:
    """Train the step and its variants, one after another, and compare them on the texts.

    The threshold is chosen once, on all texts with the full step, and used for all: what is
    left out is not there to choose one on.
    """
    reader = Reader(load_actors(), load_issues())
    read = [r for r in read_texts(texts, reader, "texts") if not isinstance(r, Skipped)]

    def trained(one: RunConfig) -> tuple[Rows, Tracker]:
        recipe.train(one)
        scorer = _scorer(recipe, one)
        found = answers(System(one.name, scorer, as_asked(reader)), read, reader)
        return found.judged, Tracker(reader, scorer)

    judged, tracker = trained(step)
    threshold = _threshold(read, judged, tracker)
    full = _cases(read, judged, tracker, threshold)
    rows: list[LeftOut] = []
    for group in groups:
        left, _ = trained(without(step, group))
        rows += _rows(group, full, _cases(read, left, tracker, threshold))
    return rows


Rows = Sequence[Sequence[Judged]]


def _scorer(recipe: Recipe, step: RunConfig) -> FloatScorer:
    info = ModelInfo(version=step.name, max_length=step.model.max_length)
    tokenizer = PairTokenizer(recipe.tokenizer(), step.model.max_length)
    return FloatScorer(recipe.model(step, [step.name]), tokenizer, info)


def _cases(read: Sequence[Read], judged: Rows, tracker: Tracker, threshold: float) -> list[Case]:
    return [
        case(one.gold, one.article, row, tracker, threshold=threshold)
        for one, row in zip(read, judged, strict=True)
    ]


def _threshold(read: Sequence[Read], judged: Rows, tracker: Tracker) -> float:
    scores = [count(_cases(read, judged, tracker, t)).f1 for t in _GRID]
    return best_threshold(scores, _GRID)


def _rows(group: Sequence[str], full: Sequence[Case], left: Sequence[Case]) -> Iterator[LeftOut]:
    issues = {issue.id for issue in load_issues().entries}
    for one in group:
        kind = "issue" if one in issues else "actor"
        both = [_about(cases, one) for cases in (full, left)]
        texts = sum(any(one in (g.actor, g.issue) for g in case.gold) for case in full)
        yield LeftOut(one, kind, texts, both[0].gold, round(both[0].f1, 4), round(both[1].f1, 4))


def _about(cases: Iterable[Case], one: str) -> Counts:
    return count(cases, lambda found: one in (found.actor, found.issue))


def main(
    config: Annotated[Path, typer.Argument(help="The shortened step.")],
    dev: Annotated[list[Path], typer.Option(help="Annotated texts to measure on.")],
    group: Annotated[list[str], typer.Option(help="Actors and issues left out together: a,b.")],
    base: Annotated[str, typer.Option(help="The encoder.")],
    corpora: Annotated[Path, typer.Option(help="Where the data lie.")] = Path(),
    runs: Annotated[Path, typer.Option(help="Where the runs are kept.")] = Path("runs"),
    record: Annotated[
        Path | None, typer.Option(help="A model folder whose card gets the table.")
    ] = None,
) -> None:
    """Train a step with and without groups of actors and issues, and print the losses."""
    known = {*load_actors().by_id, *load_issues().by_id}
    groups = [tuple(part.strip() for part in one.split(",")) for one in group]
    for one in (one for ids in groups for one in ids):
        if one not in known:
            raise StanceError(f"--group: '{one}' is neither a registered actor nor an issue")
    texts = [row for path in dev for row in read_gold(path) if isinstance(row, GoldText)]
    rows = measured(Recipe(base, corpora, runs), load_config(config), groups, texts)
    for row in rows:
        print(json.dumps(asdict(row)))
    if record is not None:
        table: dict[str, Any] = {"leave_out": [asdict(row) for row in rows]}
        keep(record, table)


if __name__ == "__main__":
    typer.run(main)
