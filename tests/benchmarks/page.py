"""The page of benchmarks: ``python tests/benchmarks/page.py`` measures, and writes it anew.

Each ratio to a peer or to a limit, taken in one run with it, is a row of the page's history,
``benchmarks.csv`` beside the page. More words on the line go to pytest, as ``-k metrics``.
``--drawn`` writes page and picture from the history alone.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from fusbench import __version__
from fusbench.drawing.palette import LIGHT
from fusbench.evaluation.facts import machine
from fusbench.threads import environment

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "docs" / "reference"
PAGE, HISTORY, PICTURE = (FOLDER / f"benchmarks.{kind}" for kind in ("md", "csv", "svg"))
COLUMNS = [
    "day", "version", "machine", "load", "what", "value", "low", "high", "goal", "better", "once",
    "holds", "why",
]  # fmt: skip
SHOWN = 6  # runs of the history that the page shows
STYLE = {"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.family": "sans-serif"}
HEAD = """\
# Benchmarks

How fast fusbench is, beside a peer or a limit of the machine that was measured **in the same run,
in turn**. Seconds depend on the machine; these ratios much less. A ratio is that of the shortest
times, and its spread that of four parts of the run. Where a goal is missed, the row says so, and
the list under its table where the time goes and what the figure is held at. All others are held
at their goals.

<!-- written by tests/benchmarks/page.py -->

"""
TAIL = """\
## History

Each run of the command adds its figures to [benchmarks.csv](benchmarks.csv), which keeps all.

{history}

## Measure it yourself

```console
$ python tests/benchmarks/page.py
```

