"""How a model introduces itself: the card of a file or an entry point, read in the model's process.

Loaded by `guest.py`, as `witness.py` is; like it, it needs the standard library of Python 3.8 only.
Where fusbench is not installed, a card is made of stand-ins.
"""

import importlib.util
import json
import os
import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

GROUP = "fusbench.models"
NOT_DATA = "not data"


class Window(SimpleNamespace):
    """Stands in for ``fusbench.Window`` where fusbench is not installed."""

    def __init__(self, **fields: Any) -> None:
        facts = {"length": 1, "placement": "before", "stride": 1, "horizon": 0}
        super().__init__(**{**facts, **fields})

    def indices(self, targets: Any, n_frames: int) -> Any:
        """Frames of the windows for these target frames, as the real one gives them."""
        import numpy as np

        place = {"before": self.length - 1, "around": self.length // 2, "after": 0}[self.placement]
        offsets = (np.arange(self.length) - place) * self.stride
        current = np.asarray(targets, dtype=np.intp)[:, None] - self.horizon
        return np.clip(current + offsets, 0, n_frames - 1)


class ModelCard(SimpleNamespace):
    """Stands in for ``fusbench.ModelCard``; the fields are checked on the other side."""

    def __init__(self, **fields: Any) -> None:
        facts: Any = {"window": Window(), "input_shape": None, "channels": 1, "options": {}}
        super().__init__(**{**facts, "checkpoint": None, "sees": "frames", **fields})


def stand_in() -> None:
    """Let ``from fusbench import ModelCard, Window`` work where there is no fusbench."""
    if importlib.util.find_spec("fusbench") is None:
        module: Any = ModuleType("fusbench")
        module.ModelCard, module.Window = ModelCard, Window
        sys.modules["fusbench"] = module


class Refusal(Exception):
    """Something the model's author can mend, in the words of `fusbench.errors`."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.where, self.fix = what, "", fix


def card_of_file(path: str) -> Any:
    """The card of a single Python file.

    A file may hold a ``card``; one without holds ``predict(frames)``, or ``step(frame, past)`` or
    ``predict_clip(frames)`` if its densities follow from the whole clip so far, and its card says
    the rest by default.
    """
    folder, name = os.path.split(os.path.abspath(path))
    stem = os.path.splitext(name)[0]
    sys.path.insert(0, folder)
    spec: Any = importlib.util.spec_from_file_location(stem, path)
    if spec is None:
        raise Refusal(
            "this is no Python file",
            "Name a model, with its weights as --checkpoint; or a Python file that loads them.",
        )
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules[stem] = module
    spec.loader.exec_module(module)
    card = getattr(module, "card", None)
    if card is None:
        calls = ("predict", "step", "predict_clip")
        known = [name for name in calls if callable(getattr(module, name, None))]
        if not known:
            raise Refusal(
                "the file holds neither a card nor a function predict(frames)",
                "Define predict(frames), or card = ModelCard(...).",
            )
        memory: Any = {} if "predict" in known else {"memory": "clip"}
        from fusbench import ModelCard

        module.fusbench_load = lambda card, **_: module
        title = (module.__doc__ or "").strip().split("\n")[0]
        card = ModelCard(
            name=re.sub("[^a-z0-9.]+", "-", stem.lower()).strip("-.") or "model",
            title=title or name,
            loader=stem + ":fusbench_load",
            **memory,
        )
    return card


def registered(name: str) -> Any:
    """Target, distribution and version of the entry point that an installed plug-in registers."""
    from importlib import metadata

    found: Any = {}
    for distribution in metadata.distributions():
        try:
            for entry in distribution.entry_points:
                if entry.group == GROUP and entry.name == name:
                    found.setdefault(distribution.metadata["Name"], (entry, distribution.version))
        except Exception:  # a stranger's malformed metadata stops nothing
            continue
    if not found:
        raise Refusal(
            f"no model of that name is registered in {sys.executable}",
            "Install the plug-in there with pip, or name its .py file.",
        )
    if len(found) > 1:
        raise Refusal(
            "the name is claimed by {}".format(" and ".join(sorted(found))),
            "Uninstall one of them.",
        )
    ((owner, (entry, version)),) = found.items()
    return entry.value.split("[")[0].strip(), owner, version


def plain(card: Any) -> Any:
    """A card as JSON can hold it."""
    facts = dict(vars(card))
    window = facts.get("window")
    if hasattr(window, "__dict__"):
        facts["window"] = dict(vars(window))
    return json.loads(json.dumps(facts, default=mark))


def mark(value: Any) -> Any:
    """What stands in JSON for something that a card should not hold."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return {NOT_DATA: type(value).__name__}
