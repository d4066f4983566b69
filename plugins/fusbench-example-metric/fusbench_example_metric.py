"""A whole metric as a plug-in: how far the prediction's peak lies from the nearest gaze point."""

import numpy as np

from fusbench.metrics import Metric


def distance(predicted, gaze, profile="tuebingen"):
    """Pixels from the density's maximum to the nearest gaze point; alike in both profiles."""
    row, column = np.argwhere(predicted == predicted.max()).mean(0)  # the middle of equal maxima
    return np.hypot(gaze[:, 0] - column, gaze[:, 1] - row).min()


peak_distance = Metric(
    key="peak-distance",
    symbol="Peak",
    title="Distance of the prediction's peak from the nearest gaze point",
    unit="px",
    function=distance,
    needs=("gaze",),
    higher_is_better=False,
)
