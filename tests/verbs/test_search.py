"""A search in Python does what ``fusbench search`` does, and either continues the other."""

import json

import pandas as pd
import pytest
from support.command import run as command

import fusbench

pytest.importorskip("fusbench_torch")


def test_a_search_is_that_of_the_command(folder, tmp_path):
    told = []

    class Progress:
        def __init__(self, name):
            told.append(name)

        def __enter__(self):
            return lambda done, total=None, note="": told.append((done, total))

        def __exit__(self, *error):
            pass

    out = tmp_path / "S"
    found = fusbench.search(
        "unet-torch", fusbench.open_dataset(folder), out, n=[1, 2], m=[5], max_steps=2,
        validate_every=1, workers=2, progress=Progress,
    )  # fmt: skip
    assert told[-3:] == ["searching", (1, 2), (2, 2)]
    line = ("search", "--network", "unet", "--n", "1,2", "--m", "5", "--dataset", folder)
    line += ("--max-steps", 2, "--validate-every", 1, "--out", out, "--json")
    again = json.loads(command(*line).stdout)  # finds every cell done, under the same settings
    assert again["cells"] == found.cells.to_dict("records")
    assert again["best"] == found.best()
    assert found.policy in {"ra-1-5", "ra-2-5"}
    best = found.cells.sort_values("kld").iloc[0]
    assert found.policy == best["policy"]
    assert found.grid.iloc[0]["kld"] == best["kld"]
    pd.testing.assert_frame_equal(pd.read_csv(out / "cells.csv"), found.cells)
    assert f"{best['kld']:.3f}" in found._repr_html_()
    assert (out / "grid.png").stat().st_size > 5000
    assert found.failed == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n": [1.5]}, "n and seeds are whole numbers from 0 on"),
        ({"n": [float("nan")]}, "n and seeds are whole numbers from 0 on"),
        ({"seeds": [float("inf")]}, "n and seeds are whole numbers from 0 on"),
        ({"seeds": [-1]}, "n and seeds are whole numbers from 0 on"),
        ({"workers": 0}, "0 workers train nothing"),
        ({"n": []}, "the grid is empty"),
        ({"recipe": "fsat"}, "no recipe is called 'fsat'"),
    ],
)
def test_wrong_choices_are_told_before_anything_is_made(folder, tmp_path, given, words):
    with pytest.raises(fusbench.FusbenchError, match=words):
        fusbench.search("unet-torch", folder, tmp_path / "S", **{"n": [1], "m": [5], **given})
    assert not (tmp_path / "S").exists()


def test_data_of_a_fold_are_refused(folder, tmp_path):
    fusbench.split_dataset(folder, folds=3)
    data = fusbench.open_dataset(folder, fold=1)
    with pytest.raises(fusbench.FusbenchError, match=r"the data are of fold 1\. Search on the st"):
        fusbench.search("unet-torch", data, tmp_path / "S", n=[1], m=[5])
