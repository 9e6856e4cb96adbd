"""Bases of many architectures with random weights, and folders that are no base."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the [train] extra is not installed")

import torch
import transformers
from tiny import save_base, save_tokenizer

from stance.errors import ModelError
from training.model import build_model, freeze_below

SIZES: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 80,
}
FAMILIES: dict[str, dict[str, Any]] = {
    "Bert": {},
    "Roberta": {},
    "XLMRoberta": {},
    "MPNet": {},
    "DistilBert": {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 16},
    "DebertaV2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "ModernBert": {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "cls_token_id": 0}
    | {"sep_token_id": 2, "global_attn_every_n_layers": 2},
}


def save(folder: Path, family: str, **sizes: Any) -> Path:
    """An encoder of a family with random weights, and a tokenizer."""
    words = save_tokenizer(folder)
    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(vocab_size=words, **sizes)
    getattr(transformers, f"{family}Model")(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_an_encoder_is_cut_frozen_and_trained(tmp_path: Path, family: str) -> None:
    sizes = FAMILIES[family] if family == "DistilBert" else SIZES | FAMILIES[family]
    base = save(tmp_path, family, **sizes)
    whole, cut = build_model(base), build_model(base, layers=2, max_length=64)
    assert 0 < size(cut.encoder) < size(whole.encoder)
    freeze_below(cut, 1)
    before = {name: weight.clone() for name, weight in cut.named_parameters()}
    ids = torch.tensor([[0, 5, 6, 2], [0, 7, 2, 1]])
    stance, evidence = cut(ids, (ids != 1).long())
    (stance.sum() + evidence.sum()).backward()
    torch.optim.SGD(cut.parameters(), lr=1.0).step()
    moved = {name for name, weight in cut.named_parameters() if not weight.equal(before[name])}
    assert any(".1." in name for name in moved)
    assert not any(".0." in name or "encoder.embeddings" in name for name in moved)
    assert all(m.p == 0 for m in cut.encoder.modules() if isinstance(m, torch.nn.Dropout))


def size(module: torch.nn.Module) -> int:
    """How many weights it has."""
    return sum(weight.numel() for weight in module.parameters())


def test_layers_that_share_weights_cannot_be_cut(tmp_path: Path) -> None:
    base = save(tmp_path, "Albert", **SIZES, embedding_size=8)
    assert size(build_model(base)) > 0
    with pytest.raises(ModelError, match="'albert' has no layers to cut"):
        build_model(base, layers=2)


@pytest.mark.parametrize(
    ("family", "sizes", "told"),
    [
        ("GPT2", {"n_embd": 16, "n_layer": 1, "n_head": 2}, "does not see those after it"),
        ("T5", {"d_model": 16, "num_layers": 1, "d_ff": 16, "num_heads": 2}, "also decodes"),
    ],
)
def test_a_model_that_is_no_encoder_is_told(
    tmp_path: Path, family: str, sizes: dict[str, Any], told: str
) -> None:
    special = {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
    with pytest.raises(ModelError, match=told):
        build_model(save(tmp_path, family, **sizes, **special))


def test_what_a_folder_lacks_is_told_in_one_line(tmp_path: Path) -> None:
    base = save_base(tmp_path / "base")
    for missing, told in {
        "tokenizer.json": "tokenizer.json is missing",
        "model.safetensors": r"as \*.safetensors, found none",
        "config.json": "config.json is missing",
    }.items():
        lame = tmp_path / f"without {missing}"
        lame.mkdir()
        for file in base.iterdir():
            if file.name != missing:
                (lame / file.name).write_bytes(file.read_bytes())
        with pytest.raises(ModelError, match=told):
            build_model(lame)
    (tmp_path / "without model.safetensors" / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin, and pickles are never loaded"):
        build_model(tmp_path / "without model.safetensors")


def test_a_base_is_asked_for_no_more_than_it_has(tmp_path: Path) -> None:
    base = save_base(tmp_path)
    with pytest.raises(ModelError, match=r"has 2 layers, model\.layers asks for 3"):
        build_model(base, layers=3)
    with pytest.raises(ModelError, match=r"has 2 layers, model\.frozen_layers is 3"):
        freeze_below(build_model(base), 3)
    with pytest.raises(ModelError, match=r"fails on a text of 100 tokens \(model\.max_length\)"):
        build_model(base, max_length=100)


def test_weights_that_do_not_fit_their_configuration_are_told(tmp_path: Path) -> None:
    base = save_base(tmp_path)
    config = base / "config.json"
    config.write_text(
        config.read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 4')
    )
    with pytest.raises(ModelError, match=r"the weights lack 'encoder\.layer\.2"):
        build_model(base)
    config.write_text('{"model_type": "no such thing"}')
    with pytest.raises(ModelError, match=r"config\.json: "):
        build_model(base)


def test_a_tokenizer_with_more_words_than_the_encoder_is_told(tmp_path: Path) -> None:
    words = save_tokenizer(tmp_path)
    config = transformers.BertConfig(vocab_size=words - 1, **SIZES)
    transformers.BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=f"has {words} words, the encoder beside it"):
        build_model(tmp_path)
