"""The graph of a clip: its frames, the windows over them, and what is kept for frames to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fusbench.data.window import Window
from fusbench.zoo.network import FRAMES, GATES, SCALE, Layer, Network
from fusbench_onnx.graph import BYTE, FLOAT, INT, Graph

WINDOWS, DENSITY, PAST, NEXT = "windows", "density", "past.", "next."
CLIP = 0  # in the place of a window's number of frames


@dataclass(frozen=True, kw_only=True)
class Value:
    """What a layer gives.

    Parameters
    ----------
    name : str
        Its name in the graph.
    frames : int
        Frames of a window that it holds; `CLIP`, it holds those of the clip.
    halvings : int
        How often its rows and columns were halved.
    """

    name: str
    frames: int = CLIP
    halvings: int = 0

    def of(self, name: str) -> Value:
        """Another value of the same frames and size."""
        return replace(self, name=name)


class ClipGraph(Graph):
    """A graph of a clip for the layers of one network, with the inputs `frames` and `windows`.

    Parameters
    ----------
    network : Network
    window : Window
    weights : mapping of str to ndarray
        By canonical name.

    Notes
    -----
    `windows`, (n, L), numbers the frames of each window. Where it is not given there is one window
    for each frame, and the clip's first and last frames stand for those beyond its ends.

    What a window brings together of single frames is kept for frames to come: the input ``past.X``
    holds it for the frames before the first one of `frames`, the output ``next.X`` for the last
    ones. Without a past, the first frame stands for those before it.
    """

    def __init__(self, network: Network, window: Window, weights: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        self.network, self.window, self.weights = network, window, weights
        self.channels = {FRAMES: 1} | {layer.name: layer.channels for layer in network.layers}
        self.kept = window.span - 1 if window.placement == "before" else 0
        self.input(FRAMES, BYTE, ("T", *network.input_shape))
        self.input(WINDOWS, INT, ("n", window.length), np.zeros((0, window.length), np.int64))
        self.pasts: list[str] = []
        self._apart: dict[str, list[str]] = {}

    def values(self) -> Value:
        """The network's input: the frames as grey values 0..1."""
        grey = self.node("Cast", self.node("Unsqueeze", FRAMES, self.ints(1)), to=FLOAT)
        return Value(name=self.node("Mul", grey, self.constant(np.float32(SCALE))))

    def current(self, x: Value) -> Value:
        """The current frame of each window."""
        if x.frames:
            return replace(x, name=self.frames_of("", x)[self.window.target_index], frames=1)
        return replace(x, name=self.node("Gather", x.name, "current", axis=0), frames=1)

    def frames_of(self, layer: str, x: Value) -> list[str]:
        """A value frame by frame: of the clip's, the first, second, .. frame of each window.

        `layer` is what a value of the clip is called where it is kept.
        """
        if x.frames == 1:
            return [x.name]
        if x.frames != CLIP:
            return self.nodes_out(x.frames, "Split", x.name, axis=0, num_outputs=x.frames)
        if layer not in self._apart:
            source = self._with_past(layer, x)
            at = [f"window{t}" for t in range(self.window.length)]
            self._apart[layer] = [self.node("Gather", source, t, axis=0) for t in at]
        return self._apart[layer]

    def joined(self, frames: list[str], like: Value) -> Value:
        """Frames of windows as one value; all first ones come first."""
        name = self.node("Concat", *frames, axis=0) if len(frames) > 1 else frames[0]
        return replace(like, name=name, frames=len(frames))

    def gathered(self, layer: str, x: Value) -> Value:
        """A value of the clip as one of its windows."""
        return x if x.frames else self.joined(self.frames_of(layer, x), x)

    def _with_past(self, layer: str, x: Value) -> str:
        """The clip's frames behind those that are kept, which it leaves for the next ones."""
        if not self.kept:
            return x.name
        rows, columns = (side >> x.halvings for side in self.network.input_shape)
        sides = (self._channels(layer), rows, columns)
        empty = np.zeros((0, *sides), np.float32)
        past = self.input(PAST + layer, FLOAT, ("past", *sides), empty)
        self.pasts.append(past)
        both = self.node("Concat", past, x.name, axis=0)
        self.output(NEXT + layer, self.node("Gather", both, "last"), ("kept", *sides))
        return both

    def _channels(self, layer: str) -> int:
        of = next((each for each in self.network.layers if each.name == layer), None)
        recurs = of is not None and f"{layer}.recurrent_weight" in self.network.parameters
        return self.channels[layer] * (GATES if recurs else 1)

    def finish(self, density: str) -> None:
        """Name the result, and put the windows' numbers before all that reads them."""
        body, self.nodes = self.nodes, []
        self._number()
        self.nodes += body
        self.output(DENSITY, density, ("n", *self.network.input_shape))
        self.outputs.insert(0, self.outputs.pop())

    def _number(self) -> None:
        """The frames of each window, counted from the past's first one."""
        zero, one = self.constant(np.int64(0)), self.constant(np.int64(1))
        past = self._length(self.pasts[0]) if self.pasts else zero
        new = self._length(FRAMES)
        total = self.node("Add", past, new)
        newest = self.node("Unsqueeze", self.node("Range", past, total, one), self.ints(1))
        at = self.node("Add", newest, self.ints(*self.window.offsets.tolist()))
        at = self.node("Clip", at, zero, self.node("Sub", total, one))
        given = self.node("Equal", self._length(WINDOWS), zero)
        wanted = self.node("Where", given, new, zero)
        at = self.node("Slice", at, self.ints(0), self.node("Unsqueeze", wanted, self.ints(0)))
        windows = self.node("Concat", WINDOWS, at, axis=0)
        for t in range(self.window.length):
            self.named(f"window{t}", "Gather", windows, self.constant(np.int64(t)), axis=1)
        self.named("current", "Sub", f"window{self.window.target_index}", past)
        if self.pasts:
            ago = self.node("Range", self.constant(np.int64(-self.kept)), zero, one)
            self.named("last", "Max", self.node("Add", ago, total), zero)

    def _length(self, value: str) -> str:
        first = self.node("Shape", value, start=0, end=1)
        return self.node("Squeeze", first, self.ints(0))


def written(network: Network, window: Window, weights: Mapping[str, np.ndarray]) -> ClipGraph:
    """The graph of a network, from its frames to its densities."""
    from fusbench_onnx.layers import OPERATIONS

    graph = ClipGraph(network, window, weights)
    values = {FRAMES: graph.values()}
    for layer in network.layers:
        values[layer.name] = OPERATIONS[layer.op](graph, layer, *read(graph, layer, values))
    graph.finish(values[network.layers[-1].name].name)
    return graph


def read(graph: ClipGraph, layer: Layer, values: Mapping[str, Value]) -> list[Value]:
    """What a layer reads: values of windows, where one of them is, and of the clip otherwise."""
    found = [values[name] for name in layer.inputs]
    if any(value.frames for value in found):
        return [graph.gathered(*each) for each in zip(layer.inputs, found, strict=True)]
    return found
