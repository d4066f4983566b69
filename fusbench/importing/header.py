"""Which columns of a header a mapping's candidates come to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.clock import plain
from fusbench.importing.cells import shown
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.geometry import SPACES
from fusbench.importing.mapping import Mapping, Rule
from fusbench.importing.recording import ReadOptions


def validity_remarks(
    header: list[str],
    mapping: Mapping,
    rules: dict[str, tuple[Rule, ...]],
    pairs: dict[str, tuple[str, str]],
) -> Iterator[Finding]:
    """Remarks where nothing says which samples are valid."""
    if any(rules.values()):
        missing = [
            eye for eye in pairs if eye != "both" and not (rules["valid"] or rules[f"valid_{eye}"])
        ]
        if missing:
            yield Finding(NOTE, f"no column says whether the {' and '.join(missing)} eye is valid")
        held = {rule.column for rule in rules["valid"]}
        for column in dict.fromkeys(Rule.parse(text).column for text in mapping.valid):
            if column not in held:
                yield Finding(NOTE, f"no column '{shown(column)}': what it says is passed over")
        return
    wanted = (*mapping.valid, *mapping.valid_left, *mapping.valid_right)
    near = [name for name in header if re.search(r"valid|confid|quality|status", name.lower())]
    hint = f"; is it '{near[0]}'? Then --map valid='{near[0]} is 1', say" if near else ""
    if wanted:
        columns = ", ".join(dict.fromkeys(Rule.parse(rule).column for rule in wanted[:4]))
        text = f"no validity column, looked for {columns}: every number counts as gaze{hint}"
        yield Finding(WARN if near else NOTE, text)
    elif near:
        yield Finding(NOTE, f"no validity column is mapped: every number counts as gaze{hint}")


def tuple_column(name: str, header: list[str]) -> tuple[str, int | None]:
    """Column and place of "name[0]", one number of a column of tuples; place None for others.

    Examples
    --------
    >>> tuple_column("gaze[1]", ["t", "gaze"]), tuple_column("t", ["t", "gaze"])
    (('gaze', 1), ('t', None))
    """
    found = re.fullmatch(r"(.+)\[(\d)\]", name)
    if found is None or name in header or found[1] not in header:
        return name, None
    return found[1], int(found[2])


def gaze_columns(
    header: list[str], mapping: Mapping, options: ReadOptions, where: str
) -> tuple[dict[str, tuple[str, str]], str]:
    """Columns of x and y for each eye, or for both at once, and their coordinate space."""
    spaces = mapping.space if len(mapping.space) > 1 else mapping.space * max(len(mapping.x), 1)
    if options.eye == "average":
        for index, (x, y) in enumerate(zip(mapping.x, mapping.y, strict=True)):
            space = spaces[index] if index < len(spaces) else ""
            if len(mapping.space) > 1 and options.space not in ("", space):
                continue
            if _has(header, plain(x)) and _has(header, plain(y)):
                return {"both": (plain(x), plain(y))}, _space(options.space or space, where)
    pairs = {}
    for eye in ("left", "right"):
        if options.eye in ("average", eye):
            x = first_column(header, getattr(mapping, f"{eye}_x"))
            y = first_column(header, getattr(mapping, f"{eye}_y"))
            if x and y:
                pairs[eye] = (x, y)
    if not pairs:
        wanted = (*mapping.x, *mapping.left_x, *mapping.right_x)
        raise missing_columns("gaze", wanted, header, where)
    return pairs, _space(options.space or (spaces[0] if spaces else ""), where)


def _space(space: str, where: str) -> str:
    if not space:
        known = "; ".join(f"{key}: {words}" for key, words in SPACES.items())
        fix = f"Say it with --space or in the mapping ({known})."
        raise ConfigError("what the coordinates mean is not said", where, fix)
    return space


def first_column(header: list[str], candidates: tuple[str, ...]) -> str:
    """The first candidate that is a column; one ending in * matches by how a name begins."""
    for candidate in map(plain, candidates):
        for name in header:
            if name == candidate or (candidate[-1:] == "*" and name.startswith(candidate[:-1])):
                return name
        if _has(header, candidate):
            return candidate
    return ""


def _has(header: list[str], name: str) -> bool:
    return tuple_column(name, header)[0] in header


def missing_columns(
    kind: str, wanted: tuple[str, ...], header: list[str], where: str
) -> ConfigError | DatasetError:
    have = ", ".join(shown(name) for name in header[:12] if name) + (
        ", ..." if len(header) > 12 else ""
    )
    if not wanted:
        return ConfigError(
            f"the mapping names no column for the {kind}", where,
            f"Name it in --mapping or --map; the file has {have}.",
        )  # fmt: skip
    what = f"no column holds the {kind}; looked for {', '.join(wanted[:4])}"
    fix = f"Check --gaze-format, or use --gaze-format table; the file has {have or 'none'}."
    return DatasetError(what, where, fix)
