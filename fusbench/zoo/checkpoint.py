"""Checkpoints: one canonical safetensors file for every backend, by NumPy alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from fusbench.data.window import Window
from fusbench.errors import CheckpointError
from fusbench.files import file_sha256, write_bytes
from fusbench.numerals import whole
from fusbench.zoo.exported import METADATA, exported_metadata, is_exported
from fusbench.zoo.network import GATES, Network

TRAIN_CLIPS = "train_clips"  # in the metadata: a list of `short_hash` of the frames, as JSON
REMEDY = "Restore the file, or train it again."


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Weights by canonical name (float32), metadata, and the file's hash."""

    weights: Mapping[str, np.ndarray]
    metadata: Mapping[str, str]
    sha256: str


def short_hash(sha256: str) -> str:
    """How a checkpoint names a clip that it was trained on."""
    return sha256[:16]


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; stored float16 becomes float32.

    Raises
    ------
    CheckpointError
        If the file is missing, truncated, or no safetensors file.
    """
    weights, metadata = _read(path, with_weights=True)
    return Checkpoint(weights=weights, metadata=metadata, sha256=file_sha256(path))


def read_metadata(path: Path) -> dict[str, str]:
    """Read a checkpoint's metadata only, or an exported file's; errors as in `read_checkpoint`."""
    return exported_metadata(path) if is_exported(path) else _read(path, with_weights=False)[1]


def count_parameters(path: Path) -> int | None:
    """How many numbers a safetensors file holds, from its header; None for another kind of file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
    except (SafetensorError, OSError):
        return None
    return int(sum(np.prod(shape) for shape in shapes))


def _read(path: Path, with_weights: bool) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    if is_exported(path):
        fix = f"Use --model {path}, or the checkpoint that it was made from."
        raise CheckpointError("is an ONNX file, which ONNX Runtime alone takes", str(path), fix)
    if not path.is_file():
        raise CheckpointError("no file is here", str(path), "Check the path.")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = json.loads((file.metadata() or {}).get(METADATA, "{}"))
            if not isinstance(metadata, dict):
                raise ValueError("its metadata are no table")
            names = file.keys() if with_weights else ()
            weights = {name: file.get_tensor(name).astype(np.float32) for name in names}
    except (SafetensorError, OSError, ValueError, TypeError, RecursionError) as error:
        what = f"is damaged or no safetensors file: {str(error).splitlines()[0]}"
        raise CheckpointError(what, str(path), REMEDY) from None
    return weights, metadata


def write_checkpoint(
    path: Path,
    weights: Mapping[str, np.ndarray],
    metadata: Mapping[str, str],
    dtype: str = "float32",
) -> None:
    """Write a checkpoint, a whole file or nothing.

    Parameters
    ----------
    path : Path
    weights : mapping of str to ndarray
    metadata : mapping of str to str
    dtype : {"float32", "float16"}
        How the weights are stored.
    """
    from safetensors.numpy import save

    stored = {name: np.ascontiguousarray(value, dtype=dtype) for name, value in weights.items()}
    content = save(stored, {METADATA: json.dumps(dict(metadata), sort_keys=True)})
    write_bytes(path, content)


def describe(network: Network, entry: str, window: Window) -> dict[str, str]:
    """The metadata from which a checkpoint's network and window are built again."""
    return {
        "network": entry,
        "base": str(network.base),
        "levels": str(network.levels),
        "input_shape": json.dumps(list(network.input_shape)),
        "window": json.dumps(asdict(window), sort_keys=True),
    }


def window_of(metadata: Mapping[str, str], where: str = "the checkpoint") -> Window:
    """The window that a checkpoint was trained with.

    Raises
    ------
    CheckpointError
        If the metadata are not those of a zoo checkpoint.
    """
    try:
        return Window(**json.loads(metadata["window"]))
    except (KeyError, ValueError, TypeError, RecursionError):
        fix = "Give a file that 'fusbench train' wrote."
        raise CheckpointError("its metadata name no window", where, fix) from None


