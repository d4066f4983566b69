"""A model that is loaded in this process already, as one that asks to be scored.

Such a model cannot be put into a process of its own. Where it answers as a registered model does,
it is that model, and that one is taken, in a process of its own and under its key. What was
changed, or comes from nowhere, is known by its answers: by all of them, since a change may show in
a single frame. So it predicts a split once to be known, and once more to be scored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from fusbench.discovery import MODELS, scan
from fusbench.doors.loaded import Told, card_of_model
from fusbench.doors.open import entrant
from fusbench.errors import FusbenchError
from fusbench.installed import owner_of
from fusbench.isolation.parent import Limits
from fusbench.models.card import ModelCard
from fusbench.models.densities import densities
from fusbench.models.entrant import Entrant

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset


@contextmanager
def loaded(
    model: Any, dataset: Dataset, split: str, limits: Limits | None = None
) -> Iterator[Entrant]:
    """A loaded model as an entrant for a data set.

    Raises
    ------
    PluginError
        If it is no model.
    PredictionError
        If what it predicts is no density.
    """
    card = card_of_model(model)
    told = Told(model, card)
    if card.name in scan(MODELS)[0]:
        with entrant(card.name, limits=limits) as twin:
            if _alike(twin, _answers(told, card, dataset, split), dataset, split):
                yield twin
                return
    owner, version = owner_of(type(model).__module__.partition(".")[0])
    yield Entrant(
        card=replace(card, checkpoint=None),
        owner="this process" if owner == "__main__" else owner,
        version=version,
        source=_digest(_answers(told, card, dataset, split)),
        stranger=True,
        load=lambda _: told,
    )


def _alike(twin: Entrant, answers: Iterator[np.ndarray], dataset: Dataset, split: str) -> bool:
    """Whether a registered model gives these answers, which are asked for up to the first other."""
    try:
        model = twin.load(dataset)
        its = _answers(model, getattr(model, "card", twin.card), dataset, split)
        first = next(its)
    except (FusbenchError, StopIteration):
        return False
    return all(np.array_equal(*both) for both in zip(chain([first], its), answers, strict=True))


def _answers(model: Any, card: ModelCard, dataset: Dataset, split: str) -> Iterator[np.ndarray]:
    """Densities of all frames of a split that are scored."""
    for clip in dataset.split(split):
        yield from densities(model, card, clip, clip.gaze.frames())


def _digest(answers: Iterable[np.ndarray]) -> str:
    total = hashlib.sha256()
    for density in answers:
        total.update(np.ascontiguousarray(density))
    return total.hexdigest()
