"""A guest: a model in a process of its own, perhaps in a Python where fusbench is not installed.

This file is run as a script by `fusbench.isolation.parent`, never imported by it; it loads
`introduced.py`, `libraries.py`, `crossing.py`, `clocks.py` and `witness.py`, which lie beside it,
with what that one needs. They need Python 3.8 or newer, the standard library, and the NumPy that
the model uses anyway. Requests and answers are JSON, one a line; arrays cross as plain ``.npy``
files. Whatever the model prints goes to files.
"""

import sys

if sys.version_info < (3, 8):  # noqa: UP036 - an old environment's Python runs this
    sys.exit("Python {}.{} is too old".format(*sys.version_info))
if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    sys.path.pop(0)  # this file's folder: its names would hide the standard library's

import importlib
import importlib.util
import json
import os
from contextlib import suppress
from typing import Any


def beside(name: str) -> Any:
    """The module of a file that lies beside this one, by whatever name nobody else uses."""
    known = "fusbench-" + name
    if known not in sys.modules:
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
        spec: Any = importlib.util.spec_from_file_location(known, path)
        sys.modules[known] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[known])
    return sys.modules[known]


introduced, libraries = beside("introduced"), beside("libraries")
Refusal = introduced.Refusal


class Guest:
    """The model and what is known of it; each method answers one request."""

    card: Any = None
    model: Any = None
    dataset: Any = None
    past: Any = None

    def __init__(self, scratch: str) -> None:
        self.witness = beside("witness").Witness(scratch, beside)

    def introduce(
        self, kind: str, value: Any, path: Any = None, memory_bytes: Any = None, owner: str = ""
    ) -> Any:
        """Read the card of an "entry" (module:attribute), "name" or "file", or take a "card".

        `owner` is the distribution that registers an entry.
        """
        if memory_bytes:
            import resource

            resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        if path is not None:
            sys.path[:] = path
        introduced.stand_in()
        self.witness.begin()
        before = set(sys.modules)
        version = ""
        if kind == "file":
            self.witness.of_file(value)
            self.card = introduced.card_of_file(value)
        elif kind == "card":
            from fusbench import ModelCard, Window

            value["window"] = Window(**value["window"])
            value["input_shape"] = value["input_shape"] and tuple(value["input_shape"])
            self.card = ModelCard(**value)
            self.witness.own(libraries.tops(owner))
        else:
            if kind == "name":
                value, owner, version = introduced.registered(value)
            module, _, attribute = value.partition(":")
            self.card = importlib.import_module(module)
            for part in filter(None, attribute.split(".")):
                self.card = getattr(self.card, part)
            self.witness.own([module.split(".")[0], *libraries.tops(owner)])
        fresh = set(sys.modules) - before
        facts = {"kind": kind, "owner": owner, "version": version}
        if not isinstance(getattr(self.card, "loader", None), str):
            kind = type(self.card).__name__
            raise Refusal(
                f"the entry point names a {kind}, not a ModelCard",
                "Correct the plug-in's entry point.",
            )
        if kind != "file":
            self.witness.own([self.card.loader.partition(":")[0].split(".")[0]])
        return {
            **facts,
            "card": introduced.plain(self.card),
            "modules": len(fresh),
            "frameworks": sorted(fresh & set(libraries.FRAMEWORKS)),
        }

    def versions(self) -> Any:
        """Versions of Python and of what computes the densities, loaded or not."""
        return libraries.installed()

    def used(self) -> Any:
        """What the densities that were given so far follow from: see `Witness.used`."""
        return self.witness.used()

    def unchanged(self, record: Any, nearby: bool) -> Any:
        """Whether what a record of `used` names is as it was."""
        return {"unchanged": self.witness.unchanged(record, nearby)}

    def load(
        self,
        checkpoint: Any = None,
        device: Any = None,
        dataset: Any = None,
        fold: Any = None,
        data: Any = None,
    ) -> Any:
        """Call the card's loader; `data` is the folder of frames and gaze, which is not its own."""
        arguments: Any = {}
        texts = [checkpoint, *dict(self.card.options).values()]
        paths = [text for text in texts if isinstance(text, str) and os.path.exists(text)]
        self.witness.given(data, paths)
        if checkpoint is not None:
            from pathlib import Path

            arguments["checkpoint"] = Path(checkpoint)
        if device is not None:
            arguments["device"] = device
        if dataset is not None:
            from fusbench import open_dataset

            arguments["dataset"] = self.dataset = open_dataset(dataset, fold=fold)
        module, _, attribute = self.card.loader.partition(":")
        loader = getattr(importlib.import_module(module), attribute)
        try:
            self.model = loader(self.card, **arguments)
        except TypeError as error:
            if "unexpected keyword argument" not in str(error):
                raise
            fix = "Its loader takes (card) and, where they apply, checkpoint=, device=, dataset=."
            raise Refusal(f"cannot be loaded: {error}", fix) from error
        self.witness.after()
        names = ["predict", "predict_clip", "predict_gaze"]
        names += ["step"] * bool(getattr(self.model, "streams", True))
        return {
            "methods": [name for name in names if callable(getattr(self.model, name, None))],
            "card": introduced.plain(getattr(self.model, "card", self.card)),
        }

    def alone(self) -> Any:
        """Blame the model for whatever is opened of the data set from now on, while it works."""
        self.witness.leave_alone()
        return {}

    def shift(self, seconds: float) -> Any:
        """Let clocks of the day be wrong from now on, for a model that looks at them."""
        beside("clocks").shift(seconds)
        return {}

    def step(self, frame: str, out: str, begins: bool) -> Any:
        """The density of one more frame (a file); what the next one needs stays here."""
        import numpy as np

        self.witness.before()
        array = np.load(frame, allow_pickle=False)
        given = array.copy()
        answer = self.model.step(array, None if begins else self.past)
        if not isinstance(answer, (tuple, list)) or len(answer) != 2:
            raise Refusal("step returned no pair", "Return (density, what the next call needs).")
        density, self.past = answer
        self.witness.after()
        save(out, density)
        return {"untouched": bool(np.array_equal(array, given))}

    def predict(
        self, method: str, out: str, frames: Any = None, clip: Any = None, targets: Any = None
    ) -> Any:
        """Densities of windows or a clip (a file), or of a clip's target frames (by its name)."""
        import numpy as np

        self.witness.before()
        call = getattr(self.model, method)
        if frames is not None:
            array = np.load(frames, allow_pickle=False)
            given = array.copy()
            densities = call(array)
            untouched = np.array_equal(array, given)
        else:
            (found,) = [c for c in self.dataset.clips if c.clip_id == clip]
            densities, untouched = call(found, np.array(targets)), True
        self.witness.after()
        save(out, densities)
        return {"untouched": bool(untouched)}


