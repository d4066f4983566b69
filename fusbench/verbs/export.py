"""A network of the zoo as an ONNX file, which runs without fusbench."""

from __future__ import annotations

from pathlib import Path

from fusbench.doors.registry import load_model, model_card
from fusbench.errors import ConfigError
from fusbench.files import write_bytes
from fusbench.zoo.exported import SUFFIX, is_exported
from fusbench.zoo.weights import checkpoint_path

EXPORTER = "onnx"  # the backend that writes such files


def export_model(model: str, out: str | Path, *, checkpoint: str | Path | None = None) -> Path:
    """Write a network of the zoo with its weights as an ONNX file, as ``fusbench model export``.

    Neither Torch nor TensorFlow is needed. The file holds the whole network, from frames to
    densities, for clips of any length and for one frame after another; and the card, the window,
    and what the weights tell of their training.

    Parameters
    ----------
    model : str
        A name of the zoo, in whatever backend: the file is the same.
    out : str or Path
        Ends in ".onnx"; a file of that name is replaced.
    checkpoint : str or Path, optional
        Weights of your own training; default: the bundled ones.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigError
        If the model is no network of the zoo, or the file has another ending.
    UnknownName, PluginError, CheckpointError, OutputError

    Examples
    --------
    >>> export_model("uniform", "uniform.onnx")
    Traceback (most recent call last):
    ...
    fusbench.errors.ConfigError: model 'uniform': is no network of the zoo. Name one of 'fusbench \
    model list' with the backend torch, keras or onnx.
    """
    path, where = Path(out), f"model '{model}'"
    if not is_exported(path):
        fix = f"Name a file that ends in {SUFFIX}."
        raise ConfigError("is no name for an ONNX file", str(path), fix)
    card = model_card(model)
    if card.network is None:
        fix = "Name one of 'fusbench model list' with the backend torch, keras or onnx."
        raise ConfigError("is no network of the zoo", where, fix)
    weights = checkpoint_path(card, Path(checkpoint) if checkpoint else None)
    write_bytes(path, load_model(f"{card.network}-{EXPORTER}", checkpoint=weights).content)
    return path
