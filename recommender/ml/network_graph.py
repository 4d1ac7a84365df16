"""Writes what stands behind the filters of a trained network as an ONNX graph: bag and pooled filters to logits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from recommender.ml.examples import FloatArray

_OPSET, _IR_VERSION = 20, 9


@dataclass(frozen=True)
class Dense:
    """Weight (n_out, n_in) and bias (n_out,) of a linear layer."""

    weight: FloatArray
    bias: FloatArray


@dataclass(frozen=True)
class HeadWeights:
    """LayerNorm scale and shift over bag and pooled filters, hidden layers, output layer."""

    scale: FloatArray
    shift: FloatArray
    epsilon: float
    hidden: Sequence[Dense]
    output: Dense
    output_sees_bag: bool


def head_graph(head: HeadWeights, *, n_bag: int, n_pooled: int, with_output: bool = True) -> bytes:
    """`bag` (n, n_bag) and `pooled` (n, n_pooled) to `logits` (n, n_labels), or to the output layer's inputs."""
    tensors = [_tensor("scale", head.scale), _tensor("shift", head.shift)]
    nodes = [
        helper.make_node("Concat", ["bag", "pooled"], ["both"], axis=1),
        helper.make_node("LayerNormalization", ["both", "scale", "shift"], ["normed"], axis=-1, epsilon=head.epsilon),
    ]
    last = "normed"
    for i, layer in enumerate(head.hidden):
        tensors += _dense_tensors(layer, f"h{i}")
        nodes.append(helper.make_node("Gemm", [last, f"h{i}_weight", f"h{i}_bias"], [f"h{i}_sum"], transB=1))
        nodes.append(helper.make_node("Gelu", [f"h{i}_sum"], [f"h{i}"]))
        last = f"h{i}"
    if head.output_sees_bag:
        nodes.append(helper.make_node("Concat", [last, "normed"], ["seen"], axis=1))
        last = "seen"
    inputs = [_value("bag", ["n", n_bag]), _value("pooled", ["n", n_pooled])]
    if not with_output:
        return _serialised("head", nodes, tensors, inputs, _value(last, ["n", head.output.weight.shape[1]]))
    tensors += _dense_tensors(head.output, "out")
    nodes.append(helper.make_node("Gemm", [last, "out_weight", "out_bias"], ["logits"], transB=1))
    return _serialised("head", nodes, tensors, inputs, _value("logits", ["n", len(head.output.bias)]))


def weights_of(graph: bytes) -> dict[str, FloatArray]:
    """The numbers that a graph was written with, by name."""
    model = onnx.load_from_string(graph)
    return {each.name: numpy_helper.to_array(each).copy() for each in model.graph.initializer}


def _dense_tensors(layer: Dense, name: str) -> list[onnx.TensorProto]:
    return [_tensor(f"{name}_weight", layer.weight), _tensor(f"{name}_bias", layer.bias)]


def _tensor(name: str, values: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(values), name)


def _value(name: str, shape: Sequence[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _serialised(
    name: str,
    nodes: Sequence[onnx.NodeProto],
    tensors: Sequence[onnx.TensorProto],
    inputs: Sequence[onnx.ValueInfoProto],
    output: onnx.ValueInfoProto,
) -> bytes:
    graph = helper.make_graph(nodes, name, inputs, [output], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    onnx.checker.check_model(model)
    serialised: bytes = model.SerializeToString()
    return serialised
