"""Train the network that finds issues where no cue word stands (`stance.topics`).

    python -m training.topics CONFIG.toml --corpora DIR --dev FILE --out topics.safetensors

The texts, and what of them is held out, are those of a training step's configuration. A text
with anchored positions gives a row for each of its sentences, another one a single row. Word
vectors start from the first principal components of the stance model's own. Thresholds are
chosen on every tenth text, which is not trained on: without a cue word an issue is asked about
from the probability that `ADD` of its positions reach, and in spite of one it is not below that
which `KEEP` of them reach.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from stance import resources
from stance.records import Sentence, Skipped
from stance.register import Issue, load_actors, load_issues
from stance.sentences import split
from stance.stages import Reader
from stance.topics import METADATA, Bag, Bags
from training.config import load_config
from training.export import restore
from training.gold import GoldPosition, GoldText, read_gold
from training.recipe import Recipe
from training.split import fraction
from training.systems import read_texts

ADD: Final = 0.93
KEEP: Final = 0.995
SIZE: Final = 64
HIDDEN: Final = 64
EPOCHS: Final = 6
WORD_DROPOUT: Final = 0.15
BATCH: Final = 64
CHOOSING: Final = 0.1
POSITIVE: Final = 4.0
"""Weight of a position in the loss: a missed issue costs more than a needless question."""


@dataclass(frozen=True, slots=True)
class Row:
    """Two bags of word pieces with, for each issue, whether a position on it stands there (1, 0)
    and whether that is known."""

    own: Bag
    beside: Bag
    truth: list[float]
    known: list[float]


class Network(nn.Module):
    """Bags → logits: vectors and a hidden layer, and beside it a weight of each piece's own."""

    def __init__(self, vectors: Tensor, issues: int) -> None:
        super().__init__()
        self.vectors = nn.EmbeddingBag.from_pretrained(vectors.clone(), freeze=False, mode="sum")
        self.words = nn.EmbeddingBag(len(vectors), issues, mode="sum")
        nn.init.zeros_(self.words.weight)
        self.hidden = nn.Linear(2 * vectors.shape[1], HIDDEN)
        self.out = nn.Linear(HIDDEN, issues)
        self.dropout = nn.Dropout(0.3)

    def forward(self, own: Sequence[Bag], beside: Sequence[Bag]) -> Tensor:
        pooled = torch.cat([self._pooled(own), self._pooled(beside)], dim=1)
        hidden = torch.relu(self.hidden(self.dropout(pooled)))
        return self.out(self.dropout(hidden)) + self.words(*_flat(own))

    def _pooled(self, bags: Sequence[Bag]) -> Tensor:
        sizes = torch.tensor([[len(bag)] for bag in bags], dtype=torch.float32)
        return self.vectors(*_flat(bags)) / (1 + sizes.sqrt())


def _flat(bags: Sequence[Bag]) -> tuple[Tensor, Tensor]:
    ends = np.cumsum([0, *(len(bag) for bag in bags)])[:-1]
    pieces = torch.tensor([piece for bag in bags for piece in bag], dtype=torch.long)
    return pieces, torch.as_tensor(ends, dtype=torch.long)


def principal(vectors: Tensor, size: int) -> Tensor:
    """The first ``size`` principal components of word vectors (n, d), at unit scale."""
    centred = vectors - vectors.mean(dim=0)
    _, _, axes = torch.pca_lowrank(centred, q=size, center=False, niter=4)
    found = centred @ axes
    return found / found.std()


class Rows:
    """Annotated texts → rows, cut into sentences and pieces as at inference."""

    def __init__(self, bags: Bags, issues: Sequence[Issue]) -> None:
        self._bags, self._issues = bags, [issue.id for issue in issues]

    def of(self, text: GoldText, *, anchored: bool) -> Iterator[Row]:
        sentences = split(text.text) if anchored else [Sentence(0, len(text.text))]
        known = self._marks(text.disputed, named=0.0)
        bags = self._bags.of(text.text, sentences)
        for sentence, (own, beside) in zip(sentences, bags, strict=True):
            here = [p for p in text.positions if _stands_in(p, text.text, sentence)]
            yield Row(own, beside, self._marks(here, named=1.0), known)

    def _marks(self, positions: Iterable[GoldPosition], *, named: float) -> list[float]:
        issues = {p.issue for p in positions}
        return [named if issue in issues else 1.0 - named for issue in self._issues]


def _stands_in(position: GoldPosition, text: str, sentence: Sentence) -> bool:
    if position.anchor is None:
        return True
    start = text.find(position.anchor)
    return start < sentence.end and sentence.start < start + len(position.anchor)


