"""What is installed: data sets, models and metrics, as ``fusbench dataset|model|metric list``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fusbench.discovery import DATASETS, MODELS, OWN, card_of, scan
from fusbench.errors import CheckpointError, FusbenchError
from fusbench.isolation.cards import read_cards
from fusbench.isolation.copies import facts_of

if TYPE_CHECKING:
    import pandas as pd

    from fusbench.installed import Entry, Fault
    from fusbench.models.card import ModelCard

Facts = dict[str, Any]


def list_datasets() -> pd.DataFrame:
    """The data sets that have a name, as ``fusbench dataset list`` lists them.

    Returns
    -------
    pandas.DataFrame
        A row for each, by its name: ``title``, ``from`` (the package that brings it) and
        ``fault``: what is wrong with one that cannot be read, else empty.

    See Also
    --------
    fusbench.show_dataset : what one holds

    Examples
    --------
    >>> import fusbench
    >>> "phantom" in fusbench.list_datasets().index
    True
    """
    return _frame(dataset_rows(), ("title", "from", "fault"))


def list_models() -> pd.DataFrame:
    """Every installed model, as ``fusbench model list`` lists them; no framework is imported.

    Returns
    -------
    pandas.DataFrame
        A row for each, by its name: ``title``, ``backend``, ``frames`` that it sees, ``weights``,
        ``role``, ``from`` (the package that brings it) and ``fault``: what is wrong with one that
        cannot be read, else empty.

    See Also
    --------
    fusbench.model_card : all that is known of one

    Examples
    --------
    >>> import fusbench
    >>> fusbench.list_models().loc["uniform", ["backend", "weights"]].tolist()
    ['numpy', 'needs none']
    """
    columns = ("title", "backend", "frames", "weights", "role", "from", "fault")
    return _frame(model_rows(), columns)


def list_metrics() -> pd.DataFrame:
    """Every installed metric, as ``fusbench metric list`` lists them, fusbench's own first.

    Returns
    -------
    pandas.DataFrame
        A row for each, by its name: what ``fusbench metric show`` tells of it, and ``fault``: what
        is wrong with one that cannot be read, else empty.

    Examples
    --------
    >>> import fusbench
    >>> fusbench.list_metrics().loc["nss", "best"]
    'highest'
    """
    rows = metric_rows()
    return _frame(rows, (*(key for key in rows[0] if key != "name"), "fault"))


def dataset_rows() -> list[Facts]:
    """Name, title and owner of each data set, or its fault."""
    entries, faults = scan(DATASETS)
    own = [entry for entry in entries.values() if entry.distribution == OWN]
    told: dict[str, Facts] = {entry.name: _title(entry) for entry in own}
    strangers = [entry for entry in entries.values() if entry.distribution != OWN]
    for entry, found in facts_of(strangers, "dataset", _title):
        told[entry.name] = {"fault": found.what} if isinstance(found, FusbenchError) else found
    rows = [{"name": name, "from": entries[name].owner, **told[name]} for name in entries]
    return rows + _faults(faults)


def model_rows() -> list[Facts]:
    """Facts of each model by its name, or its fault; the entry points that are none come last."""
    entries, faults = scan(MODELS)
    rows = []
    for entry, card in read_cards(entries.values()):
        if isinstance(card, FusbenchError):
            rows.append({"name": entry.name, "from": entry.owner, "fault": card.what})
        else:
            rows.append(_model(entry, card))
    return sorted(rows, key=lambda row: row["name"]) + _faults(faults)


def metric_rows() -> list[Facts]:
    """Facts of each metric in the order of tables, or its fault."""
    from fusbench.metrics import ORDER, ordered, plugins

    entries, faults = plugins()
    rows = [metric_facts(name) for name in ORDER]
    strangers = [entries[name] for name in ordered(entries)]
    for entry, told in facts_of(strangers, "metric", lambda entry: metric_facts(entry.name)):
        if isinstance(told, FusbenchError):
            told = {"name": entry.name, "from": entry.owner, "fault": told.what}
        rows.append(told)
    return rows + _faults(faults)


def metric_facts(name: str) -> Facts:
    """All that is known of a metric, as JSON can hold it."""
    from fusbench.metrics import metric, owner

    card = metric(name)
    return {
        "name": card.key,
        "symbol": card.symbol,
        "title": card.title,
        "best": "highest" if card.higher_is_better else "lowest",
        "unit": card.unit,
        "needs": list(card.needs),
        "definitions": dict(card.definitions),
        "function": f"{card.function.__module__}.{card.function.__qualname__}",
        "version": card.version,
        "cite": card.cite,
        "from": " ".join(owner(name)),
    }


def _title(entry: Entry) -> Facts:
    from fusbench.data.card import DatasetCard

    return {"title": card_of(entry, "dataset", DatasetCard).title}


def _model(entry: Entry, card: ModelCard) -> Facts:
    from fusbench.zoo.weights import checkpoint_path

    window = card.window
    frames = "1" if window.length == 1 else f"{window.length} {window.placement}"
    frames = "all so far" if card.of_clip else frames
    try:
        weights = "bundled" if checkpoint_path(card) else "needs none"
    except CheckpointError:
        weights = "to be trained"
    return {
        "name": card.name,
        "title": card.title,
        "backend": card.backend,
        "frames": frames,
        "weights": weights,
        "role": card.role,
        "from": entry.owner,
    }


def _faults(faults: Sequence[Fault]) -> list[Facts]:
    return [{"name": fault.name, "from": fault.where, "fault": fault.what} for fault in faults]


def _frame(rows: list[Facts], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    told = pd.DataFrame([{"fault": "", **row} for row in rows]).set_index("name")
    return told.reindex(columns=list(columns)).fillna("")
