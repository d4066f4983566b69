"""Plug-ins of strangers are tried in a copy of this process, before it imports them itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fusbench.data.card import DatasetCard
from fusbench.discovery import DATASETS, OWN, card_of, scan
from fusbench.installed import Entry
from fusbench.isolation.copies import check_in_copy
from fusbench.metrics import ORDER, Metric
from fusbench.metrics import entry as metric_entry


def check_metrics(keys: Iterable[str]) -> None:
    """Raise the error of a metric that cannot be imported: one that crashes, exits or hangs too.

    Raises
    ------
    UnknownName, PluginError
    """
    for key in keys:
        if key not in ORDER:
            check_in_copy(metric_entry(key), "metric", _metric)


def check_dataset_card(name: str) -> None:
    """Raise the error of a data set's card that cannot be imported; a folder has none.

    Raises
    ------
    PluginError
    """
    entry = scan(DATASETS)[0].get(name)
    if entry is not None and entry.distribution != OWN:
        check_in_copy(entry, "dataset", _dataset)


def _metric(entry: Entry) -> dict[str, Any]:
    return {"key": card_of(entry, "metric", Metric).key}


def _dataset(entry: Entry) -> dict[str, Any]:
    return {"name": card_of(entry, "dataset", DatasetCard).name}
