"""Train the network that finds issues where no cue word stands (`stance.topics`).

    python -m training.topics CONFIG.toml --corpora DIR --dev FILE --out stance/models/topics

The texts, and what of them is held out, are those of a training step's configuration. A text
with anchored positions gives a row for each of its sentences, another one a single row. Word
vectors start from the first principal components of the stance model's own. From the probability
`ADD` on an issue is asked about without a cue word, below `KEEP` not even with one; both were
chosen on the development texts, for the best tuple F1 of the shipped model at no loss of
candidates that it could use (training/LOG.md).
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
from stance.topics import METADATA, TOKENIZER, WEIGHTS, Bag, Bags
from training.config import load_config
from training.export import restore
from training.gold import GoldPosition, GoldText
from training.recipe import Recipe
from training.systems import read_texts

ADD: Final = 0.5
KEEP: Final = 0.005
SIZE: Final = 64
HIDDEN: Final = 64
EPOCHS: Final = 6
WORD_DROPOUT: Final = 0.15
BATCH: Final = 64
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
        found: Tensor = self.out(self.dropout(hidden)) + self.words(*_flat(own))
        return found

    def _pooled(self, bags: Sequence[Bag]) -> Tensor:
        sizes = torch.tensor([[len(bag)] for bag in bags], dtype=torch.float32)
        found: Tensor = self.vectors(*_flat(bags)) / (1 + sizes.sqrt())
        return found


def _flat(bags: Sequence[Bag]) -> tuple[Tensor, Tensor]:
    ends = np.cumsum([0, *(len(bag) for bag in bags)])[:-1]
    pieces = torch.tensor([piece for bag in bags for piece in bag], dtype=torch.long)
    return pieces, torch.as_tensor(ends, dtype=torch.long)


def principal(vectors: Tensor, size: int) -> Tensor:
    """The first ``size`` principal components of word vectors (n, d), at unit scale."""
    centred = vectors - vectors.mean(dim=0)
    _, axes = torch.linalg.eigh(centred.T @ centred)  # ascending
    found: Tensor = centred @ axes[:, -size:]
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
            loss = (losses * torch.tensor([row.known for row in batch])).mean()
            torch.autograd.backward(loss)
            optimiser.step()
    return network.eval()


def _thinned(bag: Bag, rng: random.Random) -> Bag:
    return [piece for piece in bag if rng.random() >= WORD_DROPOUT]


def save(network: Network, issues: Sequence[Issue], tokenizer: Path, folder: Path) -> None:
    """Write the folder that `stance.topics` reads; the tables of pieces in half precision."""
    about = {
        "issues": [
            {"id": issue.id, "proposition": issue.proposition, "add": ADD, "keep": KEEP}
            for issue in issues
        ],
    }
    state = {name.removesuffix(".weight"): t for name, t in network.state_dict().items()}
    tables = {name: state.pop(name).half() for name in ("vectors", "words")}
    layers = {f"{n}.weight" if n in {"hidden", "out"} else n: t for n, t in state.items()}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tables | layers, str(folder / WEIGHTS), metadata={METADATA: json.dumps(about)})
    (folder / TOKENIZER).write_bytes(tokenizer.read_bytes())


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
    make = Rows(Bags(tokenizer), issues)
    rows: list[Row] = []
    held_out: dict[str, list[GoldText]] = {}
    corpora = step.codebook | step.data
    for name, (train_on, held) in recipe.sides(step).items():
        held_out[name] = [example.gold for example in held]
        for example in train_on:
            rows += make.of(example.gold, anchored=corpora[name].anchored)
    encoder = restore(resources.default_model()).encoder
    vectors = principal(encoder.get_input_embeddings().weight.detach().float(), SIZE)
    save(train(rows, vectors, seed=step.seed), issues, tokenizer, given.out)
    print(f"trained on {len(rows)} rows")
    reader = Reader(load_actors(), load_issues(), topics=given.out)
    for name, texts in {**held_out, "development": recipe.texts(given.dev)}.items():
        if texts:
            print(f"{name}: {reach(texts, reader)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the network that finds issues.")
    parser.add_argument("config", type=Path, help="a training step: its texts and its split")
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--dev", type=Path, required=True, help="the development texts")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
