"""A model in another process, used like one in this."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusbench.errors import PluginError, PredictionError
from fusbench.files import output_errors
from fusbench.isolation.crossing import write_over
from fusbench.isolation.parent import Guest
from fusbench.models.card import ModelCard, card_from

if TYPE_CHECKING:
    import numpy as np

    from fusbench.data.scan import Clip


CALLS = {
    "predict": "predict(frames)",
    "predict_clip": "predict_clip(frames)",
    "predict_gaze": "predict_gaze(clip, frames)",
    "step": "step(frame, past)",
}


def _or(methods: tuple[str, ...]) -> str:
    return " or ".join(CALLS[name] for name in methods)


def _way_out(card: ModelCard, methods: tuple[str, ...]) -> str:
    """What to do about a model that has not the method which its card says, but perhaps others."""
    if card.methods == ("predict",) and methods:
        return f"Its {_or(methods)} is asked where the card says memory='clip'; or add predict."
    return "Give the model that method."


class GuestModel:
    """A guest's model as `fusbench.evaluation.run` uses one: frames go out, densities come back."""

    def __init__(
        self,
        guest: Guest,
        card: ModelCard,
        *,
        checkpoint: Path | None,
        device: str | None,
        dataset: Path | None,
        fold: int | None = None,
        data: Path | None = None,
    ) -> None:
        self.guest = guest
        answer = guest.ask(
            "load",
            checkpoint=checkpoint and str(checkpoint.resolve()),
            device=device,
            dataset=dataset and str(dataset.resolve()),
            fold=fold,
            data=data and str(data.resolve()),
        )
        loaded = card_from(answer["card"], guest.where)
        shape, window = loaded.input_shape, loaded.window
        self.card = replace(card, window=window, input_shape=shape, channels=loaded.channels)
        self.methods = tuple(answer["methods"])
        self.untouched = True
        if not set(self.card.methods) & set(self.methods):
            what = f"the loader returned something without a method {_or(self.card.methods)}"
            raise PluginError(what, guest.where, _way_out(self.card, self.methods))
        if "predict_clip" in self.methods:
            self.predict_clip = self._predict_clip
        if "step" in self.methods:
            self.step = self._step

    def predict(self, frames: np.ndarray) -> np.ndarray:
        """Densities (B, H, W) for windows (B, L, H, W)."""
        return self._densities("predict", frames)

    def _predict_clip(self, frames: np.ndarray) -> np.ndarray:
        return self._densities("predict_clip", frames)

    def _step(self, frame: np.ndarray, past: object) -> tuple[np.ndarray, object]:
        given, out = self.guest.folder / "frame.npy", self.guest.folder / "density.npy"
        with output_errors(given.parent):
            write_over(str(given), frame)
        begins = past is None
        answer = self.guest.ask("step", frame=str(given), out=str(out), begins=begins)
        self.untouched &= answer["untouched"]
        return self._sent(out), "kept there"

    def predict_gaze(self, clip: Clip, targets: np.ndarray) -> np.ndarray:
        """Densities (B, H, W) for target frames (B,) of a clip."""
        return self._answer(
            method="predict_gaze", clip=clip.clip_id, targets=[int(t) for t in targets]
        )

    def _densities(self, method: str, frames: np.ndarray) -> np.ndarray:
        path = self.guest.folder / "frames.npy"
        with output_errors(path.parent):
            write_over(str(path), frames)
        return self._answer(method=method, frames=str(path))

    def _answer(self, **request: Any) -> np.ndarray:

        out = self.guest.folder / "densities.npy"
        answer = self.guest.ask("predict", out=str(out), **request)
        self.untouched &= answer["untouched"]
        return self._sent(out)

    def _sent(self, out: Path) -> np.ndarray:
        """What the guest wrote, read as a stranger's."""
        from fusbench.arrays import read_array

        try:
            return read_array(out)
        except (ValueError, OSError, EOFError) as error:
            fix = "Return one array of floating-point numbers."
            raise PredictionError(f"sent no array: {error}", self.guest.where, fix) from None