This runs `pytest -m bench` with [pytest-benchmark](https://pytest-benchmark.readthedocs.io), prints
the figures, adds them to the history and writes this page. Words after it go to pytest: `-k
metrics` measures those alone. What memory large data take is added by `python
tests/simulations/scale.py FOLDER --page`, in a quarter of an hour; see
[How far it scales](../explanation/scale.md). Functions that only compute are timed by the
processor: what other programs take does not count, but the caches that they fill do. So a page
worth committing is measured on a machine that does nothing else, and the load that it had stands
above its figures.
"""


def where_measured():
    """The processor, how many cores there are, and that one thread is used."""
    return machine(1).replace("1 thread", f"one thread of {os.cpu_count()}")


def measured(*words):
    """Figures of all benchmarks, on one thread and with memory as in fusbench's own processes."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        line = [sys.executable, "-m", "pytest", HERE, f"--benchmark-json={told}", *words]
        code = subprocess.run(line, env=environment(1)).returncode
        found = json.loads(told.read_text())["benchmarks"] if told.exists() else []
    figures = [f for each in found for f in each["extra_info"].get("figures", [])]
    return figures, code


def rows_of(figures, day, where, load):
    """Figures as rows of the history; no load for what does not depend on it, as memory."""
    return [
        {
            "day": day,
            "version": __version__,
            "machine": where,
            "load": "" if load is None else f"{load:.1f}",
            "what": each["what"],
            **{name: f"{each[name]:.4g}" for name in ("value", "low", "high", "goal")},
            "better": "more" if each["more_is_better"] else "less",
            "once": "once" if each["once"] else "",
            "holds": "" if each["holds"] is None else f"{each['holds']:.4g}",
            "why": each["why"],
        }
        for each in figures
    ]


def read_history():
    """Rows of all runs so far, the oldest first."""
    if not HISTORY.exists():
        return []
    with HISTORY.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_history(rows):
    """Write the rows of all runs."""
    with HISTORY.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def reached(row, name="value"):
    """How many times a row's goal a value of it is: 1 and more is met.

    >>> reached({"value": "2", "goal": "4", "better": "less"})
    2.0
    """
    value, goal = float(row[name]), float(row["goal"])
    return value / goal if row["better"] == "more" else goal / value


def newest(history):
    """The last row of each figure, in the order in which figures came first."""
    last = {row["what"]: row for row in history}
    return list(last.values())


def number(text):
    """Three digits of a number.

    >>> [number(x) for x in ("1234.5", "0.12345", "17.26")]
    ['1,234', '0.123', '17.3']
    """
    value = float(text)
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def bound(row, name):
    """A row's goal, or what it is held at, in symbols.

    >>> bound({"better": "less", "goal": "1.50"}, "goal")
    '≤ 1.5'
    """
    return f"{'≥' if row['better'] == 'more' else '≤'} {number(row[name])}"


def shortfalls(rows):
    """Where the time of each missed figure goes, as a list in Markdown."""
    missed = [row for row in rows if reached(row) < 1 and row.get("why")]
    lines = (
        f"- **{row['what']}**, {number(row['value'])} in place of {bound(row, 'goal')}: "
        f"{row['why']}{' Held at ' + bound(row, 'holds') + '.' if row['holds'] else ''}\n"
        for row in missed
    )
    return "".join(lines)


def table(rows):
    """The newest figures as a table in Markdown."""
    lines = ["| figure | ratio | spread | goal | |", "|---|---:|---:|---:|---|"]
    for row in rows:
        spread = "once" if row["once"] else f"{number(row['low'])} to {number(row['high'])}"
        verdict = "met" if reached(row) >= 1 else "**missed**"
        cells = (
            row["what"],
            number(row["value"]),
            spread,
            bound(row, "goal"),
            verdict,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def history_table(history):
    """The last runs side by side."""
    runs = list(dict.fromkeys((row["day"], row["machine"]) for row in history))[-SHOWN:]
    values = {(row["day"], row["machine"], row["what"]): row["value"] for row in history}
    lines = [
        f"| figure | {' | '.join(day for day, _ in runs)} |",
        f"|---|{'---:|' * len(runs)}",
    ]
    for what in dict.fromkeys(row["what"] for row in history):
        cells = [values.get((*run, what)) for run in runs]
        shown = [number(cell) if cell else "" for cell in cells]
        lines.append(f"| {what} | {' | '.join(shown)} |")
    return "\n".join(lines)


def draw(history, path):
    """How many times its goal each figure reaches, with its spread; older runs are faint."""
    rows = newest(history)
    place = {row["what"]: len(rows) - 1 - number for number, row in enumerate(rows)}
    with mpl.rc_context(STYLE):
        figure = Figure(
            figsize=(9, 0.9 + 0.27 * len(rows)), facecolor=LIGHT.card, layout="constrained"
        )
        axes = figure.subplots()
        axes.set_facecolor(LIGHT.card)
        axes.axvline(1, color=LIGHT.ink, linewidth=1)
        for row in history:
            newer = row is rows[len(rows) - 1 - place[row["what"]]]
            at, met = place[row["what"]], reached(row) >= 1
            if not newer:
                axes.plot(reached(row), at, ".", color=LIGHT.line, markersize=5)
                continue
            ends = sorted(reached(row, name) for name in ("low", "high"))
            colour = LIGHT.accent if met else LIGHT.series[1]
            axes.plot(ends, [at, at], "-", color=colour, linewidth=2, solid_capstyle="round")
            mark = {"markerfacecolor": colour if met else LIGHT.card, "markeredgecolor": colour}
            axes.plot(reached(row), at, "o", markersize=6, **mark)
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, 0.1), max(high, 3))
        ticks = [t for t in (0.01, 0.03, 0.1, 0.3, 1, 3, 10) if min(low, 0.1) <= t <= max(high, 3)]
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks], minor=False)
        axes.minorticks_off()
        axes.set_yticks(list(place.values()), list(place))
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.grid(axis="x", color=LIGHT.line, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(colors=LIGHT.ink, labelsize=8.5, length=0)
        axes.set_xlabel("times the goal (filled: met; line: spread)", color=LIGHT.ink, fontsize=9)
        for side in axes.spines.values():
            side.set_visible(False)
        figure.savefig(path, metadata={"Date": None, "Creator": None})


def page(history):
    """The page in Markdown."""
    rows = newest(history)
    met = sum(reached(row) >= 1 for row in rows)
    parts = [HEAD, f"**{met} of {len(rows)}** goals are met.\n\n"]
    parts.append("![How many times its goal each figure reaches](benchmarks.svg)\n\n")
    place = itemgetter("day", "version", "machine")
    for (day, version, where), group in groupby(sorted(rows, key=place, reverse=True), place):
        measured_there = list(group)
        loads = [float(row["load"]) for row in measured_there if row["load"]]
        load = f"; load of the machine {max(loads):g}" if loads else ""
        parts.append(f"## {day}, version {version}\n\nOn {where}{load}.\n\n")
        parts.append(f"{table(measured_there)}\n\n")
        if missed := shortfalls(measured_there):
            parts.append(f"Where the time of what is missed goes:\n\n{missed}\n")
    parts.append(TAIL.format(history=history_table(history)))
    return "".join(parts)


def add(figures, load):
    """Add figures to the history, in place of those of the same day and machine."""
    fresh = rows_of(figures, datetime.now(UTC).date().isoformat(), where_measured(), load)
    again = {(row["day"], row["machine"], row["what"]) for row in fresh}
    kept = [r for r in read_history() if (r["day"], r["machine"], r["what"]) not in again]
    write_history(kept + fresh)


def write():
    """Write page and picture from the history."""
    history = read_history()
    if not history:
        sys.exit("no benchmark has told a figure, and there is no history")
    draw(history, PICTURE)
    PAGE.write_text(page(history), encoding="utf-8")
    print(PAGE)


def main(words):
    """Measure, unless told not to, print what was found, and write all three files."""
    code = 0
    if words != ["--drawn"]:
        load = os.getloadavg()[0]
        figures, code = measured(*words)
        add(figures, load)
        rows = rows_of(figures, "", "", load)
        print(table(rows), shortfalls(rows), sep="\n\n")
    write()
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
