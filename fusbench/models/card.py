"""What the core knows of a model before it loads it: cheap to import, free of frameworks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fusbench.data.window import Window
from fusbench.errors import PluginError
from fusbench.records import read_record

if TYPE_CHECKING:
    import numpy as np

ROLES = ("model", "floor", "hint", "ceiling")
SEES = ("frames", "train-gaze", "clip", "others", "nothing")
GAZING = ("clip", "others")  # these predict by ``predict_gaze(clip, frames)``, of a clip with gaze
MEMORIES = ("window", "clip")
INTEGERS = "integer maps"  # the backend of predictions that were rounded to integers
NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """A model, described: data only.

    Parameters
    ----------
    name : str
        Unique name; equals the entry point's name.
    title : str
        One line for tables and figures.
    loader : str
        "module:callable". Called as ``loader(card)``; with ``checkpoint=Path`` where weights are
        named, ``device=str`` where the user chose one, and ``dataset=Dataset`` where `sees` is not
        "frames".
    window : Window
        Frames the model sees for one target.
    input_shape : (int, int) or None
        Rows and columns the model works at; the core resizes frames to it and densities back. None
        takes any size.
    channels : {1, 3}
        Grey or colour frames; the core converts.
    backend : str
        "numpy", "torch", "keras" or another framework's name.
    network, recipe : str or None
        Zoo network and training recipe, where there are any.
    learner : str or None
        "module:callable" that makes the backend's learner, where the model can be trained.
    checkpoint : str or None
        Bundled weights: a path inside the package ``fusbench.zoo``, or an absolute path.
    options : mapping
        Free settings of the loader.
    role : {"model", "floor", "hint", "ceiling"}
        Floors and the ceiling frame a table; they do not compete. A hint is a reference that knows
        what no model may know, such as earlier gaze, and yet is no bound.
    sees : {"frames", "train-gaze", "clip", "others", "nothing"}
        What the model may look at. "train-gaze" is fitted on the train split's gaze; "clip" gets
        the whole clip, gaze included, and so can only be a reference. "others" gets the clip with
        the gaze of other observers than those whom it predicts. "nothing" marks predictions that
        another program has made.
    memory : {"window", "clip"}
        What a density follows from: the window's frames, or all frames of the clip so far, as of a
        recurrent network that keeps its state. The window then only tells a horizon.
    licence, cite : str
        Terms of the model and where it is published.

    Examples
    --------
    >>> ModelCard(name="my-net", title="My network", loader="my_package:load").window.length
    1
    """

    name: str
    title: str
    loader: str
    window: Window = field(default_factory=Window)
    input_shape: tuple[int, int] | None = None
    channels: int = 1
    backend: str = "numpy"
    network: str | None = None
    recipe: str | None = None
    learner: str | None = None
    checkpoint: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    role: str = "model"
    sees: str = "frames"
    memory: str = "window"
    licence: str = ""
    cite: str = ""

    def __post_init__(self) -> None:
        problems = [
            (
                not NAME.fullmatch(self.name),
                "name is not a lower-case word of letters, digits, '.', '_' and '-'",
            ),
            (":" not in self.loader, "loader is not of the form 'module:callable'"),
            (self.channels not in (1, 3), "channels is neither 1 nor 3"),
            (self.role not in ROLES, f"role is not one of {', '.join(ROLES)}"),
            (self.sees not in SEES, f"sees is not one of {', '.join(SEES)}"),
            (self.memory not in MEMORIES, f"memory is not one of {', '.join(MEMORIES)}"),
            (
                self.of_clip and self.window != Window(horizon=self.window.horizon),
                "memory='clip' goes with all frames so far, and the window names some",
            ),
            (
                self.of_clip and self.sees in (*GAZING, "nothing"),
                f"memory='clip' is of models that are given frames, and sees='{self.sees}'",
            ),
        ]
        for wrong, what in problems:
            if wrong:
                raise PluginError(
                    what, f"card of model '{self.name}'", "Correct the plug-in's card."
                )

    @property
    def of_clip(self) -> bool:
        """Whether its densities follow from the whole clip so far."""
        return self.memory == "clip"

    @property
    def methods(self) -> tuple[str, ...]:
        """Methods of which the model has one at least."""
        if self.sees in GAZING:
            return ("predict_gaze",)
        return ("predict_clip", "step") if self.of_clip else ("predict",)


def card_from(facts: Mapping[str, Any], where: str) -> ModelCard:
    """A card from plain facts, as they cross from another process.

    Raises
    ------
    PluginError
        If a field is unknown, missing or impossible.
    """
    return read_record(ModelCard, facts, where, PluginError, "Correct the card.")


class Model(Protocol):
    """What a loader returns. A model may also have the fast path ``predict_clip``.

    ``predict_clip(frames: uint8 (T, H, W)) -> (T, H, W)`` gives, for every frame t of a clip, the
    density whose current frame is t, with the clip's edge frames repeated where a window sticks
    out: the same densities as `predict`, each frame encoded once.

    For live use it may also have ``step(frame: uint8 (H, W), past) -> ((H, W), past)``: the density
    of the newest frame, and what of the frames so far the next call needs. The first call gets
    None, which stands for a clip that begins here. Without it a `Stream` keeps the frames.

    A model whose card says ``memory="clip"`` has `step` or `predict_clip`, or both, and no
    `predict`: its density of frame t follows from the frames 0 to t of the clip, of whatever
    length. Nothing is kept from one clip for another.
    """

    def predict(self, frames: np.ndarray) -> np.ndarray:
        """Densities (B, H, W), each of sum 1, for windows of uint8 frames (B, L, H, W)."""
        ...


class Learner(Protocol):
    """What a backend adds to be trained; the training loop itself is the core's, in NumPy."""

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Take these float32 weights, by canonical name.

        With gains among them (`Network.trained`) their layers are normalised over each batch;
        without, the network is the plain one that predicts.
        """
        ...

    def gradients(
        self, frames: np.ndarray, densities: np.ndarray
    ) -> tuple[float, dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Mean loss of a batch, its gradient, and the statistics of its normalised layers.

        `frames` is uint8 (B, L, H, W), `densities` float32 (B, H, W), each summing to 1. Gradients
        have the names of the weights, statistics those of `Network.statistics`; without gains there
        are none.
        """
        ...

    def log_densities(self, frames: np.ndarray) -> np.ndarray:
        """Log-densities float32 (B, H, W) of windows, uint8 (B, L, H, W), without gradients."""
        ...
