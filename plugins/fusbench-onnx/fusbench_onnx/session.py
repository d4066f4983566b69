"""ONNX Runtime: a file's content as something that runs, or a clear word why not."""

from __future__ import annotations

import os
from typing import Any

import onnxruntime

from fusbench.child import cores
from fusbench.errors import CheckpointError, ConfigError

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "gpu": "CUDAExecutionProvider",
}
ERRORS_ONLY = 3
THREADS = "OMP_NUM_THREADS"  # what tells every other library how many there are to be
CALM = {
    "session.intra_op.allow_spinning": "0",  # a thread that waits leaves the core to those who work
    "session.set_denormal_as_zero": "0",
}


def opened(content: bytes, where: str, device: str = "cpu") -> Any:
    """A session of ONNX Runtime.

    It is made of the content and not of a path, so that a file cannot have the runtime read others.

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
    for name, value in CALM.items():
        options.add_session_config_entry(name, value)
    provider = checked_provider(device)
    try:
        return onnxruntime.InferenceSession(content, options, providers=[provider])
    except Exception as error:  # the runtime's own kinds have no base of theirs
        reason = " ".join(str(error).split()).partition(" : FAIL : ")
        what = f"is damaged or no ONNX file that can be run: {reason[2] or reason[0]}"
        raise CheckpointError(what, where, "Export it again.") from None


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
