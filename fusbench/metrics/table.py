"""The metrics of fusbench as a table, and the signature of scores."""

from __future__ import annotations

from collections.abc import Sequence

from fusbench.errors import unknown
from fusbench.metrics import auc, maps, points, transport
from fusbench.metrics.card import Metric
from fusbench.metrics.profile import check_profile

VERSION = 1  # raised when a score changes, not when code does
MATLAB = "Bylinskii et al., TPAMI 41(3), 2018"

kld = Metric(
    key="kld",
    symbol="KLD",
    bounds=(0, 37),
    title="Kullback-Leibler divergence of the prediction from the gaze",
    unit="nats",
    function=maps.kld,
    needs=("empirical",),
    higher_is_better=False,
    definitions={
        "tuebingen": "p, g divided by their sums; Σ g ln(ε + g / (p + ε)), ε = 2⁻⁵²",
        "mit": "the same",
    },
    cite=MATLAB,
)
sim = Metric(
    key="sim",
    symbol="SIM",
    bounds=(0, 1),
    title="Similarity: the mass that prediction and gaze share",
    function=maps.sim,
    needs=("empirical",),
    higher_is_better=True,
    definitions={
        "tuebingen": "divided by their sums; Σ min(p, g)",
        "mit": "both maps scaled to 0..1 first, then divided by their sums; Σ min(p, g)",
    },
    cite=MATLAB,
)
nss = Metric(
    key="nss",
    symbol="NSS",
    bounds=(-1e4, 1e4),
    title="Normalised scanpath saliency: z-score at the gaze points",
    function=points.nss,
    needs=("fixations",),
    higher_is_better=True,
    definitions={
        "tuebingen": "z-score with the population's deviation (n); mean over every gaze point",
        "mit": "z-score with the sample's deviation (n - 1); mean over gazed pixels",
    },
    cite="Peters et al., Vision Research 2005",
)
cc = Metric(
    key="cc",
    symbol="CC",
    bounds=(-1, 1),
    title="Pearson's correlation over pixels",
    function=maps.cc,
    needs=("empirical",),
    higher_is_better=True,
    definitions={"tuebingen": "Pearson over pixels", "mit": "the same"},
    cite=MATLAB,
)
auc_judd = Metric(
    key="auc-judd",
    symbol="AUC-Judd",
    bounds=(0, 1),
    title="Area under the ROC curve: gazed against all other pixels",
    function=auc.auc_judd,
    needs=("fixations",),
    higher_is_better=True,
    definitions={
        "tuebingen": "every threshold, so ties count 1/2; every gaze point against pixels without",
        "mit": "thresholds at the gazed pixels' values, straight lines between; no jitter",
    },
    cite="Judd et al., ICCV 2009",
)
auc_borji = Metric(
    key="auc-borji",
    symbol="AUC-Borji",
    bounds=(0, 1),
    title="Area under the ROC curve: gazed pixels against pixels anywhere",
    function=auc.auc_borji,
    needs=("fixations",),
    higher_is_better=True,
    definitions={
        "tuebingen": "every threshold, so ties count 1/2; every gaze point against all pixels",
        "mit": "thresholds at tenths of the range; gazed pixels against all, expected over draws",
    },
    cite="Borji et al., IEEE TIP 2013",
)
sauc = Metric(
    key="sauc",
    symbol="sAUC",
    bounds=(0, 1),
    title="Shuffled AUC: this gaze against the gaze on other scans",
    function=auc.sauc,
    needs=("fixations", "other_fixations"),
    higher_is_better=True,
    definitions={
        "tuebingen": "every threshold, so ties count 1/2; every point against every other point",
        "mit": "thresholds at tenths of the range; each pixel once, expected over draws",
    },
    cite="Tatler et al., Vision Research 2005",
)
ig = Metric(
    key="ig",
    symbol="IG",
    bounds=(-53, 53),
    title="Information gain over a baseline density",
    unit="bits",
    function=points.ig,
    needs=("fixations", "baseline"),
    higher_is_better=True,
    definitions={
        "tuebingen": "mean over gaze points of log₂ p - log₂ b, densities of at least ε",
        "mit": "maps scaled to 0..1 first; mean over gazed pixels of log₂(ε + p) - log₂(ε + b)",
    },
    cite="Kuemmerer et al., PNAS 112(52), 2015",
)
emd = Metric(
    key="emd",
    symbol="EMD",
    bounds=(0, 1e6),
    title="Earth mover's distance on a coarse grid",
    unit="bins of 32 px",
    function=transport.emd,
    needs=("empirical",),
    higher_is_better=False,
    definitions={
        "tuebingen": "mass summed over tiles of 32 x 32 px; least cost, Euclidean (fusbench's own)",
        "mit": "shrunk to 1/32, histograms matched, divided by their sums; least cost, Euclidean",
    },
    cite="Rubner et al., IJCV 2000",
)
METRICS = {metric.key: metric for metric in (kld, sim, nss, cc)}  # of a run that names no others
FURTHER = {metric.key: metric for metric in (auc_judd, auc_borji, sauc, ig, emd)}
OBSERVERS = ("pooled", "each")


