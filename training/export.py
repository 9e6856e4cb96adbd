"""A trained model → a model folder: int8 ONNX, tokenizer and three JSON files.

Weights are stored as 8-bit integers in blocks with a scale each, and what is multiplied with
them is quantised row by row: a pair's result then does not depend on its batch, and the logits
stay within a few hundredths of fp32 (per-tensor dynamic int8 was off by 0.9 on average and
changed one label in eleven; see ``training/LOG.md``).

The int8 file is also what a researcher retrains from without a hub: ``encoder.json`` tells the
architecture, ``weights.json`` says which of its tensors holds which parameter, and
:func:`restore` turns them back into floats. The same weights are therefore not shipped twice.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from stance.modelfile import ModelInfo
from training.architecture import blank_encoder, write_architecture
from training.model import StanceModel

OPSET: Final = 17
BLOCK: Final = 128
"""Weights that share a scale."""

INT8_COMPUTE: Final = 4
"""ONNX Runtime's accuracy level 4: the products are computed in int8 too."""

_ROWS: Final = "_rows"
_SCALES: Final = "_scales"

Array = np.ndarray[Any, Any]


def export(model: StanceModel, tokenizer: Path, info: ModelInfo, folder: Path) -> None:
    """Write the model folder; an older one in its place is replaced file by file."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        floats = Path(scratch) / "model.onnx"
        to_onnx(model, floats)
        names = _initializer_names(model, floats)
        onnx.save(quantize(onnx.load(str(floats))), str(folder / "model.onnx"))
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    write_architecture(model.encoder.config, folder)
    record = {"parameters": names}
    (folder / "weights.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    write_info(info, folder)


def quantize(model: onnx.ModelProto) -> onnx.ModelProto:
    """int8 weights in blocks for the matrix products, int8 rows for the word embeddings."""
    logging.getLogger("onnxruntime.quantization").setLevel(logging.WARNING)
    quantizer = MatMulNBitsQuantizer(
        model, bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=INT8_COMPUTE
    )
    quantizer.process()
    quantized: onnx.ModelProto = quantizer.model.model
    _quantize_embeddings(quantized.graph)
    return quantized


def _quantize_embeddings(graph: onnx.GraphProto) -> None:
    """Replace the largest looked-up table by int8 rows and a scale a row."""
    arrays = {i.name: i for i in graph.initializer}
    lookups = [n for n in graph.node if n.op_type == "Gather" and n.input[0] in arrays]
    node = max(lookups, key=lambda n: numpy_helper.to_array(arrays[n.input[0]]).size)
    name, ids = node.input[0], node.input[1]
    table = numpy_helper.to_array(arrays[name])
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True) / 127, 1e-12).astype(np.float32)
    rows = np.round(table / scale).astype(np.int8)
    graph.initializer.remove(arrays[name])
    graph.initializer.extend(
        [
            numpy_helper.from_array(rows, f"{name}{_ROWS}"),
            numpy_helper.from_array(scale, f"{name}{_SCALES}"),
        ]
    )
    at = list(graph.node).index(node)
    made = [
        helper.make_node("Gather", [f"{name}{_ROWS}", ids], ["embedding_rows"]),
        helper.make_node("Cast", ["embedding_rows"], ["embedding_floats"], to=TensorProto.FLOAT),
        helper.make_node("Gather", [f"{name}{_SCALES}", ids], ["embedding_scales"]),
        helper.make_node("Mul", ["embedding_floats", "embedding_scales"], [node.output[0]]),
    ]
    graph.node.remove(node)
    for offset, new in enumerate(made):
        graph.node.insert(at + offset, new)


def write_info(info: ModelInfo, folder: Path) -> None:
    """Write ``model.json``."""
    text = info.model_dump_json(indent=1)
    (folder / "model.json").write_text(text + "\n", encoding="utf-8")


def to_onnx(model: StanceModel, path: Path) -> None:
    """Export in fp32 with free batch and length."""
    model.eval()
    ids = torch.ones((2, 9), dtype=torch.long)
    axes = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings():
        # The tracing exporter warns of every shape it reads; the result is compared in a test.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (ids, torch.ones_like(ids)),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["stance", "evidence"],
            dynamic_axes={
                "input_ids": axes,
                "attention_mask": axes,
                "stance": {0: "batch"},
                "evidence": {0: "batch"},
            },
            opset_version=OPSET,
            dynamo=False,
        )


def _initializer_names(model: StanceModel, path: Path) -> dict[str, tuple[str, bool]]:
    """parameter → (initializer of the graph, whether it is transposed there), found by value."""
    arrays = {i.name: numpy_helper.to_array(i) for i in onnx.load(str(path)).graph.initializer}
    by_sum: dict[tuple[int, float], list[str]] = {}
    for name, array in arrays.items():
        by_sum.setdefault(_key(array), []).append(name)
    found: dict[str, tuple[str, bool]] = {}
    for parameter, tensor in model.state_dict().items():
        value = tensor.numpy()
        for name in by_sum.get(_key(value), []):
            array = arrays[name]
            if array.shape == value.shape and np.array_equal(array, value):
                found[parameter] = (name, False)
            elif array.T.shape == value.shape and np.array_equal(array.T, value):
                found[parameter] = (name, True)
    return found


def _key(array: Array) -> tuple[int, float]:
    return array.size, float(np.sort(array.reshape(-1)[:64]).sum()) if array.ndim < 2 else 0.0


def restore(folder: Path) -> StanceModel:
    """The model of a shipped folder in floats, to train on from.

    A parameter that the graph does not hold keeps its initial value.
    """
    record = json.loads((folder / "weights.json").read_text(encoding="utf-8"))
    encoder = blank_encoder(folder)
    model = StanceModel(encoder, encoder.config.hidden_size)
    arrays = _stored(onnx.load(str(folder / "model.onnx")).graph)
    state = model.state_dict()
    for parameter, (name, transposed) in record["parameters"].items():
        value = arrays[name].T if transposed else arrays[name]
        state[parameter] = torch.tensor(np.ascontiguousarray(value), dtype=torch.float32)
    model.load_state_dict(state)
    return model


def _stored(graph: onnx.GraphProto) -> dict[str, Array]:
    """Every weight of a quantised graph in floats, under the name it had before."""
    arrays = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    floats = dict(arrays)
    for name, rows in arrays.items():
        if name.endswith(_ROWS):
            whole = name.removesuffix(_ROWS)
            floats[whole] = rows.astype(np.float32) * arrays[f"{whole}{_SCALES}"]
    for node in graph.node:
        if node.op_type == "MatMulNBits":
            name, weight = _unblocked(node, arrays)
            floats[name] = weight
    return floats


def _unblocked(node: onnx.NodeProto, arrays: dict[str, Array]) -> tuple[str, Array]:
    """(initializer before quantisation, its values with shape (in, out)) of one product.

    Layout: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md,
    com.microsoft.MatMulNBits: bytes (out, blocks, block), one scale a block, zero at 128.
    """
    sizes = {a.name: a.i for a in node.attribute}
    packed, scales = arrays[node.input[1]], arrays[node.input[2]]
    blocks = (packed.astype(np.float32) - 128) * scales.reshape(sizes["N"], -1, 1)
    weight = blocks.reshape(sizes["N"], -1)[:, : sizes["K"]].T
    return node.input[1].split("_Q8")[0], weight
