"""A whole plug-in: a Gaussian at the image centre whose width is an option of the card."""

from fusbench import ModelCard

card = ModelCard(
    name="centre-gaussian",
    title="Centred Gaussian, a template of a plug-in",
    loader="fusbench_centre:CentreGaussian",
    options={"spread": 0.2},
    licence="MIT",
    cite="Tatler, Journal of Vision 2007, doi:10.1167/7.14.4",
)


class CentreGaussian:
    """Its deviation is `spread` of each image side."""

    def __init__(self, card):
        self.spread = card.options["spread"]

    def predict(self, frames):
        """Densities (B, H, W), each of sum 1, for windows of uint8 frames (B, L, H, W)."""
        import numpy as np  # here, so that listing models imports nothing heavy

        count, _, height, width = frames.shape
        y = np.linspace(-0.5, 0.5, height)[:, None] / self.spread
        x = np.linspace(-0.5, 0.5, width)[None, :] / self.spread
        density = np.exp(-(x**2 + y**2) / 2)
        return np.repeat((density / density.sum())[None], count, axis=0)