def check_observers(mode: str) -> str:
    """A way to score several observers, as it came.

    Parameters
    ----------
    mode : {"pooled", "each"}

    Raises
    ------
    UnknownName
        If there is none of this name.

    Examples
    --------
    >>> check_observers("each")
    'each'
    """
    if mode not in OBSERVERS:
        raise unknown("way to score observers", mode, OBSERVERS)
    return mode


def signature(
    profile: str, sigma_px: float, metrics: Sequence[Metric] | None = None, baseline: str = "",
    observers: str = "pooled",
) -> str:  # fmt: skip
    """How scores are made; scores of two signatures never stand in one table.

    Parameters
    ----------
    profile : str
    sigma_px : float
    metrics : sequence of Metric, optional
        The four by default.
    baseline : str
        Where the baseline density comes from, if a metric needs one.
    observers : {"pooled", "each"}
        Whether a frame's target is the gaze of all, or that of each observer in turn.

    Examples
    --------
    >>> signature("tuebingen", 8.0)
    'kld+sim+nss+cc|profile:tuebingen|sigma:8px|agg:frame-mean|v:1'
    >>> signature("mit", 8.0, [cc, ig], "fitted-mean-map")
    'cc+ig|profile:mit|sigma:8px|baseline:fitted-mean-map|agg:frame-mean|v:1'
    >>> signature("mit", 8.0, [cc], observers="each")
    'cc|profile:mit|sigma:8px|observers:each|agg:frame-mean|v:1'
    """
    chosen = tuple(METRICS.values()) if metrics is None else tuple(metrics)
    needs = {name for metric in chosen for name in metric.needs}
    parts = [
        "+".join(metric.key for metric in chosen),
        f"profile:{check_profile(profile)}",
        f"sigma:{sigma_px:g}px",
        *([f"baseline:{baseline}"] if "baseline" in needs else []),
        *(["others:all-other-scans"] if "other_fixations" in needs else []),
        *(f"{metric.key}:v{metric.version}" for metric in chosen if metric.version != 1),
        *(["observers:each"] if check_observers(observers) == "each" else []),
        "agg:frame-mean",
        f"v:{VERSION}",
    ]
    return "|".join(parts)


def observers_of(signature: str) -> str:
    """How a signature's scores treat several observers.

    Parameters
    ----------
    signature : str
        As `signature` makes it.

    Returns
    -------
    str
        "pooled" or "each".

    Examples
    --------
    >>> observers_of("cc|profile:mit|sigma:8px|agg:frame-mean|v:1")
    'pooled'
    """
    return "each" if "|observers:each|" in signature else "pooled"
