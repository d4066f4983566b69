"""Metrics: how well a predicted density meets the gaze.

Each metric is a pure function of arrays, batched over leading axes, computed in double precision
whatever the input's type, in one of two named profiles:

"tuebingen" (default)
    what the Tuebingen saliency benchmark's library, pysaliency, computes;
"mit"
    what the MATLAB code of Bylinskii et al. computes.
"""

from fusbench.metrics.auc import auc_borji, auc_judd, sauc
from fusbench.metrics.card import NEEDS, Metric
from fusbench.metrics.density import check_density
from fusbench.metrics.frame import score, score_frame
from fusbench.metrics.kernels import check_kernel, kernel
from fusbench.metrics.maps import cc, kld, sim
from fusbench.metrics.points import ig, nss
from fusbench.metrics.profile import EPS, PROFILES, check_profile
from fusbench.metrics.registry import (
    ORDER,
    entry,
    metric,
    of_signature,
    ordered,
    owner,
    plugins,
    select,
)
from fusbench.metrics.table import METRICS, OBSERVERS, check_observers, observers_of, signature
from fusbench.metrics.transport import emd

__all__ = [
    "EPS",
    "METRICS",
    "NEEDS",
    "OBSERVERS",
    "ORDER",
    "PROFILES",
    "Metric",
    "auc_borji",
    "auc_judd",
    "cc",
    "check_density",
    "check_kernel",
    "check_observers",
    "check_profile",
    "emd",
    "entry",
    "ig",
    "kernel",
    "kld",
    "metric",
    "nss",
    "observers_of",
    "of_signature",
    "ordered",
    "owner",
    "plugins",
    "sauc",
    "score",
    "score_frame",
    "select",
    "signature",
    "sim",
]
