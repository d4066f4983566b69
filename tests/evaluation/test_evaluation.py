"""The straight line, on a small data set."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from support import fake_models
from support.metrics_by_hand import plain_scores

from fusbench.data.dataset import open_dataset
from fusbench.data.window import Window
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import DatasetError, PredictionError
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.results import read_result, read_scores
from fusbench.evaluation.run import evaluate
from fusbench.models.densities import densities


def job(folder, card, **changes):
    return Evaluation(card=card, dataset=open_dataset(folder), **changes)


def test_every_frame_with_gaze_is_scored_once(folder, tmp_path):
    card = fake_models.card("Brightness", window=Window(length=4))
    result, run = evaluate(job(folder, card), tmp_path / "runs")
    scores = read_scores(run)
    frames = {clip: list(range(1, n)) for clip, n in (("s3-c1", 10), ("s4-c1", 8))}
    assert {k: list(v["frame"]) for k, v in scores.groupby("clip_id")} == frames
    assert (result.n_frames, result.n_skipped, result.n_scans) == (16, 2, 2)


def test_scores_are_those_of_a_plain_computation(folder, tmp_path):
    """Windows, edge frames, maps and metrics, all spelled out again."""
    card = fake_models.card("Brightness", window=Window(length=3))
    result, run = evaluate(job(folder, card), tmp_path / "runs")
    clip = open_dataset(folder).split("test")[0]
    for frame in (1, 2, 9):
        seen = [clip.frames[max(frame - k, 0)].astype(float) for k in (2, 1, 0)]
        predicted = 1 * seen[0] + 2 * seen[1] + 3 * seen[2] + 1
        predicted /= predicted.sum()
        want = plain_scores(predicted, *clip.gaze.at(frame), sigma=2.0)
        row = read_scores(run).query("clip_id == 's3-c1' and frame == @frame").iloc[0]
        for key, value in want.items():
            assert row[key] == pytest.approx(value, rel=1e-9), key
    means = read_scores(run)[["kld", "sim", "nss", "cc"]].mean()
    for key in means.index:
        assert result.summary[key]["mean"] == pytest.approx(means[key], rel=1e-12)


@pytest.mark.parametrize("placement", ["before", "around", "after"])
def test_the_fast_path_gives_the_same_scores(folder, tmp_path, placement):
    window = Window(length=3, placement=placement)
    tables = []
    for loader in ("Brightness", "BrightnessByClip"):
        card = fake_models.card(loader, window=window)
        tables.append(read_scores(evaluate(job(folder, card), tmp_path / loader)[1]))
    pd.testing.assert_frame_equal(*tables)


def test_a_horizon_hides_the_frames_after_it(folder):
    """The density for frame t + 3 is that of frame t."""
    clip = open_dataset(folder).split("test")[0]
    now = fake_models.card("BrightnessByClip", window=Window(length=2))
    ahead = fake_models.card("BrightnessByClip", window=Window(length=2, horizon=3))
    plain = fake_models.card("Brightness", window=Window(length=2, horizon=3))
    t = np.arange(10)
    first = np.array(list(densities(load_model(now), now, clip, t)))
    for card in (ahead, plain):
        shifted = np.array(list(densities(load_model(card), card, clip, t)))
        np.testing.assert_array_equal(shifted[3:], first[:-3])
        np.testing.assert_array_equal(shifted[:3], first[[0, 0, 0]])


def test_a_stopped_run_continues_to_the_same_bytes(folder, tmp_path):
    card = fake_models.card("Stopping")
    fake_models.Stopping.clips_left = -1
    _, whole = evaluate(job(folder, card), tmp_path / "whole")
    fake_models.Stopping.clips_left = 1
    with pytest.raises(KeyboardInterrupt):
        evaluate(job(folder, card), tmp_path / "parts")
    assert not list((tmp_path / "parts").rglob("result.json"))
    fake_models.Stopping.clips_left = 1  # only the second scan is left to do
    _, parts = evaluate(job(folder, card), tmp_path / "parts")
    for name in ("result.json", "scores.csv"):
        assert (whole / name).read_bytes() == (parts / name).read_bytes()


def test_a_finished_run_is_reused_until_something_changes(folder, tmp_path):
    card = fake_models.card("Stopping")
    fake_models.Stopping.clips_left = 2
    first = evaluate(job(folder, card), tmp_path)
    assert evaluate(job(folder, card), tmp_path) == first  # the model would stop
    for changed in (
        job(folder, card, profile="mit"),
        job(folder, card, split="train"),
        job(folder, card, version="2"),
        job(folder, fake_models.card("Stopping", window=Window(length=2))),
    ):
        assert changed.key() != first[0].key
    with pytest.raises(KeyboardInterrupt):
        evaluate(job(folder, card), tmp_path, force=True)


def test_the_key_follows_the_data_not_their_place(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "elsewhere" / "copy")
    card = fake_models.card("Brightness")
    assert job(copy, card).key() == job(folder, card).key()
    mean = model_card("mean-map")
    before = job(copy, mean).key()
    path = copy / "gaze.csv"
    path.write_text(path.read_text().replace("s1-c1,9,", "s1-c1,8,", 1))
    assert job(copy, card).key() == job(folder, card).key()
    assert job(copy, mean).key() != before  # the train split's gaze has changed


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("negative", r"model 'fake', clip 's3-c1', frame 9: .*negative"),
        ("nan", r"model 'fake', clip 's3-c1', frame 9: .*finite"),
        ("sum", r"model 'fake', clip 's3-c1', frame 9: the density sums to 0\.5000, not 1"),
        ("shape", r"model 'fake', clip 's3-c1', frame 1: .*23 x 32"),
        ("count", r"model 'fake', clip 's3-c1': \(8, 24, 32\) densities came for 9 windows"),
    ],
)
def test_what_is_no_density_is_refused(folder, tmp_path, fault, words):
    card = fake_models.card("Broken", options={"fault": fault})
    with pytest.raises(PredictionError, match=words):
        evaluate(job(folder, card), tmp_path)
    assert not list(tmp_path.rglob("result.json"))


def test_changed_frames_are_noticed(folder, tmp_path):
    path = folder / "frames" / "s3-c1.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="does not match its sha256"):
        evaluate(job(folder, fake_models.card("Brightness")), tmp_path)


def test_a_split_without_gaze_is_told(folder, tmp_path):
    path = folder / "gaze.csv"
    lines = path.read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("s3", "s4"))]
    path.write_text("\n".join(kept) + "\n")
    with pytest.raises(DatasetError, match="no frame of the test split has gaze. Choose another"):
        evaluate(job(folder, fake_models.card("Brightness")), tmp_path)


def test_a_damaged_result_is_told(folder, tmp_path):
    _, run = evaluate(job(folder, model_card("uniform")), tmp_path)
    (run / "result.json").write_text("{")
    with pytest.raises(DatasetError, match=r"is no valid JSON.*--force"):
        read_result(run)
    (run / "result.json").write_text(json.dumps({"schema": 99}))
    with pytest.raises(DatasetError, match="is no result of schema 1"):
        read_result(run)


def test_two_processes_may_finish_one_run(folder, tmp_path):
    """Another one finishes between this one's last scan and its result."""
    card, others = fake_models.card("Brightness"), []

    def report(done, total):
        if done == total:
            others.append(evaluate(job(folder, card), tmp_path / "runs"))

    mine = evaluate(job(folder, card), tmp_path / "runs", report=report)
    assert [mine] == others
    assert not (mine[1] / "scans").exists()
