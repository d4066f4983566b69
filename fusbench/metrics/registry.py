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

    Parameters
    ----------
    key : str

    Raises
    ------
    UnknownName
        If nobody registers that name, or two do.
    PluginError
        If its plug-in cannot be imported, or registers no metric.

    Examples
    --------
    >>> metric("auc-judd").symbol
    'AUC-Judd'
    """
    return METRICS.get(key) or FURTHER.get(key) or card_of(entry(key), "metric", Metric)


def plugins() -> tuple[dict[str, Entry], list[Fault]]:
    """The metrics of plug-ins, of which nothing is imported.

    Returns
    -------
    entries : dict of str to Entry
        By name.
    faults : list of Fault
        What is wrong with others.

    Examples
    --------
    >>> entries, faults = plugins()
    >>> "kld" in entries  # fusbench's own are none of them
    False
    """
    return scan(GROUP, own=ORDER)


def entry(key: str) -> Entry:
    """Where a plug-in's metric comes from; nothing of it is imported.

    Parameters
    ----------
    key : str

    Raises
    ------
    UnknownName, PluginError
        If nobody registers that name; if two do.

    Examples
    --------
    >>> entry("peak-distanse")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    fusbench.errors.UnknownName: no metric is called 'peak-distanse'. ...
    """
    return find(GROUP, "metric", key, own=ORDER)


def ordered(keys: Iterable[str]) -> list[str]:
    """Names, each once, in the one order that all tables have.

    That is fusbench's own as in its table, then plug-ins by name: the same choice in another order
    is the same run.

    Parameters
    ----------
    keys : iterable of str

    Examples
    --------
    >>> ordered(["peak", "cc", "kld", "cc", "dwell"])
    ['kld', 'cc', 'dwell', 'peak']
    """

    def place(key: str) -> tuple[int, str]:
        return (ORDER.index(key) if key in ORDER else len(ORDER), key)

    return sorted(set(keys), key=place)


def select(keys: Iterable[str]) -> tuple[Metric, ...]:
    """Metrics by name, each once, `ordered`.

    Parameters
    ----------
    keys : iterable of str

    Raises
    ------
    UnknownName, PluginError
        As `metric`.

    Examples
    --------
    >>> [metric.key for metric in select(["ig", "kld", "ig"])]
    ['kld', 'ig']
    """
    return tuple(metric(key) for key in ordered(keys))


def owner(key: str) -> tuple[str, str]:
    """Distribution and version that a metric comes from.

    Parameters
    ----------
    key : str

    Raises
    ------
    UnknownName, PluginError
        As `entry`.

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

    Parameters
    ----------
    signature : str
        As `signature` makes it.

    Raises
    ------
    UnknownName, PluginError
        As `metric`.

    Examples
    --------
    >>> [metric.symbol for metric in of_signature("kld+cc|profile:mit|sigma:8px")]
    ['KLD', 'CC']
    """
    return tuple(metric(key) for key in signature.partition("|")[0].split("+"))
