"""A model that is loaded in this process already, as from a notebook."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fusbench.errors import MODEL_ERRORS, ConfigError, FusbenchError, PluginError, raised
from fusbench.models.card import ModelCard

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
            except MODEL_ERRORS:
                raise
            except (Exception, SystemExit) as error:
                raise _told(error, f"model '{self.card.name}'") from error

        return called


def _told(error: BaseException, where: str) -> PluginError:
    """An exception as the fault of a model, which costs its own row only."""
    if isinstance(error, FusbenchError):
        return PluginError(error.what, error.where or where, error.fix)
    if isinstance(error, SystemExit):
        fix = "A model must not end the process: raise an exception instead."
        return PluginError(f"tried to end its process: exit({error})", where, fix)
    return PluginError(raised(error), where, "See its traceback.")


def card_of_model(model: Any) -> ModelCard:
    """The card of a loaded model; one without is named after its class.

    Without a card, a model that can only step, or predict whole clips, has the clip's memory.

    Raises
    ------
    PluginError
        If it is nothing that predicts.
    """
    kind = type(model)
    methods = {name for name in METHODS if callable(getattr(model, name, None))}
    if not methods:
        fix = "Give a name, a Python file, a card, predictions, or an object with predict(frames)."
        raise PluginError(f"a {kind.__name__} is no model", fix=fix)
    card = getattr(model, "card", None)
    if isinstance(card, ModelCard):
        return card
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "-", kind.__name__).strip("-").lower()
    title = (kind.__doc__ or "").strip().split("\n")[0]
    return ModelCard(
        name=name or "model", title=title or name, loader=f"{kind.__module__}:{kind.__name__}",
        memory="window" if methods & {"predict", "predict_gaze"} else "clip",
    )  # fmt: skip


def refuse_options(checkpoint: object, device: object, python: object) -> None:
    """Raise `ConfigError` for options that a loaded model cannot follow any more."""
    given = {"checkpoint": checkpoint, "device": device, "python": python}
    for name, value in given.items():
        if value is not None:
            fix = "Give the model's card or name in its place."
            raise ConfigError(f"a loaded model takes no {name}", fix=fix)
