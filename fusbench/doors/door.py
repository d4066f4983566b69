"""The one door of all verbs: from whatever names or is a model to the model, ready to predict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusbench.discovery import MODELS, OWN, find, scan
from fusbench.doors.loaded import Told, card_of_model, refuse_options
from fusbench.doors.open import entrant, is_file, known, top
from fusbench.doors.options import Options
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import ConfigError, PluginError
from fusbench.installed import owner_of
from fusbench.isolation.cards import ZOO
from fusbench.models.card import Model, ModelCard
from fusbench.zoo.weights import card_of_weights

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset
    from fusbench.models.entrant import Entrant

Source = str | Path | ModelCard | Model
"""A registered name, a Python file, a folder of predictions, a card, or a loaded model."""


@contextmanager
def opened(
    source: Source, options: Options, dataset: Dataset | None = None
) -> Iterator[tuple[Any, ModelCard]]:
    """A model ready to predict, and its card as its weights make it, while the block runs.

    fusbench's own and the zoo's models stay in this process, as does a loaded one; every other has
    a process of its own.

    Raises
    ------
    UnknownName, PluginError, CheckpointError
    ConfigError
        If the model needs a data set and has none.
    """
    if not isinstance(source, str | Path | ModelCard):
        refuse_options(options.checkpoint, options.device, options.python)
        made = card_of_model(source)
        yield Told(source, made), made
        return
    if not isinstance(source, ModelCard) and is_folder(source):
        fix = "Name a model, or look at predictions with 'fusbench view --predictions'."
        raise ConfigError("predictions are made already", str(source), fix)
    card = _of_house(source, options)
    if card is not None:
        if card.sees != "frames":
            dataset = known(dataset, card)
        card = card_of_weights(card, options.weights)
        yield (
            load_model(card, checkpoint=options.weights, device=options.device, dataset=dataset),
            card,
        )
        return
    with let_in(source, options) as found:
        model = found.load(dataset)
        yield model, model.card


def let_in(source: str | Path | ModelCard, options: Options) -> AbstractContextManager[Entrant]:
    """A model by its name, Python file or card, under the options that were chosen.

    Raises
    ------
    UnknownName
        If nobody registers that name.
    """
    named = str(source.resolve()) if isinstance(source, Path) else source
    if isinstance(named, str):
        check_name(named, options)
    return entrant(
        named,
        python=options.interpreter,
        checkpoint=options.weights,
        device=options.device,
        limits=options.limits,
    )


def _of_house(source: str | Path | ModelCard, options: Options) -> ModelCard | None:
    """The card of fusbench's own and the zoo's models, where they run in this Python."""
    if options.python is not None:
        return None
    if isinstance(source, ModelCard):
        return source if owner_of(top(source))[0] in (OWN, *ZOO) else None
    if is_file(str(source)):
        return None
    entry = find(MODELS, "model", str(source))
    return model_card(str(source)) if entry.distribution in (OWN, *ZOO) else None


def label(source: Source) -> str:
    """What a source is called where no card is known yet."""
    if isinstance(source, str | Path):
        return str(source)
    return (source if isinstance(source, ModelCard) else card_of_model(source)).name


def is_folder(source: str | Path) -> bool:
    """Whether a source is a folder of predictions; a registered name wins over one of its name."""
    if not Path(source).is_dir():
        return False
    if isinstance(source, Path) or is_file(source):
        return True
    return source not in scan(MODELS)[0]


def check_name(name: str, options: Options) -> None:
    """Stop at a name that nobody registers, before anything is computed.

    Raises
    ------
    UnknownName
    """
    if options.python is None and not is_file(name):
        try:
            find(MODELS, "model", name)
        except PluginError:  # told when it is let in, as a row of its own
            return
