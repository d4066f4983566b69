"""An ONNX graph while it is written: nodes, constants, inputs and outputs."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 18, 8  # old enough for runtimes of 2023
FLOAT, INT, BYTE = TensorProto.FLOAT, TensorProto.INT64, TensorProto.UINT8
Sides = tuple[int | str, ...]


class Graph:
    """Collects nodes; each method adds something and returns its name."""

    def __init__(self) -> None:
        self._numbers = count()
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.tensors: dict[str, Any] = {}

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """One node with one output."""
        (name,) = self.nodes_out(1, op, *inputs, **attributes)
        return name

    def named(self, name: str, op: str, *inputs: str, **attributes: Any) -> str:
        """One node whose output has a name that others may read before it is written."""
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def nodes_out(self, outputs: int, op: str, *inputs: str, **attributes: Any) -> list[str]:
        """One node with some outputs."""
        number = next(self._numbers)
        names = [f"{op.lower()}{number}" + f"_{k}" * (outputs > 1) for k in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names

    def constant(self, value: np.ndarray | np.generic, name: str = "") -> str:
        """A constant, by a name of its own or one made from its content."""
        name = name or f"{value.dtype}{list(value.shape)}{value.tolist()}".replace(" ", "")
        self.tensors[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def ints(self, *values: int) -> str:
        """Whole numbers, as shapes and indices are."""
        return self.constant(np.array(values, np.int64))

    def input(self, name: str, kind: int, sides: Sides, default: np.ndarray | None = None) -> str:
        """An input; one with a default need not be given."""
        self.inputs.append(helper.make_tensor_value_info(name, kind, sides))
        return name if default is None else self.constant(default, name)

    def output(self, name: str, value: str, sides: Sides) -> None:
        """An output of single precision."""
        self.named(name, "Identity", value)
        self.outputs.append(helper.make_tensor_value_info(name, FLOAT, sides))

    def model(self, name: str, properties: dict[str, str]) -> bytes:
        """The whole file."""
        graph = helper.make_graph(
            self.nodes, name, self.inputs, self.outputs, list(self.tensors.values())
        )
        imports = [helper.make_opsetid("", OPSET)]
        made = helper.make_model(
            graph, opset_imports=imports, ir_version=IR_VERSION, producer_name="fusbench"
        )
        helper.set_model_props(made, properties)
        onnx.checker.check_model(made)
        content: bytes = made.SerializeToString(deterministic=True)
        return content
