"""What predictions are compared with, and runs that name their metrics."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from support.fake_models import card

from fusbench import metrics
from fusbench.cli import cli
from fusbench.data.dataset import open_dataset
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import DatasetError, UnknownName
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.results import read_result, read_scores
from fusbench.evaluation.run import evaluate
from fusbench.evaluation.targets import Targets
from fusbench.models.densities import densities

ALL = ("kld", "sim", "nss", "cc", "auc-judd", "auc-borji", "sauc", "ig", "emd")


def job(folder, **changes):
    given = {"card": card("Brightness"), "dataset": open_dataset(folder), "metrics": ALL}
    return Evaluation(**given | changes)


def without_train(folder):
    path = folder / "gaze.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("s1")) + "\n")
    return folder


def test_other_fixations_are_those_of_all_other_scans(folder):
    data = open_dataset(folder)
    targets = Targets(dataset=data, split="train", needs=frozenset())
    with pytest.raises(DatasetError, match="no scan of the train split but 's1' has gaze. Leave"):
        targets.other_fixations("s1")
    targets = Targets(dataset=data, split="test", needs=frozenset())
    for scan_id, other in (("s3", "s4-c1"), ("s4", "s3-c1"), ("s3", "s4-c1")):
        clip = next(clip for clip in data.clips if clip.clip_id == other)
        want = sum(clip.fixation_map(frame).astype(int) for frame in clip.gaze.frames())
        np.testing.assert_array_equal(targets.other_fixations(scan_id), want)


def test_the_baseline_is_what_mean_map_predicts(folder):
    data = open_dataset(folder)
    targets = Targets(dataset=data, split="test", needs=frozenset({"baseline"}))
    model = load_model(model_card("mean-map"), dataset=data)
    np.testing.assert_array_equal(targets.baseline, model.predict(np.zeros((1, 1, 24, 32)))[0])


def test_without_train_gaze_the_baseline_is_the_centre_bias_and_says_so(folder, tmp_path):
    asked = job(without_train(folder), card=model_card("centre-bias"), metrics=("ig",))
    assert "|baseline:centre-bias|" in asked.signature
    result, _ = evaluate(asked, tmp_path)
    assert result.summary["ig"]["mean"] == pytest.approx(0, abs=1e-12)


def test_the_mean_map_gains_nothing_over_itself(folder, tmp_path):
    result, _ = evaluate(job(folder, card=model_card("mean-map"), metrics=("ig",)), tmp_path)
    assert result.summary["ig"]["mean"] == 0


@pytest.mark.parametrize("profile", metrics.PROFILES)
def test_every_metric_of_a_run_is_that_of_the_function(folder, tmp_path, profile):
    asked = job(folder, profile=profile)
    result, run = evaluate(asked, tmp_path)
    scores = read_scores(run)
    assert list(scores.columns) == ["scan_id", "clip_id", "frame", *ALL]
    clip = next(clip for clip in asked.dataset.split("test") if clip.clip_id == "s4-c1")
    frames = clip.gaze.frames()[:3]
    other = sum(
        c.fixation_map(f).astype(int)
        for c in asked.dataset.split("test")
        if c.scan_id == "s3"
        for f in c.gaze.frames()
    )
    baseline = load_model(model_card("mean-map"), dataset=asked.dataset).density
    predicted = densities(load_model(asked.card), asked.card, clip, frames)
    for frame, density in zip(frames, predicted, strict=True):
        g, fixations = clip.saliency_map(frame), clip.fixation_map(frame)
        want = {
            "kld": metrics.kld(density, g, profile),
            "nss": metrics.nss(density, fixations, profile),
            "auc-judd": metrics.auc_judd(density, fixations, profile),
            "auc-borji": metrics.auc_borji(density, fixations, profile),
            "sauc": metrics.sauc(density, fixations, other, profile),
            "ig": metrics.ig(density, fixations, baseline, profile),
            "emd": metrics.emd(density, g, profile),
        }
        row = scores[(scores.clip_id == "s4-c1") & (scores.frame == frame)].iloc[0]
        for key, value in want.items():
            assert row[key] == pytest.approx(float(value), rel=1e-10), key
    for key in ALL:
        assert result.summary[key]["mean"] == pytest.approx(scores[key].mean(), rel=1e-12)


def test_the_choice_of_metrics_makes_the_run(folder, tmp_path):
    four = job(folder, metrics=tuple(metrics.METRICS))
    assert four.key() == Evaluation(card=four.card, dataset=four.dataset).key()
    assert four.signature == "kld+sim+nss+cc|profile:tuebingen|sigma:2px|agg:frame-mean|v:1"
    assert job(folder, metrics=("ig", "kld")).key() == job(folder, metrics=("kld", "ig")).key()
    keys = {job(folder, metrics=chosen).key() for chosen in (ALL, ("kld",), ("kld", "ig"))}
    assert len(keys | {four.key()}) == 4
    first = evaluate(four, tmp_path)[1]
    evaluate(job(folder), tmp_path)
    assert read_result(first).summary.keys() == metrics.METRICS.keys()


def test_only_a_run_with_a_baseline_follows_the_train_gaze(folder):
    before = [job(folder, metrics=chosen).key() for chosen in (("kld",), ("kld", "ig"))]
    path = folder / "gaze.csv"
    path.write_text(path.read_text().replace("s1-c1,9,", "s1-c1,8,", 1))
    after = [job(folder, metrics=chosen).key() for chosen in (("kld",), ("kld", "ig"))]
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_both_kernels_make_the_same_run(folder, tmp_path):
    pytest.importorskip("numba")
    tables, jobs = [], [job(folder, kernel=name) for name in ("numpy", "numba")]
    for asked in jobs:
        result, run = evaluate(asked, tmp_path / asked.kernel)
        tables.append(read_scores(run))
        assert ("numba" in result.environment["versions"]) == (asked.kernel == "numba")
    assert jobs[0].key() == jobs[1].key()
    pd.testing.assert_frame_equal(*tables, rtol=1e-12, atol=1e-12)


def test_metrics_on_the_command_line(folder, tmp_path):
    base = ["evaluate", "--model", "uniform", "--dataset", str(folder), "--out", str(tmp_path)]
    shown = CliRunner().invoke(cli, [*base, "--metrics", "emd,ig,kld,sim,nss,cc, auc-judd"])
    assert shown.exit_code == 0, shown.output
    heads = [line.split() for line in shown.output.splitlines() if "↑" in line or "↓" in line]
    names = [[word for word in head if word not in "↑↓"] for head in heads]
    assert names == [
        ["model", "KLD", "SIM", "NSS", "CC", "ms/frame"],
        ["model", "AUC-Judd", "IG", "EMD"],
    ]
    assert "The baseline density is that of mean-map, fitted on the train split." in shown.output
    assert "Signature: kld+sim+nss+cc+auc-judd+ig+emd|" in shown.output
    config = tmp_path / "run.toml"
    config.write_text('[evaluate]\nmetrics = ["cc", "sauc"]\n')
    done = CliRunner().invoke(cli, [*base, "--config", str(config), "--json"])
    assert set(json.loads(done.output)["summary"]) == {"cc", "sauc"}
    plain = CliRunner().invoke(cli, [*base, "--json"])
    assert set(json.loads(plain.output)["summary"]) == set(metrics.METRICS)
    wrong = CliRunner().invoke(cli, [*base, "--metrics", "kld,auc-jud"])
    assert isinstance(wrong.exception, UnknownName)
    assert "no metric is called 'auc-jud'. Did you mean 'auc-judd'" in str(wrong.exception)
    assert CliRunner().invoke(cli, [*base, "--metrics", ","]).exit_code == 2


def test_metric_list_and_show():
    listed = CliRunner().invoke(cli, ["metric", "list"]).output
    lines = [line.split()[:2] for line in listed.splitlines()]
    assert lines[3:7] == [["kld", "*"], ["sim", "*"], ["nss", "*"], ["cc", "*"]]
    shown = CliRunner().invoke(cli, ["metric", "show", "ig"]).output
    assert "in profile mit" in shown
    assert "Kuemmerer" in shown
    facts = json.loads(CliRunner().invoke(cli, ["metric", "show", "emd", "--json"]).output)
    assert facts["unit"] == "bins of 32 px"
    assert set(facts["definitions"]) == set(metrics.PROFILES)