def network_of(metadata: Mapping[str, str], where: str = "the checkpoint") -> Network:
    """The network that a checkpoint holds the weights of; errors as in `window_of`."""
    from fusbench.zoo.entries import build, buildable

    window = window_of(metadata, where)
    try:
        rows, columns = json.loads(metadata["input_shape"])
        base, levels = whole(metadata["base"]), whole(metadata["levels"])
        name = metadata["network"]
        if not buildable(base, levels, (rows, columns)):
            raise ValueError("sizes that no network has")
    except (KeyError, ValueError, TypeError, RecursionError):
        fix = "Give a file that 'fusbench train' wrote."
        raise CheckpointError("its metadata name no network", where, fix) from None
    return build(name, window=window, base=base, levels=levels, input_shape=(rows, columns))


def check_entry(metadata: Mapping[str, str], entry: str, where: str, fix: str) -> None:
    """Raise `CheckpointError`, with `fix`, unless the weights are of this entry of the zoo."""
    if metadata["network"] != entry:
        what = f"holds the network '{metadata['network']}', not '{entry}'"
        raise CheckpointError(what, where, fix)


def named_clips(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """The clips that weights say they were trained on; none where they tell of none."""
    try:
        return tuple(map(str, json.loads(metadata.get(TRAIN_CLIPS, "[]"))))
    except (ValueError, TypeError, RecursionError):
        return ()


def naming_clips(sha256s: Iterable[str], before: Mapping[str, str]) -> dict[str, str]:
    """The metadata that name the clips of a training, given the SHA-256 of their frames.

    `before` are the metadata of the weights that it began from, whose clips count as seen too.
    """
    known = dict.fromkeys((*map(short_hash, sha256s), *named_clips(before)))
    return {TRAIN_CLIPS: json.dumps(list(known))} if known else {}


def check_weights(network: Network, weights: Mapping[str, np.ndarray], where: str) -> None:
    """Raise `CheckpointError` unless these are the parameters of this network."""
    for name, shape in network.parameters.items():
        if name not in weights:
            what = f"the parameter '{name}' of network '{network.name}' is missing"
            raise CheckpointError(what, where, "Give the checkpoint of this network.")
        have = weights[name].shape
        if have != shape:
            what = f"the parameter '{name}' is {_by(have)} where network '{network.name}' has"
            raise CheckpointError(
                f"{what} {_by(shape)}", where, "Give the checkpoint of this network."
            )
    check_finite({name: weights[name] for name in network.parameters}, where)
    extra = sorted(set(weights) - set(network.parameters))
    if extra:
        what = f"the parameter '{extra[0]}' is not part of network '{network.name}'"
        raise CheckpointError(what, where, "Give the checkpoint of this network.")


def check_finite(weights: Mapping[str, np.ndarray], where: str) -> None:
    """Raise `CheckpointError` at the first parameter that holds NaN or infinity."""
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise CheckpointError(f"the parameter '{name}' is not finite", where, REMEDY)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def initial_weights(network: Network, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Weights to begin training with, float32, the same for every backend.

    Convolutions before a rectifier are drawn after He et al. 2015; the ConvLSTM's input kernel
    after Glorot and Bengio 2010, its recurrent kernel orthogonal, its forget bias 1, as TensorFlow
    2.1 has them; transposed convolutions and the head after Glorot. Other biases are 0, and so is a
    moving average's logit: new and old count alike.
    """
    relu = {layer.name for layer in network.layers if layer.relu}
    weights = {}
    for name, shape in network.parameters.items():
        layer, _, kind = name.partition(".")
        if kind in ("bias", "logit"):
            value = np.zeros(shape)
            if f"{layer}.recurrent_weight" in network.parameters:
                gate = shape[0] // GATES
                value[gate : 2 * gate] = 1.0
        elif kind == "recurrent_weight":
            value = _orthogonal(shape, rng)
        else:
            area = shape[2] * shape[3]
            fan_out, fan_in = shape[0] * area, shape[1] * area
            variance = 2 / fan_in if layer in relu else 2 / (fan_in + fan_out)
            value = rng.normal(0, np.sqrt(variance), shape)
        weights[name] = value.astype(np.float32)
    return weights


def _orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Orthonormal rows or columns of the kernel flattened to a matrix (Saxe et al. 2014)."""
    rows = shape[0]
    matrix = rng.normal(size=(rows, int(np.prod(shape[1:]))))
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return (q if tall is matrix else q.T).reshape(shape)
