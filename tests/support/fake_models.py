"""Models that behave and misbehave, loaded as a plug-in's would be."""

import sys

import numpy as np

from fusbench.data.window import Window
from fusbench.models.card import ModelCard


def card(loader, **changes):
    facts = {"name": "fake", "title": "Fake", "loader": f"support.fake_models:{loader}"}
    return ModelCard(**facts | changes)


class Brightness:
    """Density in proportion to the brightness of the window's frames, later ones counting more."""

    def __init__(self, card):
        self.card = card

    def predict(self, frames):
        weight = 1.0 + np.arange(frames.shape[1])[None, :, None, None]
        density = (frames * weight).sum(1) + 1.0
        return density / density.sum((1, 2), keepdims=True)


class BrightnessByClip(Brightness):
    """The same, with the fast path."""

    def predict_clip(self, frames):
        window = Window(length=self.card.window.length, placement=self.card.window.placement)
        return self.predict(frames[window.indices(np.arange(len(frames)), len(frames))])


class Stopping(Brightness):
    """Stops after some clips, as a killed run does."""

    clips_left = 0

    def predict_clip(self, frames):
        if Stopping.clips_left == 0:
            raise KeyboardInterrupt
        Stopping.clips_left -= 1
        return self.predict(frames[:, None])


class Broken(Brightness):
    """Spoils the density in the way that the card's option names."""

    def predict(self, frames):
        density = super().predict(frames)
        match self.card.options["fault"]:
            case "negative":
                density[-1, 0, 0] = -0.1
            case "nan":
                density[-1, 3, 4] = np.nan
            case "sum":
                density[-1] *= 0.5
            case "shape":
                density = density[:, 1:]
            case "count":
                density = density[:-1]
        return density


class Framework(Brightness):
    """Stands for a framework that bears no other one in its process."""

    def __init__(self, card):
        super().__init__(card)
        others = {name for name in sys.modules if name.startswith("framework-")}
        assert others <= {f"framework-{card.backend}"}, others
        sys.modules[f"framework-{card.backend}"] = sys
