"""Model folders of a few kilobytes: real ONNX graphs that know some verbs and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from stance.records import EVIDENCE_KINDS

VERBS: Final = {"backs": 0, "rejects": 1, "weighs": 2}
"""The label that each verb speaks for: support, oppose, neutral."""


def tiny_model(
    folder: Path,
    version: str = "tiny-1",
    *,
    verbs: Mapping[str, int] = VERBS,
    outputs: tuple[str, str] = ("stance", "evidence"),
) -> Path:
    """A model folder that answers by the verb; without one of ``verbs`` it finds no position."""
    folder.mkdir(parents=True)
    words = {"<unk>": 0, **{verb: i for i, verb in enumerate(VERBS, start=1)}}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    table = np.zeros((len(words), 4), dtype=np.float32)
    for verb, label in verbs.items():
        table[words[verb], label] = 12
    onnx.save(_graph(table, outputs), folder / "model.onnx")
    info = f'{{"format": 1, "version": "{version}", "max_length": 64}}\n'
    (folder / "model.json").write_text(info, encoding="utf-8")
    (folder / "CARD.md").write_text(f"# {version}\n", encoding="utf-8")
    return folder


def _graph(table: np.ndarray, outputs: tuple[str, str]) -> onnx.ModelProto:
    """The sum of the words' rows, with 6 for no position; the evidence is a constant."""
    kinds = len(EVIDENCE_KINDS)
    constants = {
        "table": table,
        "none": np.array([0, 0, 0, 6], dtype=np.float32),
        "flat": np.zeros((len(table), kinds), dtype=np.float32),
        "axis": np.array([1], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("ReduceSum", ["rows", "axis"], ["sum"], keepdims=0),
        helper.make_node("Add", ["sum", "none"], [outputs[0]]),
        helper.make_node("Gather", ["flat", "input_ids"], ["kinds"]),
        helper.make_node("ReduceSum", ["kinds", "axis"], [outputs[1]], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size])
            for name, size in zip(outputs, (4, kinds), strict=True)
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])
