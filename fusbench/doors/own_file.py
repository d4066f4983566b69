"""A Python file's card in this process, which trains what the card names."""

from __future__ import annotations

from pathlib import Path

from fusbench.errors import PluginError
from fusbench.isolation.introduced import Refusal, card_of_file
from fusbench.models.card import ModelCard


def own_card(file: Path) -> ModelCard:
    """The card of a Python file, which is imported; the modules beside it can be, too.

    Parameters
    ----------
    file : Path
        Holds a ``card``, or a function ``predict(frames)``.

    Raises
    ------
    PluginError
        If no such file is here, it cannot be imported, or what it holds is no card.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "bright_net.py"
    >>> _ = file.write_text("def predict(frames): ...")
    >>> own_card(file).name
    'bright-net'
    """
    where = f"model '{file}'"
    if not file.is_file():
        raise PluginError("no file is here", str(file), "Name a Python file, or a model.")
    try:
        card = card_of_file(str(file))
    except Refusal as refusal:
        raise PluginError(refusal.what, where, refusal.fix) from None
    except Exception as error:
        line = " ".join(f"cannot be imported: {type(error).__name__}: {error}".split())
        raise PluginError(line, where, "Correct the file.") from error
    if not isinstance(card, ModelCard):
        what = f"its card is a {type(card).__name__}, not a ModelCard"
        raise PluginError(what, where, "Write card = ModelCard(...).")
    return card
