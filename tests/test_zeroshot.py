"""A general inference checkpoint as a baseline: a tiny one with random weights, made here."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the [train] extra is not installed")

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from stance.errors import ModelError
from stance.register import Actors, Issues
from stance.stages import Reader
from training.gold import GoldText
from training.systems import Read, read_texts
from training.zeroshot import STANCE, ZeroShotScorer, zero_shot_asking

WORDS = "Ada Bell backs rejects supports opposes the claim truce".split()


def checkpoint(folder: Path, labels: tuple[str, ...]) -> str:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: i for i, word in enumerate([*special, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


def test_support_and_opposition_are_asked_apart(tmp_path: Path) -> None:
    scorer = ZeroShotScorer(checkpoint(tmp_path, ("contradiction", "neutral", "ENTAILMENT")))
    claim = f"Ada Bell {STANCE} the claim: the truce"
    questions = [("Ada Bell backs the truce", claim), ("Bell", claim)]
    found = scorer.score([*questions, questions[0]])
    assert found[0] == found[2]
    assert found[0] != found[1]
    pairs = [
        (p, claim.replace(STANCE, verb)) for verb in ("supports", "opposes") for p, _ in questions
    ]
    supported, _, opposed, _ = scorer._probabilities(pairs)
    assert found[0].support + found[0].neutral == pytest.approx(supported)
    assert found[0].oppose + found[0].neutral == pytest.approx(opposed)
    total = found[0].support + found[0].oppose + found[0].neutral + found[0].none
    assert total == pytest.approx(1)


def test_a_checkpoint_without_entailment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no class 'entailment' but bad, good"):
        ZeroShotScorer(checkpoint(tmp_path, ("good", "bad")))


def test_it_is_asked_without_marks(cast: Actors, topics: Issues) -> None:
    reader = Reader(cast, topics)
    (text,) = read_texts(
        [GoldText(id="1", text="Ada Bell spoke.  She backs the truce.")], reader, "x"
    )
    assert isinstance(text, Read)
    ((premise, claim),) = zero_shot_asking(reader)(text)
    assert premise == "Ada Bell spoke. She backs the truce."
    assert claim == (
        f"Ada Bell {STANCE} the claim: The fighting over the islands should stop in a truce now."
    )
