"""A model that is loaded in this process already, as from a notebook.

Such a model cannot be put into a process of its own. Where it answers as a registered model does,
it is that model, and that one is taken, in a process of its own and under its key. What was
changed, or comes from nowhere, is known by its answers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fusbench.discovery import MODELS, scan
from fusbench.doors.open import entrant
from fusbench.errors import ConfigError, FusbenchError, PluginError
from fusbench.installed import owner_of
from fusbench.isolation.parent import Limits
from fusbench.models.card import ModelCard
from fusbench.models.entrant import Entrant

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset

METHODS = ("predict", "predict_clip", "predict_gaze", "step")


class Told:
    """A model whose exceptions become errors in one line, as those of a process of its own do."""

    def __init__(self, model: Any, card: ModelCard) -> None:
        self._model, self.card = model, card

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._model, name)
        return self._telling(found) if name in METHODS else found

    def _telling(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            try:
                return method(*arguments)
            except FusbenchError:
                raise
            except Exception as error:
                line = " ".join(f"raised {type(error).__name__}: {error}".split())
                fix = "See its traceback."
                raise PluginError(line, f"model '{self.card.name}'", fix) from error

        return called


def card_of_model(model: Any) -> ModelCard:
    """The card of a loaded model; one without is named after its class.

    Raises
    ------
    PluginError
        If it is nothing that predicts.
    """
    kind = type(model)
    if not any(callable(getattr(model, name, None)) for name in ("predict", "predict_gaze")):
        fix = "Give a name, a Python file, a card, predictions, or an object with predict(frames)."
        raise PluginError(f"a {kind.__name__} is no model", fix=fix)
    card = getattr(model, "card", None)
    if isinstance(card, ModelCard):
        return card
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "-", kind.__name__).strip("-").lower()
    title = (kind.__doc__ or "").strip().split("\n")[0]
    return ModelCard(
        name=name or "model", title=title or name, loader=f"{kind.__module__}:{kind.__name__}"
    )


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
    answers = _answers(told, card, dataset, split)
    if card.name in scan(MODELS)[0]:
        with entrant(card.name, limits=limits) as twin:
            its = _twin_answers(twin, dataset, split)
            if its is not None and np.array_equal(its, answers):
                yield twin
                return
    owner, version = owner_of(type(model).__module__.partition(".")[0])
    yield Entrant(
        card=replace(card, checkpoint=None),
        owner="this process" if owner == "__main__" else owner,
        version=version,
        source=hashlib.sha256(answers.tobytes()).hexdigest(),
        stranger=True,
        load=lambda _: told,
    )


def _twin_answers(twin: Entrant, dataset: Dataset, split: str) -> np.ndarray | None:
    try:
        model = twin.load(dataset)
        return _answers(model, getattr(model, "card", twin.card), dataset, split)
    except FusbenchError:
        return None


def _answers(model: Any, card: ModelCard, dataset: Dataset, split: str) -> np.ndarray:
    """Densities of the first, middle and last frame of a split's first clip."""
    from fusbench.models.densities import densities

    clip = dataset.split(split)[0]
    frames = np.unique(np.linspace(0, clip.n_frames - 1, 3).astype(int))
    return np.stack(list(densities(model, card, clip, frames)))


def refuse_options(checkpoint: object, device: object, python: object) -> None:
    """Raise `ConfigError` for options that a loaded model cannot follow any more."""
    given = {"checkpoint": checkpoint, "device": device, "python": python}
    for name, value in given.items():
        if value is not None:
            fix = "Give the model's card or name in its place."
            raise ConfigError(f"a loaded model takes no {name}", fix=fix)
