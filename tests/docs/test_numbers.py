"""Numbers that stand in hand-written pages are those of the committed weights and boards."""

import csv
import json
import re
from pathlib import Path

import pytest

from fusbench.reproduction.rows import ROWS
from fusbench.training.optimiser import fallen
from fusbench.training.recipe import RECIPES
from fusbench.zoo.checkpoint import read_metadata
from fusbench.zoo.entries import ENTRIES

ROOT = Path(__file__).parents[2]
CHECKPOINTS = ROOT / "fusbench/zoo/checkpoints"
SCORES = ("kld", "sim", "nss", "cc")


def rows(page, heading):
    """Cells of the table below a heading, by the code in their first cell."""
    section = (ROOT / page).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    table = re.split(r"\n## ", section)[0]
    found = re.findall(r"^\| `([a-z0-9-]+)` \|(.*)\|$", table, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in found}


def board(name):
    """Rows of a committed board, by name."""
    with (ROOT / "leaderboards" / name / "leaderboard.csv").open(encoding="utf-8") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def policy_text(policy):
    """Such as "RA(7,9)" for "ra-7-9"."""
    if policy == "none":
        return policy
    kind, n, m = policy.split("-")
    return f"{ {'ra': 'RA', 'mixra': 'Mix.RA'}[kind] }({n},{m})"


def test_the_table_of_weights_says_what_the_files_say():
    expected = {}
    for name in ENTRIES:
        if (CHECKPOINTS / f"{name}.safetensors").exists():
            said = read_metadata(CHECKPOINTS / f"{name}.safetensors")
            steps = [f"{int(said[key]):,}" for key in ("steps", "best_step")]
            expected[name] = [policy_text(said["policy"]), *steps, f"{float(said['val_loss']):.3f}"]
    assert rows("docs/explanation/assumptions.md", "The bundled weights") == expected


def trainings():
    """What the trainings of the paper's rows tell of themselves, by row and seed."""
    for name in (row.model for row in ROWS.values() if row.trained and not row.freeze_history):
        further = (ROOT / "leaderboards/weights").glob(f"{name}-seed?.safetensors")
        for file in (CHECKPOINTS / f"{name}.safetensors", *further):
            said = read_metadata(file)
            assert json.loads(said["recipe"])["name"] == "patient"
            assert said["dataset"] == "phantom-full 1.2"
            yield (name, said["seed"]), said


CURVES = sorted((ROOT / "leaderboards/weights").glob("*.csv"))


@pytest.mark.parametrize("curves", CURVES, ids=[file.stem for file in CURVES])
def test_every_training_ended_where_its_recipe_ends_one(curves):
    """Whichever version of the rule it was trained with."""
    with curves.open(encoding="utf-8") as file:
        rows = [{key: float(x) for key, x in row.items() if x} for row in csv.DictReader(file)]
    ends = [fallen(rows[:count], RECIPES["patient"]) for count in range(1, len(rows) + 1)]
    assert ends == [0] * (len(rows) - 1) + [1]


def test_dead_recurrence_shows_every_training():
    page = (ROOT / "docs/explanation/dead-recurrence.md").read_text(encoding="utf-8")
    shown, name = {}, ""
    lines = r"^\| (?:`([a-z0-9-]+)` \([^|]*)?\| (\d) \| ([\d,]+) of ([\d,]+) \| ([\d.]+) \|(.*)\|$"
    for named, seed, *cells in re.findall(lines, page, re.MULTILINE):
        name = named or name
        shown[name, seed] = [cell.strip().replace(",", "") for cell in cells]
    expected = {
        key: [
            said["best_step"],
            said["steps"],
            f"{float(said['val_loss']):.3f}",
            f"{float(said['history_sweep']):.2f}" if "history_sweep" in said else "",
        ]
        for key, said in trainings()
    }
    assert shown == expected


def test_every_training_of_the_papers_rows_uses_its_frames():
    uses = [float(said["history_sweep"]) for _, said in trainings() if "history_sweep" in said]
    assert len(uses) == 21  # seven rows, three seeds
    assert min(uses) >= RECIPES["patient"].least_use


def more_steps():
    """Of "Half as many steps again": what was gone on with, and what was begun anew."""
    page = (ROOT / "docs/explanation/dead-recurrence.md").read_text(encoding="utf-8")
    section = page.partition("\n### Half as many steps again\n")[2].partition(
        "\nThe dead training"
    )[0]
    return section.partition("\nBegun anew")[::2]


