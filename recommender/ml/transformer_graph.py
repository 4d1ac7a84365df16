"""Writes a BERT encoder as one ONNX graph: piece ids in, pooled vectors of length one out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from recommender.ml.examples import FloatArray

_OPSET, _IR_VERSION = 20, 9
_MICROSOFT = "com.microsoft"  # onnxruntime's own operators: attention in one node


@dataclass(frozen=True)
class BertShape:
    """What the weights do not say: heads, epsilon of LayerNorm, and "mean" or "cls" pooling."""

    n_layers: int
    n_heads: int
    epsilon: float
    pooling: str


class _Graph:
    """Nodes and tensors as they come."""

    def __init__(self, weights: Mapping[str, FloatArray], shape: BertShape) -> None:
        self.weights, self.shape = weights, shape
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def constant(self, name: str, values: np.ndarray) -> str:
        self.tensors.append(numpy_helper.from_array(np.array(values, order="C"), name))
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output

    def dense(self, source: str, layer: str, output: str) -> str:
        """`layer` names a linear layer of the checkpoint, weight (n_out, n_in)."""
        weight = self.constant(f"{output}_weight", self.weights[f"{layer}.weight"].T)
        bias = self.constant(f"{output}_bias", self.weights[f"{layer}.bias"])
        return self.node("Add", [self.node("MatMul", [source, weight], f"{output}_product"), bias], output)

    def norm(self, source: str, layer: str, output: str) -> str:
        gain = self.constant(f"{output}_gain", self.weights[f"{layer}.weight"])
        shift = self.constant(f"{output}_shift", self.weights[f"{layer}.bias"])
        return self.node("LayerNormalization", [source, gain, shift], output, axis=-1, epsilon=self.shape.epsilon)


def bert_graph(weights: Mapping[str, FloatArray], shape: BertShape) -> bytes:
    """`ids` (n, length) int64 and `lengths` (n,) int32 to `vectors` (n, dim), L2-normalised.

    `weights` has the names of a BERT checkpoint (Devlin et al., NAACL 2019), without a prefix.
    """
    graph = _Graph(weights, shape)
    mask = _mask(graph)
    hidden = _embedded(graph)
    for layer in range(shape.n_layers):
        hidden = _transformer_layer(graph, hidden, mask, layer)
    graph.node("LpNormalization", [_pooled(graph, hidden, mask)], "vectors", axis=1, p=2)
    return _serialised(graph, weights["embeddings.word_embeddings.weight"].shape[1])


def quantised(graph: bytes) -> bytes:
    """The same graph with 8-bit weights; activations are scaled as they come (Jacob et al., CVPR 2018)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with TemporaryDirectory(prefix="quantise-") as name:
        before, after = Path(name) / "before.onnx", Path(name) / "after.onnx"
        before.write_bytes(graph)
        options = {"DefaultTensorType": TensorProto.FLOAT}  # behind onnxruntime's own operators it cannot know
        quantize_dynamic(before, after, weight_type=QuantType.QInt8, per_channel=True, extra_options=options)
        return after.read_bytes()


def _mask(graph: _Graph) -> str:
    """1 for a piece and 0 for padding, int32, shape (n, length)."""
    zero, one = graph.constant("zero", np.array(0, np.int32)), graph.constant("one", np.array(1, np.int32))
    graph.node("Shape", ["ids"], "length_long", start=1, end=2)
    graph.node("Squeeze", ["length_long"], "length_scalar")
    graph.node("Cast", ["length_scalar"], "length", to=TensorProto.INT32)
    graph.node("Range", [zero, "length", one], "places")
    graph.node("Unsqueeze", ["lengths", graph.constant("last_axis", np.array([1], np.int64))], "lengths_column")
    graph.node("Less", ["places", "lengths_column"], "is_piece")
    return graph.node("Cast", ["is_piece"], "mask", to=TensorProto.INT32)


def _embedded(graph: _Graph) -> str:
    """Words, places and the first of the two segments, normed."""
    weights = graph.weights
    words = graph.constant("word_table", weights["embeddings.word_embeddings.weight"])
    first_segment = weights["embeddings.token_type_embeddings.weight"][0]
    places = graph.constant("place_table", weights["embeddings.position_embeddings.weight"] + first_segment)
    start = graph.constant("start", np.array([0], np.int64))
    graph.node("Gather", [words, "ids"], "word_vectors")
    graph.node("Slice", [places, start, "length_long"], "place_vectors")
    summed = graph.node("Add", ["word_vectors", "place_vectors"], "embedded")
    return graph.norm(summed, "embeddings.LayerNorm", "hidden")


def _transformer_layer(graph: _Graph, hidden: str, mask: str, number: int) -> str:
    layer, name = f"encoder.layer.{number}", f"l{number}"
    attended = graph.dense(
        _attention(graph, hidden, mask, f"{layer}.attention.self", name),
        f"{layer}.attention.output.dense",
        f"{name}_attended",
    )
    summed = graph.node("Add", [attended, hidden], f"{name}_attended_sum")
    middle = graph.norm(summed, f"{layer}.attention.output.LayerNorm", f"{name}_middle")
    wide = graph.node("Gelu", [graph.dense(middle, f"{layer}.intermediate.dense", f"{name}_wide")], f"{name}_gelu")
    narrow = graph.dense(wide, f"{layer}.output.dense", f"{name}_narrow")
    summed = graph.node("Add", [narrow, middle], f"{name}_sum")
    return graph.norm(summed, f"{layer}.output.LayerNorm", f"{name}_hidden")


def _attention(graph: _Graph, hidden: str, mask: str, layer: str, name: str) -> str:
    """Multi-head self-attention (Vaswani et al., NIPS 2017) over the three projections side by side."""
    projections = [f"{layer}.{projection}" for projection in ("query", "key", "value")]
    weight = np.concatenate([graph.weights[f"{each}.weight"].T for each in projections], axis=1)
    bias = np.concatenate([graph.weights[f"{each}.bias"] for each in projections])
    inputs = [hidden, graph.constant(f"{name}_qkv", weight), graph.constant(f"{name}_qkv_bias", bias), mask]
    return graph.node("Attention", inputs, f"{name}_heads", domain=_MICROSOFT, num_heads=graph.shape.n_heads)


def _pooled(graph: _Graph, hidden: str, mask: str) -> str:
    """The first piece's vector, or the mean over pieces; its length is taken out afterwards, so a sum will do."""
    axis = graph.constant("length_axis", np.array([1], np.int64))
    if graph.shape.pooling == "cls":
        return graph.node("Gather", [hidden, graph.constant("first", np.array(0, np.int64))], "pooled", axis=1)
    graph.node("Cast", [mask], "mask_float", to=TensorProto.FLOAT)
    weights = graph.node("Unsqueeze", ["mask_float", graph.constant("depth_axis", np.array([2], np.int64))], "counted")
    return graph.node("ReduceSum", [graph.node("Mul", [hidden, weights], "masked"), axis], "pooled", keepdims=0)


def _serialised(graph: _Graph, dim: int) -> bytes:
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "length"]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["n"]),
    ]
    output = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", dim])
    body = helper.make_graph(graph.nodes, "encoder", inputs, [output], graph.tensors)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
    model = helper.make_model(body, opset_imports=opsets, ir_version=_IR_VERSION)
    onnx.checker.check_model(model)
    serialised: bytes = model.SerializeToString()
    return serialised
