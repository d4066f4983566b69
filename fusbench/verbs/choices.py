"""What a training is told: its options as one record, and the command line that says the same."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from fusbench.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a training is told beside its model, data and output; None leaves it to the recipe.

    Parameters
    ----------
    recipe : str
        "fast", "patient", "paper", "paper-norm-momentum", or a TOML file; see
        `fusbench.training.recipe.recipe`.
    policy : str, optional
        Augmentation, such as "ra-7-9" or "none"; default: the model's own.
    seed : int
    max_steps, validate_every, batch_size : int, optional
    learning_rate : float, optional
    loss : {"kld", "kld-nss-cc"}, optional
        The second is UNISAL's.
    window_count : {"exact", "paper"}, optional
        Training windows of a clip: all T - L + 1, or T - L as the paper writes.
    horizon : int, optional
        Predict the gaze this many frames ahead.
    length : int, optional
        Frames of a window; default: the model's own.
    placement : {"before", "around", "after"}, optional
        Where the other frames lie.
    base, levels : int, optional
        Channels of the finest level, and number of poolings.
    input_size : (int, int), optional
        Rows and columns that frames are scaled to.
    init : str or Path, optional
        Begin with the weights of this checkpoint, or with the "bundled" ones, in every layer that
        they fit; the others are drawn.
    stride : int, optional
        Frames from one of a window to the next.
    precision : {"float32", "bfloat16", "float16"}
    compile : bool
        Have the framework compile the network.
    device : str, optional
        The framework's name of a device, such as "cuda".
    fold : int, optional
    """

    recipe: str = "fast"
    policy: str | None = None
    seed: int = 0
    max_steps: int | None = None
    validate_every: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    loss: str | None = None
    window_count: str | None = None
    horizon: int | None = None
    length: int | None = None
    placement: str | None = None
    base: int | None = None
    levels: int | None = None
    input_size: tuple[int, int] | None = None
    init: str | Path | None = None
    stride: int | None = None
    precision: str = "float32"
    compile: bool = False
    device: str | None = None
    fold: int | None = None

    def told(self, names: tuple[str, ...]) -> dict[str, Any]:
        """What was chosen of these, by name."""
        return {k: getattr(self, k) for k in names if getattr(self, k) is not None}


OF_RECIPE = (
    "max_steps", "validate_every", "batch_size", "learning_rate", "loss", "window_count",
)  # fmt: skip
OF_WINDOW = ("horizon", "stride", "length", "placement")
OF_LEARNER = ("device", "precision", "compile")


def command_line(
    model: str, dataset: str | Path | Dataset, out: str | Path, choices: Choices, dtype: str
) -> str:
    """The command line that does the same."""
    source = dataset.root if isinstance(dataset, Dataset) else dataset
    given: dict[str, Any] = {"model": model, "dataset": source, "out": out}
    for each in fields(Choices):
        value = getattr(choices, each.name)
        if value != each.default:
            given[each.name.replace("_", "-")] = value
    if dtype != "float32":
        given["dtype"] = dtype
    words = []
    for name, value in given.items():
        listed = value if isinstance(value, tuple) else (value,)
        words += [f"--{name}", *map(str, () if value is True else listed)]
    return shlex.join(["fusbench", "train", *words])
