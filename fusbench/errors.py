"""Every error a user can cause. Imports nothing of fusbench, so any module may raise them.

A message answers three questions in one line: *what* is wrong, *where*, and *what to do*.
"""

from __future__ import annotations

from contextlib import suppress

MOST_LISTED = 12  # names in a message that tells where to see them all


def visible(text: str) -> str:
    """A stranger's text for a terminal: what would steer it, such as an escape, becomes a mark.

    Examples
    --------
    >>> visible("red \\x1b[31m")
    'red \ufffd[31m'
    """
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


class FusbenchError(Exception):
    """Base of all errors that a user can cause and mend.

    Parameters
    ----------
    what : str
        The fault, without a final full stop.
    where : str
        The place: a file, a row, a clip and frame, a model's name.
    fix : str
        What to do about it: a full sentence.

    Attributes
    ----------
    last_words : str or None
        What a model's process wrote to standard error at the end, where it ran in one of its own.

    Examples
    --------
    >>> print(FusbenchError("x_px is outside 0..287", "gaze.csv, row 3", "Correct or drop it."))
    gaze.csv, row 3: x_px is outside 0..287. Correct or drop it.
    """

    last_words: str | None = None

    def __init__(self, what: str, where: str = "", fix: str = "") -> None:
        super().__init__(what, where, fix)
        self.what, self.where, self.fix = what, where, fix

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}." if self.where else f"{self.what}."
        return visible(" ".join(f"{line} {self.fix}".split()))


class DatasetError(FusbenchError):
    """A data set breaks its specification, or does not hold what is asked of it."""


class WindowError(FusbenchError):
    """A window has impossible numbers, or does not fit into a clip."""


class UnknownName(FusbenchError):
    """A model, data set, metric, recipe or split of that name does not exist."""


class PluginError(FusbenchError):
    """An installed plug-in cannot be listed, imported or loaded."""


class PredictionError(FusbenchError):
    """A prediction is no density: wrong shape, negative, not finite, or of the wrong sum."""


class CheckpointError(FusbenchError):
    """A weight file is missing, damaged, or made for another network."""


class ConfigError(FusbenchError):
    """An option or a configuration file has an impossible value."""


class TrainingError(FusbenchError):
    """A training cannot go on: its loss is no number any more, or memory does not suffice."""


class OutputError(FusbenchError):
    """A result cannot be written: a full disk, a read-only folder, an existing file."""


class MemoryFull(OutputError):
    """The memory that processes share has no room, which is no fault of the work's.

    Examples
    --------
    >>> MemoryFull("/dev/shm").what
    'the shared memory is full'
    """

    def __init__(self, where: str) -> None:
        fix = "Free some space there, or give it less work: what processes share lies there."
        super().__init__("the shared memory is full", where, fix)


MODEL_ERRORS = (PluginError, PredictionError, CheckpointError, ConfigError, MemoryFull)
"""What a model may raise: it costs its own row, and no other's."""


def raised(error: BaseException, doing: str = "") -> str:
    """What a stranger's code raised, in one line, even where the error's own words fail.

    Examples
    --------
    >>> raised(ValueError("too few\\nrows"), "a step"), raised(AssertionError())
    ('raised ValueError in a step: too few rows', 'raised AssertionError')
    """
    words = ""
    with suppress(Exception):
        words = str(error)
    where = f" in {doing}" if doing else ""
    return " ".join(f"raised {type(error).__name__}{where}: {words}".split()).rstrip(": .")


def counted(number: int, noun: str, one: str = "", many: str = "") -> str:
    """A number with its noun, and the verb that goes with one or with many.

    Examples
    --------
    >>> counted(1, "scan"), counted(23, "scan"), counted(0, "entry")
    ('1 scan', '23 scans', 'no entries')
    >>> counted(1, "row", "is missing", "are missing")
    '1 row is missing'
    """
    many_of = f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
    words = (noun, one) if number == 1 else (many_of, many)
    return " ".join([str(number or "no"), *filter(None, words)])


def unknown(kind: str, name: str, known: list[str] | tuple[str, ...], see: str = "") -> UnknownName:
    """The `UnknownName` for `name`, with the nearest known names as the remedy.

    Examples
    --------
    >>> print(unknown("model", "clstmunet-kears", ["clstmunet-keras", "uniform"]))
    no model is called 'clstmunet-kears'. Did you mean 'clstmunet-keras'?
    """
    import difflib

    near = difflib.get_close_matches(name, known, n=2)
    hint = " or ".join(f"'{n}'" for n in near)
    listed = "" if see and len(known) > MOST_LISTED else ", ".join(sorted(known)) or "none"
    fix = f"Did you mean {hint}?" if near else listed and f"Known: {listed}."
    return UnknownName(f"no {kind} is called '{name}'", fix=f"{fix} {see}".strip())