def train(rows: Sequence[Row], vectors: Tensor, *, seed: int) -> Network:
    """Fit a network; the same rows and seed give the same weights."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    issues = len(rows[0].truth)
    network = Network(vectors, issues)
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3, weight_decay=1e-6)
    weight = torch.full((issues,), POSITIVE)
    order = list(rows)
    for _ in range(EPOCHS):
        rng.shuffle(order)
        for at in range(0, len(order), BATCH):
            batch = order[at : at + BATCH]
            own = [_thinned(row.own, rng) or row.own for row in batch]
            losses = functional.binary_cross_entropy_with_logits(
                network(own, [_thinned(row.beside, rng) for row in batch]),
                torch.tensor([row.truth for row in batch]),
                pos_weight=weight,
                reduction="none",
            )
            optimiser.zero_grad()
            (losses * torch.tensor([row.known for row in batch])).mean().backward()
            optimiser.step()
    return network.eval()


def _thinned(bag: Bag, rng: random.Random) -> Bag:
    return [piece for piece in bag if rng.random() >= WORD_DROPOUT]


def thresholds(network: Network, rows: Sequence[Row]) -> list[tuple[float, float]]:
    """For each issue (add, keep): the probabilities that `ADD` and `KEEP` of its positions reach."""
    with torch.no_grad():
        logits = network([row.own for row in rows], [row.beside for row in rows])
    found = torch.sigmoid(logits).numpy()
    truth = np.array([row.truth for row in rows]) > 0
    return [
        (float(np.quantile(p[y], 1 - ADD)), float(np.quantile(p[y], 1 - KEEP)))
        for p, y in zip(found.T, truth.T, strict=True)
    ]


def save(
    network: Network,
    issues: Sequence[Issue],
    levels: Sequence[tuple[float, float]],
    bags: Bags,
    out: Path,
) -> None:
    """Write the file that `stance.topics` reads; the tables of pieces in half precision."""
    about = {
        "tokenizer": bags.digest,
        "issues": [
            {"id": i.id, "proposition": i.proposition, "add": round(a, 4), "keep": round(k, 4)}
            for i, (a, k) in zip(issues, levels, strict=True)
        ],
    }
    state = {name.removesuffix(".weight"): t for name, t in network.state_dict().items()}
    tables = {name: state.pop(name).half() for name in ("vectors", "words")}
    layers = {f"{n}.weight" if n in {"hidden", "out"} else n: t for n, t in state.items()}
    save_file(tables | layers, str(out), metadata={METADATA: json.dumps(about)})


def reach(texts: Sequence[GoldText], reader: Reader) -> str:
    """How many of the gold (actor, issue) pairs are asked about, and at what price."""
    read = [r for r in read_texts(texts, reader, "texts") if not isinstance(r, Skipped)]
    asked = [{(c.actor, c.issue) for c in one.reading.candidates} for one in read]
    gold = [
        (p.pair, pairs)
        for one, pairs in zip(read, asked, strict=True)
        for p in one.gold.positions
        if p.issue in reader.issues
    ]
    covered = sum(pair[0] in reader.actors for pair, _ in gold)
    hits = sum(pair in pairs for pair, pairs in gold)
    return (
        f"{len(read)} texts, {hits} of {len(gold)} pairs asked about ({hits / len(gold):.3f}), "
        f"{covered} of registered actors, {sum(map(len, asked)) / len(read):.2f} pairs a text"
    )


def main() -> None:
    """The command of the module's docstring."""
    given = _arguments()
    step = load_config(given.config)
    recipe = Recipe(str(resources.default_model()), given.corpora, given.config.parent)
    tokenizer = resources.default_model() / "tokenizer.json"
    issues = load_issues().entries
    rows = Rows(Bags(tokenizer), issues)
    to_train: list[Row] = []
    to_choose: list[Row] = []
    held_out: dict[str, list[GoldText]] = {}
    for name, (train_on, held) in recipe.sides(step).items():
        held_out[name] = [example.gold for example in held]
        for example in train_on:
            side = to_choose if fraction(f"topics:{example.group}") < CHOOSING else to_train
            side += rows.of(example.gold, anchored=step.codebook[name].anchored)
    encoder = restore(resources.default_model()).encoder
    vectors = principal(encoder.get_input_embeddings().weight.detach().float(), SIZE)
    network = train(to_train, vectors, seed=step.seed)
    save(network, issues, thresholds(network, to_choose), Bags(tokenizer), given.out)
    print(f"{len(to_train)} rows trained on, {len(to_choose)} to choose thresholds")
    reader = Reader(load_actors(), load_issues(), topics=given.out)
    for name, texts in {**held_out, "development": recipe.texts(given.dev)}.items():
        if texts:
            print(f"{name}: {reach(texts, reader)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the network that finds issues.")
    parser.add_argument("config", type=Path, help="a training step: its texts and its split")
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--dev", type=Path, required=True, help="the development texts")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
