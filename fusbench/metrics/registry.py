"""From a metric's name to the metric, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterable

from fusbench import __version__
from fusbench.discovery import METRICS as GROUP
from fusbench.discovery import card_of, find, scan
from fusbench.installed import Entry, Fault
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
    return METRICS.get(key) or FURTHER.get(key) or card_of(entry(key), "metric", Metric)


def plugins() -> tuple[dict[str, Entry], list[Fault]]:
    """The metrics of plug-ins by name, and what is wrong with others; nothing is imported."""
    return scan(GROUP, own=ORDER)


def entry(key: str) -> Entry:
    """Where a plug-in's metric comes from; nothing of it is imported.

    Raises
    ------
    UnknownName, PluginError
    """
    return find(GROUP, "metric", key, own=ORDER)


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
    found = entry(key)
    return found.distribution, found.version


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
