"""Learning curves for other programs, row by row while a training goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fusbench.errors import ConfigError, unknown

LOGS = ("tensorboard",)
NOT_CURVES = ("step", "seconds")


@contextmanager
def logging(kind: str | None, out: Path) -> Iterator[Callable[[Mapping[str, float]], None] | None]:
    """What is told each row of the learning curves; None where nothing is to be written.

    The rows go to a new file in the folder ``<out>.log``: a training that is resumed goes on with
    its curve.

    Raises
    ------
    ConfigError
        If the kind of log is unknown, or tensorboardX is not installed.
    """
    if kind is None:
        yield None
        return
    if kind not in LOGS:
        raise ConfigError(f"log '{kind}' is unknown", fix=unknown("log", kind, list(LOGS)).fix)
    try:
        from tensorboardX import FileWriter
        from tensorboardX.proto.summary_pb2 import Summary
    except ImportError:
        fix = "Install it with: pip install tensorboardX."
        raise ConfigError("--log tensorboard needs tensorboardX", fix=fix) from None
    folder = out.with_name(f"{out.name}.log")
    writer = FileWriter(str(folder), filename_suffix=f".{time.time_ns()}")  # one for each training

    def tell(row: Mapping[str, float]) -> None:
        curves = (
            Summary.Value(tag=name, simple_value=value)
            for name, value in row.items()
            if name not in NOT_CURVES
        )
        writer.add_summary(Summary(value=curves), int(row["step"]))
        writer.flush()

    try:
        yield tell
    finally:
        writer.close()
