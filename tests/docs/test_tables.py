"""Tables on the pages have a row for each entry of the code's table, and for nothing else."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

import fusbench
from fusbench import metrics
from fusbench.board.rules import Rules
from fusbench.importing.finding import KINDS
from fusbench.importing.geometry import SPACES
from fusbench.importing.layouts import LAYOUTS
from fusbench.importing.presets import FORMATS
from fusbench.testing.rules import RULES

ROOT = Path(__file__).parents[2]
OF_DEVELOPERS = {"keras", "torch", "onnx", "test", "lint", "docs"}  # the first three: plug-ins


def extras():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return set(tomllib.loads(text)["project"]["optional-dependencies"]) - OF_DEVELOPERS


def names(record):
    return {field.name for field in fields(record)}


def first_cells(page, above):
    """Words in code in the first column of the first table below a line."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert text.count(above) == 1
    table = re.search(r"(?:^\|.*\n)+", text.partition(above)[2], re.MULTILINE)[0]
    return {
        word for row in table.splitlines()[2:] for word in re.findall(r"`(.+?)`", row.split("|")[1])
    }


@pytest.mark.parametrize(
    ("page", "above", "entries"),
    [
        ("reference/gaze-formats.md", "# Gaze formats\n", set(FORMATS)),
        ("reference/gaze-formats.md", "the findings stay in `import.json`", set(KINDS)),
        ("reference/plugins.md", "## A model\n", names(fusbench.ModelCard)),
        ("reference/plugins.md", "test_conformance = conformance", {rule.name for rule in RULES}),
        ("reference/leaderboards.md", "## Rules: `board.toml`\n", {"schema", *names(Rules)}),
        ("reference/dataset.md", "## `dataset.toml`\n", {"schema", *names(fusbench.DatasetInfo)}),
        ("reference/windows.md", "# Windows\n", names(fusbench.Window)),
        ("reference/metrics.md", "fusbench metric show auc-judd\n", set(metrics.ORDER)),
        ("reference/metrics.md", "What a metric can need:\n", set(metrics.NEEDS)),
        ("how-to/metric-plugin.md", "in this order:\n", set(metrics.NEEDS)),
        ("how-to/public-data.md", "# Public video-saliency data\n", set(LAYOUTS)),
        ("how-to/platforms.md", "as in `'.[import,parquet]'`", extras()),
    ],
)
def test_a_row_for_each_entry(page, above, entries):
    assert first_cells(page, above) == entries


def test_every_space_of_coordinates_has_a_row():
    shown = first_cells("reference/gaze-formats.md", "## Coordinate spaces\n")
    assert {name if name in SPACES else f"psychopy{name}" for name in shown} == set(SPACES)


def test_every_variable_has_a_row():
    """Those that the code asks for, but for its own words from parent to child."""
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "fusbench").rglob("*.py"))
    asked = set(re.findall(r'"(FUSBENCH_[A-Z_]+)"', code)) - {"FUSBENCH_WATCH"}
    assert first_cells("reference/commands.md", "settings-from-a-file).\n") == asked
