"""Paired comparisons against plain computations."""

import shutil

import numpy as np
import pytest
from support.small_dataset import small_clip, small_info

from fusbench.comparing.runs import (
    comparable,
    compare,
    positions,
    scan_differences,
    segments,
)
from fusbench.data.dataset import open_dataset
from fusbench.data.writer import write_dataset
from fusbench.doors.registry import model_card
from fusbench.errors import ConfigError
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.run import evaluate
from fusbench.reproduction.segments import segments as claim_segments


@pytest.fixture
def runs(folder, tmp_path):
    data = open_dataset(folder)
    return comparable(
        [
            evaluate(Evaluation(card=model_card(name), dataset=data), tmp_path / "runs")[1]
            for name in ("uniform", "mean-map")
        ]
    )


def test_differences_are_those_of_the_frames(runs):
    table = compare(runs)
    kld = runs[1].scores["kld"] - runs[0].scores["kld"]
    row = table[table["metric"] == "kld"].iloc[0]
    assert row["difference"] == pytest.approx(kld.mean(), rel=1e-12)
    by_scan = kld.groupby(runs[0].scores["scan_id"]).mean()
    assert list(scan_differences(runs)["kld"]) == pytest.approx(list(by_scan), rel=1e-12)
    count = runs[0].scores.groupby("scan_id").size()
    apart = (by_scan - kld.mean()) * count / count.mean()
    deviation = np.sqrt((apart**2).sum() / (len(count) - 1))
    assert row["effect"] == pytest.approx(kld.mean() / deviation, rel=1e-9)


def test_groups_part_the_frames(runs, folder):
    kinds = segments(runs, open_dataset(folder))
    assert set(kinds[runs[0].scores["frame"] <= 4]) == {"dwell"}
    assert set(kinds[runs[0].scores["frame"] >= 5]) == {"sweep"}
    parts = positions(runs, 2)
    assert set(parts) == {"0-4", "5-9"}
    table = compare(runs, parts)
    whole = compare(runs)
    kld = table[table["metric"] == "kld"]
    weighted = (kld["difference"] * kld["n_frames"]).sum() / kld["n_frames"].sum()
    assert weighted == pytest.approx(whole["difference"].iloc[0], rel=1e-12)
    assert (table["p_holm"] >= table["p"]).all()
    assert set(compare(runs, np.where(parts == "0-4", parts, ""))["group"]) == {"0-4"}


def test_without_segments_the_speed_of_the_picture_parts_them(folder, tmp_path, runs):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "segments.csv").unlink()
    data = open_dataset(copy)
    kinds = segments(runs, data)
    assert set(kinds) == {"slow", "fast"}
    claimed = claim_segments(data, runs[0].scores)
    assert np.array_equal(kinds == "fast", claimed.fast)
    other = write_dataset(tmp_path / "other", small_info(), [small_clip(9, "test")])
    with pytest.raises(ConfigError, match="these are not the runs' data"):
        segments(runs, open_dataset(other))
