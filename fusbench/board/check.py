"""Checking a board: everything that its folder alone can tell is derived again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fusbench.board.alike import SAME, alike
from fusbench.board.build import OUTPUTS, outputs
from fusbench.board.fitting import BASELINES
from fusbench.board.names import taken_for
from fusbench.board.published import FILE
from fusbench.board.rows import Row, harmless, row_folders
from fusbench.board.standings import Table
from fusbench.board.times import FILE as TIMES
from fusbench.reading import open_regular

BELONGS = {"board.toml", "clips.csv", "results", FILE, TIMES, *OUTPUTS}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not as it should be, and where."""

    where: str
    what: str


def check_table(table: Table) -> Iterator[Finding]:
    """Everything about a board that its folder alone can tell.

    Rows below the line with their reasons; rows that are another's predictions or bear nearly its
    name, or were taken in under other rules; outputs that are not what a build writes now, whether
    stale or changed by hand; files that belong to no row.
    """
    for item in table.refused:
        for reason in item.reasons:
            yield Finding(where=f"results/{item.name}", what=reason)
    yield from _rows(table)
    yield from _files(table)


def _rows(table: Table) -> Iterator[Finding]:
    for standing in table.standings:
        first = standing.competitor.rows[0].facts.name
        for row in standing.competitor.copies:
            what = f"has the scores of '{first}' on every frame, and is not its other backend"
            yield Finding(where=f"results/{row.facts.name}", what=what)
    heads, apart = [standing.row for standing in table.standings], set()
    for group in alike([row.values for row in heads], [""] * len(heads)):
        known = [heads[k].result.model.name in BASELINES for k in group]
        for k in group[1:] if not all(known) else []:
            what = f"has the scores of '{heads[group[0]].facts.name}', which is there for another"
            yield Finding(where=f"results/{heads[k].facts.name}", what=f"{what} role")
            apart.add(k)
    yield from _shifted(table, [row for k, row in enumerate(heads) if k not in apart])
    names = sorted(row.facts.name for row in table.rows)
    for at, name in enumerate(names):
        if other := taken_for(name, names[:at]):
            what = f"its name can be taken for that of '{other}'"
            yield Finding(where=f"results/{name}", what=what)
    for row in table.rows:
        if row.facts.rules != table.board.rules.mark:
            told = (
                "other rules than the board's" if row.facts.rules else "rules that it does not tell"
            )
            yield Finding(where=f"results/{row.facts.name}", what=f"was taken in under {told}")
        model = row.result.model.name
        if row.facts.name in BASELINES and model != row.facts.name:
            what = f"bears the name of a baseline, and is '{model}'"
            yield Finding(where=f"results/{row.facts.name}", what=what)


def _shifted(table: Table, rows: list[Row]) -> Iterator[Finding]:
    """Rows that have another's scores of a metric on every frame, but for one added number.

    Baselines may: on little data `previous-gaze` is the mean map.
    """
    known = {row.facts.name for row in rows if row.result.model.name in BASELINES}
    for at, metric in enumerate(table.board.rules.metrics):
        columns = {row.facts.name: row.values[:, at] - row.values[:, at].mean() for row in rows}
        moving = {name: column for name, column in columns.items() if np.ptp(column) > SAME}
        names, values = list(moving), [column[:, None] for column in moving.values()]
        for first, *others in alike(values, [""] * len(values)) if values else []:
            for k in others if not known.issuperset(names[i] for i in (first, *others)) else []:
                same = f"has the {metric.symbol} of '{names[first]}' on every frame"
                yield Finding(where=f"results/{names[k]}", what=f"{same}, but for a shift")


def _files(table: Table) -> Iterator[Finding]:
    root = table.board.root
    forms = (outputs(table), outputs(table, anonymous=True))
    for name in OUTPUTS:
        wanted = [form[name] for form in forms]
        try:
            with open_regular(root / name) as file:
                found = file.read(max(map(len, wanted)) + 1)
        except FileNotFoundError:
            yield Finding(where=name, what="the file is missing; build the board")
            continue
        except OSError:
            found = b""
        if found not in wanted:
            yield Finding(where=name, what="is not what a build of these results writes")
    for path in sorted(root.iterdir()):
        if path.name not in BELONGS and not path.name.startswith("."):
            yield Finding(where=harmless(path.name), what="belongs to no board")
    results = root / "results"
    if results.is_symlink() or (results.exists() and not results.is_dir()):
        yield Finding(where="results", what="is no folder")
        return
    rows = row_folders(root)
    for path in sorted(results.iterdir()) if results.is_dir() else []:
        if path not in rows and not path.name.startswith("."):
            yield Finding(where=f"results/{harmless(path.name)}", what="belongs to no row")
