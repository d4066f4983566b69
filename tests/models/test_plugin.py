"""The template plug-in, installed as a stranger's would be."""

import json
from pathlib import Path

import pytest
from support.command import run


def test_the_template_is_short_and_is_scored(folder, tmp_path):
    module = pytest.importorskip("fusbench_centre")
    source = Path(module.__file__)
    metadata = source.with_name("pyproject.toml")
    lines = [*source.read_text().splitlines(), *metadata.read_text().splitlines()]
    assert len([line for line in lines if line.strip()]) < 40
    done = run(
        "evaluate", "--model", "centre-gaussian", "--dataset", folder, "--json",
        "--out", tmp_path / "runs",
    )  # fmt: skip
    result = json.loads(done.stdout)
    assert result["model"]["distribution"] == "fusbench-centre"
    assert result["n_frames"] == 16