def save(out: str, densities: Any) -> None:
    """Write densities as a plain array."""
    import numpy as np

    array = np.asarray(densities)
    if array.dtype.kind != "f":
        raise Refusal(f"the densities hold {array.dtype}", "Return floating-point numbers.")
    beside("crossing").write_over(out, array)


def told(error: BaseException) -> Any:
    """An exception as JSON can hold it."""
    facts: Any = {"type": type(error).__name__, "text": ""}
    with suppress(Exception):  # its own words may fail, too
        facts["text"] = str(error)
    words = {k: getattr(error, k, None) for k in ("what", "where", "fix")}
    if all(isinstance(word, str) for word in words.values()):
        facts.update(words)
    return {"error": facts}


def serve(folder: str) -> None:
    """Answer requests, which come in at file descriptor 0, until there are no more."""
    import faulthandler

    faulthandler.enable()
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    printed = os.open(os.path.join(folder, "stdout.txt"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(printed, 1)
    guest = Guest(folder)
    for line in requests:
        request = json.loads(line)
        try:
            answer = getattr(guest, request.pop("do"))(**request)
        except BaseException as error:
            if not isinstance(error, Refusal):
                import traceback

                with suppress(OSError):  # of a disk that is full, which the answer tells
                    traceback.print_exc()
            answer = told(error)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # the model may have closed it, or put None in its place
                stream.flush()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent ends, however that happens."""
    try:
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    except Exception:
        return


if __name__ == "__main__":
    die_with_parent()
    serve(sys.argv[1])
