"""A base, a corpus and a configuration small enough to train on in a test.

Needs the [train] extra; a test module that imports this skips without it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import MPNetConfig, MPNetModel

from stance.register import load_actors, load_issues
from training.pairs import Pair

torch.set_num_threads(1)  # threads cost such a small model more than they give

ROOT = Path(__file__).parent.parent
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
ACTORS = {"Putin": "putin", "Trump": "trump", "Macron": "macron", "Starmer": "starmer"}
VERBS = {"backs": "support", "welcomes": "support", "rejects": "oppose", "criticises": "oppose"}
ISSUES = {"the sanctions on Russia": "sanctions", "Ukraine's membership of NATO": "nato"}


def sentences() -> list[tuple[str, list[dict[str, str]]]]:
    """Made-up statements with their positions; every fifth one has none."""
    found: list[tuple[str, list[dict[str, str]]]] = []
    for name, actor in ACTORS.items():
        for verb, stance in VERBS.items():
            for words, issue in ISSUES.items():
                position = {"actor": actor, "issue": issue, "stance": stance}
                found.append((f"{name} {verb} {words}.", [{**position, "evidence": "narrated"}]))
        for words in ISSUES.values():
            found.append((f"{name} slept through a talk about {words} in Oslo.", []))
    return found


def vocabulary() -> list[str]:
    """Every word of the corpus and of the register's questions."""
    texts = [text for text, _ in sentences()]
    texts += [issue.proposition for issue in load_issues().by_id.values()]
    texts += [actor.name for actor in load_actors().by_id.values()]
    words = {word for text in texts for word in re.findall(r"\w+|[^\w\s]", text.lower())}
    return [*SPECIAL, *sorted(words | {"*", "|", ":"})]


def save_tokenizer(folder: Path) -> int:
    """Write ``tokenizer.json``; returns how many words it knows."""
    words = vocabulary()
    tokenizer = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>")
    )
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return len(words)


def save_base(folder: Path, *, hidden: int = 32, layers: int = 2) -> Path:
    """An encoder with random weights, always the same ones, and its tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    size = save_tokenizer(folder)
    torch.manual_seed(0)
    config = MPNetConfig(
        vocab_size=size,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=hidden,
        max_position_embeddings=80,
    )
    MPNetModel(config).save_pretrained(folder)
    return folder


def save_corpus(folder: Path, *, copies: int = 4) -> Path:
    """The statements as ``gold.jsonl`` in the codebook's format, each so many times in words of
    its own, and once more as ``dev.jsonl``; no two texts are near-duplicates."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, which in (("gold", range(copies)), ("dev", [copies])):
        rows = [
            {
                "id": f"{copy}-{i}",
                "date": "2025-06-01",
                "text": f"{text.removesuffix('.')}, says {_name_of(f'{copy}-{i}')}.",
                "positions": positions,
            }
            for copy in which
            for i, (text, positions) in enumerate(sentences())
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder / "gold.jsonl"


def _name_of(row: str) -> str:
    """A word that no other row has, as long as a short sentence."""
    return hashlib.sha256(row.encode()).hexdigest()[:40]


CODEBOOK = """
[codebook]
gold = { path = "gold.jsonl", held_out = 0.2 }
"""


def save_config(
    folder: Path, *, name: str = "tiny", start: object = None, data: str = CODEBOOK, **options: Any
) -> Path:
    """The configuration of a step; ``options`` are the optimiser's."""
    settings = {"epochs": 4, "tokens_per_batch": 400, "learning_rate": 1e-3, **options}
    lines = [f'name = "{name}"', "seed = 1"]
    lines += [] if start is None else [f"start = {json.dumps(start)}"]
    lines += ["[model]", "max_length = 64", "[optimiser]"]
    lines += [f"{key} = {value}" for key, value in settings.items()]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n" + data, encoding="utf-8")
    return path


def pairs(copies: int = 6) -> list[Pair]:
    """Training pairs that can be learned from their verb."""
    verbs = {"backs": "support", "rejects": "oppose"}
    return [
        Pair(
            f"* {name} * {verb} sanctions .",
            f"{name}: sanctions should be kept",
            (label,),  # type: ignore[arg-type]
            "narrated" if name == "Putin" else None,
            source="made",
        )
        for name in ACTORS
        for verb, label in verbs.items()
    ] * copies


def environment(**more: str) -> dict[str, str]:
    """What a command needs to find this checkout, on one thread, without a network."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "CUDA_VISIBLE_DEVICES": "",
        **more,
    }


def stance(*arguments: object, before: tuple[str, ...] = ("-m", "stance")) -> list[str]:
    """The command line of ``stance`` in a process of its own."""
    return [sys.executable, *before, *map(str, arguments)]


def run_stance(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``stance`` in a process of its own, to its end."""
    return subprocess.run(
        stance(*arguments), env=environment(), capture_output=True, text=True, timeout=590
    )
