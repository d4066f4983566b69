"""Metrics: how well a predicted density meets the gaze.

Each metric is a pure function of arrays, batched over leading axes, computed in double precision
whatever the input's type, in one of two named profiles:

"tuebingen" (default)
    what the Tuebingen saliency benchmark's library, pysaliency, computes;
"mit"
    what the MATLAB code of Bylinskii et al. computes.
"""

from fusbench.metrics.density import check_density
from fusbench.metrics.maps import cc, kld, sim
from fusbench.metrics.points import nss
from fusbench.metrics.profile import EPS, PROFILES, check_profile
from fusbench.metrics.table import METRICS, Metric, score_frame, signature

__all__ = [
    "EPS",
    "METRICS",
    "PROFILES",
    "Metric",
    "cc",
    "check_density",
    "check_profile",
    "kld",
    "nss",
    "score_frame",
    "signature",
    "sim",
]
