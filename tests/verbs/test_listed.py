"""What is installed is listed in Python as by ``fusbench dataset|model|metric list``."""

import json
import os
import subprocess
import sys

import pytest
from support.command import run as command

import fusbench

LISTS = {
    "dataset": fusbench.list_datasets,
    "model": fusbench.list_models,
    "metric": fusbench.list_metrics,
}


@pytest.mark.parametrize("noun", LISTS)
def test_it_is_listed_the_same(noun):
    rows = json.loads(command(noun, "list", "--json").stdout)
    found = LISTS[noun]()
    assert list(found.index) == [row["name"] for row in rows]
    for row in rows:
        told = found.loc[row.pop("name")]
        assert {key: told[key] for key in row} == row
        assert all(value == "" for key, value in told.items() if key not in row)


def test_what_cannot_be_read_is_a_row_with_its_fault(tmp_path):
    planted = tmp_path / "planted-1.0.dist-info"
    planted.mkdir()
    (planted / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
    nouns = "".join(f"[fusbench.{noun}s]\nplanted = planted:card\n" for noun in LISTS)
    (planted / "entry_points.txt").write_text(nouns)
    (tmp_path / "planted.py").write_text("raise OSError('no licence')\n")
    script = (
        "import fusbench\n"
        "for told in fusbench.list_datasets, fusbench.list_models, fusbench.list_metrics:\n"
        "    found = told().loc['planted']\n"
        "    print(found['from'], 'no licence' in found['fault'], repr(found['title']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["planted 1.0 True ''"] * 3
