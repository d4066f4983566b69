"""ONNX Runtime: a file's content as something that runs, or a clear word why not.

A file may be a stranger's, so it is read in the model's own process, and stands for itself: it has
the runtime read no other file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

import onnx
import onnxruntime

from fusbench.errors import CheckpointError, ConfigError, PredictionError
from fusbench.pools import cores

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "gpu": "CUDAExecutionProvider",
}
ERRORS_ONLY = 3
THREADS = "OMP_NUM_THREADS"  # what tells every other library how many there are to be
SPINNING = "session.intra_op.allow_spinning"  # of threads that wait
MARK = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")  # before each of the runtime's words


def opened(content: bytes, where: str, device: str = "cpu") -> Any:
    """A session of ONNX Runtime.

    Raises
    ------
    CheckpointError
        If the content is no network that the runtime can run.
    ConfigError
        If the device cannot be used.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    options.intra_op_num_threads = threads()
    options.add_session_config_entry(SPINNING, "0")
    provider = checked_provider(device)
    try:
        return onnxruntime.InferenceSession(content, options, providers=[provider])
    except Exception as error:  # the runtime's own kinds have no base of theirs
        what = f"is damaged or no ONNX file that can be run: {reason(error)}"
        raise CheckpointError(what, where, "Export it again.") from None


def answer(session: Any, names: list[str], given: dict[str, Any], where: str) -> list[Any]:
    """Outputs by name; `PredictionError` where the graph fails."""
    try:
        found: list[Any] = session.run(names, given)
    except Exception as error:
        fix = "Compare its inputs with docs/how-to/onnx.md."
        raise PredictionError(f"its graph fails: {reason(error)}", where, fix) from error
    return found


def reason(error: Exception) -> str:
    """The runtime's own words, in one line."""
    return MARK.sub("", " ".join(str(error).split())).rstrip(".")


def refuse_others(content: bytes, where: str) -> None:
    """Raise `CheckpointError` where a file keeps weights in another one."""
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # of whatever protobuf is installed
        what = f"is damaged or no ONNX file: {reason(error)}"
        raise CheckpointError(what, where, "Export it again.") from None
    functions = [node for function in model.functions for node in function.node]
    if _elsewhere(model.graph) or _nodes_elsewhere(functions):
        fix = "Save it as one file, without external data."
        raise CheckpointError("keeps weights in another file", where, fix)


def _elsewhere(graph: Any) -> bool:
    sparse = [part for each in graph.sparse_initializer for part in (each.values, each.indices)]
    return _any_elsewhere([*graph.initializer, *sparse]) or _nodes_elsewhere(graph.node)


def _nodes_elsewhere(nodes: Iterable[Any]) -> bool:
    return any(
        _any_elsewhere([item.t, *item.tensors, item.sparse_tensor.values])
        or any(_elsewhere(graph) for graph in (*item.graphs, *[item.g] * item.HasField("g")))
        for node in nodes
        for item in node.attribute
    )


def _any_elsewhere(tensors: Iterable[Any]) -> bool:
    return any(each.data_location == onnx.TensorProto.EXTERNAL for each in tensors)


def checked_provider(device: str) -> str:
    """ONNX Runtime's name of a device; `ConfigError` if it has none."""
    provider = PROVIDERS.get(device.split(":")[0].lower())
    if provider not in onnxruntime.get_available_providers():
        what = f"device '{device}' cannot be used: ONNX Runtime finds none"
        raise ConfigError(what, fix="Use --device cpu, or install onnxruntime-gpu for cuda.")
    return str(provider)


def threads() -> int:
    """How many threads one answer may take."""
    told = os.environ.get(THREADS, "")
    return int(told) if told.isdigit() and int(told) else cores()
