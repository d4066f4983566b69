"""From a metric's name to the metric, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterable

from fusbench import __version__
from fusbench.discovery import METRICS as GROUP
from fusbench.discovery import card, find
from fusbench.metrics.card import Metric
from fusbench.metrics.table import FURTHER, METRICS

ORDER = (*METRICS, *FURTHER)


def metric(key: str) -> Metric:
    """The metric of that name, fusbench's own or a plug-in's.

    Fusbench's own come from its table, so that no plug-in can take their place, or take them away
    by claiming a name.

    Raises
    ------
    UnknownName, PluginError

    Examples
    --------
    >>> metric("auc-judd").symbol
    'AUC-Judd'
    """
    own = METRICS.get(key) or FURTHER.get(key)
    return own or card(GROUP, "metric", key, Metric)


def ordered(keys: Iterable[str]) -> list[str]:
    """Names, each once, in the one order that all tables have.

    That is fusbench's own as in its table, then plug-ins by name: the same choice in another order
    is the same run.
    """

    def place(key: str) -> tuple[int, str]:
        return (ORDER.index(key) if key in ORDER else len(ORDER), key)

    return sorted(set(keys), key=place)


def select(keys: Iterable[str]) -> tuple[Metric, ...]:
    """Metrics by name, each once, `ordered`.

    Raises
    ------
    UnknownName, PluginError

    Examples
    --------
    >>> [metric.key for metric in select(["ig", "kld", "ig"])]
    ['kld', 'ig']
    """
    return tuple(metric(key) for key in ordered(keys))


def owner(key: str) -> tuple[str, str]:
    """Distribution and version that a metric comes from.

    Raises
    ------
    UnknownName, PluginError

    Examples
    --------
    >>> owner("ig")[0]
    'fusbench'
    """
    if key in ORDER:
        return "fusbench", __version__
    entry = find(GROUP, "metric", key)
    return entry.distribution, entry.version


def of_signature(signature: str) -> tuple[Metric, ...]:
    """The metrics that a signature names, in its order.

    Raises
    ------
    UnknownName, PluginError

    Examples
    --------
    >>> [metric.symbol for metric in of_signature("kld+cc|profile:mit|sigma:8px")]
    ['KLD', 'CC']
    """
    return tuple(metric(key) for key in signature.partition("|")[0].split("+"))
