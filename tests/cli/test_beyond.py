"""Rows that are better than the ideal observer are marked, wherever they are shown."""

import json

import numpy as np
import pytest

import fusbench
from fusbench.evaluation import folds
from fusbench.evaluation.results import read_result

BRIGHT = """
def predict(frames):
    density = frames[:, -1] + 1.0
    return density / density.sum((1, 2), keepdims=True)
"""


@pytest.fixture(scope="module")
def leak(tmp_path_factory):
    """Predictions that are the gaze's own maps, as of a model that has read the gaze."""
    out = tmp_path_factory.mktemp("leak")
    for clip in fusbench.open_dataset("phantom-tiny", ("test",)).split("test"):
        maps = np.full((clip.n_frames, *clip.info.image_shape), 1.0, np.float32)
        for frame in clip.gaze.frames():
            maps[frame] = clip.saliency_map(int(frame))
        np.save(out / f"{clip.clip_id}.npy", maps / maps.sum((1, 2), keepdims=True))
    return out


def test_the_ideal_observer_is_scored_once_though_all_is_done_again(leak, tmp_path, monkeypatch):
    bright, asked, scored = tmp_path / "bright.py", [], folds._scored
    bright.write_text(BRIGHT)

    def noted(contest, name, *rest):
        asked.append(name)
        return scored(contest, name, *rest)

    monkeypatch.setattr(folds, "_scored", noted)
    names = [leak, bright, "ideal-observer"]
    with pytest.warns(UserWarning, match="is better than the ideal observer"):
        fusbench.evaluate(names, "phantom-tiny", runs=tmp_path / "runs", force=True)
    assert asked.count("ideal-observer") == 1


def test_a_leak_is_marked(leak, call, tmp_path):
    bright, runs = tmp_path / "bright.py", tmp_path / "runs"
    bright.write_text(BRIGHT)
    with pytest.warns(UserWarning, match="is better than the ideal observer in KLD, SIM, NSS, CC"):
        rows = fusbench.evaluate([leak, bright], "phantom-tiny", runs=runs)
    assert [run.beyond for run in rows.runs] == [("kld", "sim", "nss", "cc"), ()]
    assert "better than the ideal observer in kld, sim, nss, cc" in repr(rows.runs[0])
    (ideal,) = runs.glob("ideal-observer-*")
    bound = read_result(ideal).summary
    for key, sign in (("kld", -1), ("sim", 1), ("nss", 1), ("cc", 1)):
        gains = [run.result.summary[key]["mean"] - bound[key]["mean"] for run in rows.runs]
        assert sign * gains[0] > 0 > sign * gains[1]
    line = ("evaluate", "--predictions", f"leak={leak}", "--dataset", "phantom-tiny", "--out", runs)
    shown = " ".join(call(*line).split())
    assert "leak !" in shown
    assert "! leak is better than the ideal observer in KLD, SIM, NSS, CC" in shown
    assert "it may have seen the gaze, or be lucky with 1 scan." in shown
    assert json.loads(call(*line, "--json"))["beyond_ideal"] == ["kld", "sim", "nss", "cc"]
    folders = [run.folder for run in rows.runs]
    shown = " ".join(call("compare", *folders[::-1]).split())
    assert f"! {rows.runs[0].name} is better than the ideal observer in KLD, SIM" in shown
    assert "bright is better than the ideal" not in shown
    ideal.rename(tmp_path / "away")
    assert "ideal observer" not in call("compare", *folders[::-1])
