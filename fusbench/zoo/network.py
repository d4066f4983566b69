"""A network as data: an ordered tuple of layers, and what follows from it without any framework.

Every value between layers has the shape (B, T, C, H, W). Spatial operations fold T into B;
`target`, `stack` and a recurrence's last output reduce T to 1, so "time distributed" needs no code
of its own. Parameters are named after their layer, as in "encoder1_conv1.weight".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from fusbench.errors import ConfigError

SCALE = 1 / 255  # uint8 grey values enter a network as 0..1
FRAMES = "frames"  # the name of the input
STREAMED = frozenset(
    ("target", "stack", "conv2d", "upconv2d", "maxpool2d", "concat", "convlstm2d", "softmax2d")
)  # the operations that can be fed one frame at a time
GATES = 4  # input, forget, cell, output, in this order along the ConvLSTM's output channels
TINY = 1e-6  # added under the root of a correlation, where features may all be 0


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One operation of a network.

    Parameters
    ----------
    name : str
        Unique within the network.
    op : str
        A key of `PARAMETERS`.
    inputs : tuple of str
        Layers it reads; "frames" is the network's input. The K channels of a gate's second input
        each weigh one of K equal groups of the first input's channels.
    in_channels, channels : int
        Channels read and made.
    kernel : int
        Rows and columns of a convolution's kernel; odd.
    relu : bool
        Whether a convolution is followed by a rectifier.
    norm : bool
        Whether a convolution is normalised over the batch while it is trained, before its
        rectifier; see `fusbench.zoo.normalise`.

    Raises
    ------
    ConfigError
        If what is normalised has no rectifier.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    in_channels: int
    channels: int
    kernel: int = 3
    relu: bool = False
    norm: bool = False

    def __post_init__(self) -> None:
        if self.norm and not self.relu:  # backends do both in one operation
            fix = "Give it relu=True, or no norm."
            raise ConfigError("is normalised without a rectifier", f"layer '{self.name}'", fix)


Shapes = dict[str, tuple[int, ...]]


def _none(i: int, o: int, k: int) -> Shapes:
    return {}


def _convlstm(i: int, o: int, k: int) -> Shapes:
    return {
        "weight": (GATES * o, i, k, k),
        "recurrent_weight": (GATES * o, o, k, k),
        "bias": (GATES * o,),
    }


# Each operation's parameters and their shapes, given (in, out, kernel). One transposition of the
# axes, (2, 3, 1, 0), turns each kernel into its channels-last form.
PARAMETERS: dict[str, Callable[[int, int, int], Shapes]] = {
    "target": _none,  # the current frame
    "stack": _none,  # the frames as channels
    "second": _none,  # of each pair of frames, counted from the window's end, the second
    "change": _none,  # the second minus the first
    "reverse": _none,  # the frames, last first
    "maxpool2d": _none,
    "concat": _none,
    "mean": _none,  # of all inputs
    "gate": _none,  # the first input times the sigmoid of the second; see Layer
    "shuffle": _none,  # k frames before the window's last, channel c + k in the place of c
    "softmax2d": _none,
    "conv2d": lambda i, o, k: {"weight": (o, i, k, k), "bias": (o,)},
    "upconv2d": lambda i, o, k: {"weight": (i, o, 2, 2), "bias": (o,)},
    "convlstm2d": _convlstm,  # the last output
    "convlstm2d_all": _convlstm,  # the output at every frame
    "corrlstm2d": _convlstm,  # the last output; the state is scaled by a correlation
    "ema2d": lambda i, o, k: {"logit": (1,)},
}

# Operations that look across the frames of a window: what they give, and all that is computed from
# it, belongs to a window and not to a frame of a clip.
OVER_TIME = frozenset(
    {"target", "stack", "second", "change", "reverse", "shuffle"}
    | {"convlstm2d", "convlstm2d_all", "corrlstm2d", "ema2d"}
)


def require_halving(rows: int, columns: int, levels: int, where: str) -> None:
    """Raise `ConfigError` unless pictures of this size can be halved so often."""
    step = 2**levels
    if rows < step or columns < step or rows % step or columns % step:
        often = "once" if levels == 1 else f"{levels} times"
        what = f"an input of {rows} x {columns} pixels cannot be halved {often}"
        raise ConfigError(what, where, f"Use rows and columns that are multiples of {step}.")


@dataclass(frozen=True, kw_only=True)
class Network:
    """Layers in the order in which they are run; the last one gives the log-density.

    Parameters
    ----------
    name : str
    layers : tuple of Layer
    length : int
        Frames of a window, L.
    input_shape : (int, int)
        Rows and columns; multiples of 2 ** levels.
    base : int
        Channels of the finest level.
    levels : int
        Number of poolings.

    Raises
    ------
    ConfigError
        If the input shape cannot be halved so often.
    """

    name: str
    layers: tuple[Layer, ...]
    length: int
    input_shape: tuple[int, int]
    base: int
    levels: int

    def __post_init__(self) -> None:
        require_halving(*self.input_shape, self.levels, f"network '{self.name}'")

    @cached_property
    def parameters(self) -> Mapping[str, tuple[int, ...]]:
        """Canonical name and shape of every parameter."""
        return {
            f"{layer.name}.{name}": shape
            for layer in self.layers
            for name, shape in PARAMETERS[layer.op](
                layer.in_channels, layer.channels, layer.kernel
            ).items()
        }

    @cached_property
    def normalised(self) -> Mapping[str, int]:
        """Layers that are normalised in training, and the channels of each."""
        return {layer.name: layer.channels for layer in self.layers if layer.norm}

    @cached_property
    def trained(self) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of all that a training from scratch learns: parameters and gains."""
        gains = {f"{name}.gain": (channels,) for name, channels in self.normalised.items()}
        return {**self.parameters, **gains}

    @cached_property
    def statistics(self) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of the running statistics that a training keeps."""
        kinds = ("mean", "variance")
        return {f"{name}.{k}": (n,) for name, n in self.normalised.items() for k in kinds}

    @cached_property
    def windowed(self) -> frozenset[str]:
        """Layers whose values belong to a window; the others' belong to single frames.

        A backend that runs a whole clip at once encodes each frame once, and gathers the frames of
        the windows where the first operation over time reads them.
        """
        found: set[str] = set()
        for layer in self.layers:
            if layer.op in OVER_TIME or not found.isdisjoint(layer.inputs):
                found.add(layer.name)
        return frozenset(found)

    @property
    def streams(self) -> bool:
        """Whether a backend can feed it one frame at a time, each encoded once."""
        return all(layer.op in STREAMED for layer in self.layers)

    @property
    def n_parameters(self) -> int:
        """Number of trained values."""
        total = 0
        for shape in self.parameters.values():
            count = 1
            for side in shape:
                count *= side
            total += count
        return total


class NetworkBuilder:
    """Collects layers; each method adds one and returns its name."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.channels = {FRAMES: 1}

    def add(
        self,
        op: str,
        name: str,
        *inputs: str,
        channels: int = 0,
        kernel: int = 3,
        relu: bool = False,
        norm: bool = False,
    ) -> str:
        """Add a layer; `channels` 0 keeps the number that it reads."""
        read = sum(self.channels[source] for source in inputs)
        layer = Layer(
            name=name,
            op=op,
            inputs=inputs,
            in_channels=read,
            channels=channels or read,
            kernel=kernel,
            relu=relu,
            norm=norm,
        )
        self.layers.append(layer)
        self.channels[name] = layer.channels
        return name

    def network(
        self, name: str, length: int, base: int, levels: int, input_shape: tuple[int, int]
    ) -> Network:
        """The network of all layers so far."""
        return Network(
            name=name,
            layers=tuple(self.layers),
            length=length,
            input_shape=input_shape,
            base=base,
            levels=levels,
        )
