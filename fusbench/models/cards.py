"""Cards of the baselines."""

from fusbench.data.window import Window
from fusbench.models.card import ModelCard

uniform = ModelCard(
    name="uniform",
    title="Uniform",
    loader="fusbench.models.baselines:Uniform",
    role="floor",
    licence="MIT",
)
centre_bias = ModelCard(
    name="centre-bias",
    title="Centre bias",
    loader="fusbench.models.baselines:CentreBias",
    role="floor",
    licence="MIT",
    cite="Tatler, Journal of Vision 2007, doi:10.1167/7.14.4",
)
mean_map = ModelCard(
    name="mean-map",
    title="Mean map of the train split, fitted to unseen scans",
    loader="fusbench.models.baselines:MeanMap",
    role="floor",
    sees="train-gaze",
    licence="MIT",
    cite="Kuemmerer et al., PNAS 2015, doi:10.1073/pnas.1510393112",
)
previous_gaze = ModelCard(
    name="previous-gaze",
    title="Previous gaze, 15 frames ago, over the fitted mean map",
    loader="fusbench.models.persistence:PreviousGaze",
    window=Window(horizon=15),
    role="hint",
    sees="clip",
    licence="MIT",
)
inter_observer = ModelCard(
    name="inter-observer",
    title="Other observers' gaze, over the fitted mean map",
    loader="fusbench.models.inter_observer:InterObserver",
    role="ceiling",
    sees="others",
    licence="MIT",
    cite="Kuemmerer et al., PNAS 2015, doi:10.1073/pnas.1510393112",
)
ideal_observer = ModelCard(
    name="ideal-observer",
    title="Ideal observer (generating density)",
    loader="fusbench.models.baselines:IdealObserver",
    role="ceiling",
    sees="clip",
    licence="MIT",
)