def test_dead_recurrence_shows_what_going_on_gave():
    section, said = more_steps()[0], dict(trainings())
    lines = re.findall(r"^\| `([a-z0-9-]+)` \| (\d) \|(.*)\|$", section, re.MULTILINE)
    curves = {file.stem: file for file in (ROOT / "leaderboards/weights/continued").glob("*.csv")}
    assert len(lines) == len(curves) >= 2
    for name, seed, cells in lines:
        key = name if seed == "0" else f"{name}-seed{seed}"
        with curves[key].open(encoding="utf-8") as file:
            steps = list(csv.DictReader(file))
        kept, end, best, gain, history = (cell.strip() for cell in cells.split("|"))
        rows = [{cell: float(value) for cell, value in row.items()} for row in steps]
        assert f"{int(rows[-1]['step']):,}" == end
        losses = {int(row["step"]): row["val_loss"] for row in rows}
        ended = next(n for n in range(len(rows)) if fallen(rows[:n], RECIPES["patient"]))
        step = min((int(row["step"]) for row in rows[:ended]), key=losses.get)
        least = min(losses, key=losses.get)
        assert kept == f"{step:,}: {losses[step]:.3f}"
        assert best == f"{least:,}: {losses[least]:.3f}"
        assert gain == f"{losses[step] - losses[least]:.3f}"
        use = rows[least // 300 - 1].get("history_sweep")
        assert history == ("" if use is None else f"{use:.2f}")
        if name == "clstmunet-after":  # the very training whose weights are bundled
            told = said[name, seed]
            assert (str(step), f"{losses[step]:.6f}") == (told["best_step"], told["val_loss"])


def test_dead_recurrence_shows_what_a_new_beginning_gave():
    section = more_steps()[1]
    lines = re.findall(r"^\| `([a-z0-9-]+)` \| (\d) \|(.*)\|$", section, re.MULTILINE)
    ended = {key: float(said["val_loss"]) for key, said in trainings()}
    with (ROOT / "leaderboards/weights/continued/clstmunet-after-seed1.csv").open() as file:
        (began,) = [row["val_loss"] for row in csv.DictReader(file) if row["step"] == "4800"]
    ended["clstmunet-after", "1"] = float(began)  # by the first rule
    curves = {file.stem: file for file in (ROOT / "leaderboards/weights/longer").glob("*.csv")}
    assert len(lines) == len(curves) >= 3
    for name, seed, cells in lines:
        with curves[name if seed == "0" else f"{name}-seed{seed}"].open(encoding="utf-8") as file:
            steps = list(csv.DictReader(file))
        best = min(steps, key=lambda row: float(row["val_loss"]))
        end, more = ended[name, seed], float(best["val_loss"])
        gain = f"{end - more:.3f}" if end > more else "none"
        history = f"{float(best['history_sweep']):.2f}" if "history_sweep" in best else ""
        expected = [f"{end:.3f}", f"{more:.3f}", gain, history]
        assert [cell.strip() for cell in cells.split("|")] == expected, name


def test_dead_recurrence_shows_the_trainings_for_other_lags():
    page = (ROOT / "docs/explanation/dead-recurrence.md").read_text(encoding="utf-8")
    section = page.partition("\n### Nothing to use\n")[2]
    line = r"^\| (?:(\d+) ms)? ?\| (?:`([a-z0-9-]+)`)? ?\| (\d) \|(.*)\|$"
    lag, name, shown = "", "", 0
    for new_lag, new_name, seed, cells in re.findall(line, section, re.MULTILINE):
        lag, name, shown = new_lag or lag, new_name or name, shown + 1
        key = f"lag{lag}-seed{seed}"
        said = read_metadata(
            ROOT / f"leaderboards/weights/{name.replace('-ra-7-9', '')}-{key}.safetensors"
        )
        result = ROOT / f"leaderboards/isbi2022/further/{name}-{key}-torch/result.json"
        kld = json.loads(result.read_text())["summary"]["kld"]["mean"]
        use = f"{float(said['history_sweep']):.2f}" if "history_sweep" in said else ""
        steps = f"{int(said['best_step']):,} of {int(said['steps']):,}"
        assert [cell.strip() for cell in cells.split("|")] == [steps, use, f"{kld:.3f}"]
    assert shown == 8


def test_related_work_shows_the_scores_of_the_board():
    shown = rows("docs/explanation/related-work.md", "Scores")
    scored = board("related-work")
    assert {"ema", "rsis", "mmunet", "salsac", "tsen", "clstmunet"} <= set(shown)
    for name, cells in shown.items():
        expected = [f"{float(scored[f'{name}-torch'][key]):.3f}" for key in SCORES]
        assert cells[-4:] == expected, name


@pytest.mark.parametrize("name", ["uniform", "mean-map", "clstmunet-keras", "ideal-observer"])
def test_the_readme_shows_the_scores_of_the_board(name):
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^{name} +(.*)$", page, re.MULTILINE)
    scores = [re.match(r"[\d.]+", cell)[0] for cell in re.split(r" {2,}", line)]
    row = board("phantom")[name]
    assert scores[:4] == [f"{float(row[key]):.3f}" for key in SCORES]
