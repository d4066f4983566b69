"""Scans dealt out to splits and folds, and what follows a fold's number."""

import json

import numpy as np
import pytest
from support.command import error_of, run
from support.small_dataset import small_clip, small_info

from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.data.split import deal, fold_scans, read_patients, split_scans
from fusbench.data.writer import write_dataset
from fusbench.errors import ConfigError, DatasetError
from fusbench.verbs.dataset import few_scans


@pytest.fixture
def study(tmp_path):
    """Twelve scans of 10 to 32 frames, all in the train split."""
    clips = [small_clip(n, "train", n_frames=10 + 2 * (n % 12)) for n in range(1, 13)]
    return write_dataset(tmp_path / "study", small_info(), clips)


@pytest.mark.parametrize(
    ("tested", "scans", "words"),
    [
        (5, 25, None),
        (1, 8, "has 1 scan; an interval needs 5. Use --folds 5, which tests all 8."),
        (2, 12, "Use --folds 5, which tests all 12, or give it 42 % of the frames."),
        (1, 4, "has 1 scan; an interval needs 5, and there are 4 in all: import more."),
    ],
)
def test_a_split_of_few_scans_says_what_an_interval_needs(tested, scans, words):
    lines = few_scans(tested, scans)
    assert lines == [] if words is None else lines[0].endswith(words)


@pytest.mark.parametrize("seed", range(5))
def test_shares_hold_in_frames(seed):
    rng = np.random.default_rng(seed)
    frames = {f"s{n}": int(count) for n, count in enumerate(rng.integers(30, 900, 60))}
    parts = deal(frames, (60, 20, 20), seed)
    share = [sum(frames[s] for s, p in parts.items() if p == part) for part in range(3)]
    assert np.allclose(np.array(share) / sum(share), (0.6, 0.2, 0.2), atol=0.03)
    sizes = [np.mean([frames[s] for s, p in parts.items() if p == part]) for part in range(3)]
    assert max(sizes) < 1.5 * min(sizes)  # stratified: no part gets the long scans alone
    assert parts == deal(dict(reversed(frames.items())), (60, 20, 20), seed)
    assert parts != deal(frames, (60, 20, 20), seed + 100)


def test_every_part_gets_a_group_where_there_are_enough():
    parts = deal({"a": 900, "b": 10, "c": 10}, (60, 20, 20), 0)
    assert set(parts.values()) == {0, 1, 2}


def test_a_split_is_stored_and_people_stay_together(study, tmp_path):
    key = tmp_path / "key.csv"
    key.write_text("scan_id,patient\n" + "".join(f"s{n},p{n % 5}\n" for n in range(1, 13)))
    before = open_dataset(study)
    split = split_scans(study, before.clips, seed=3, people=read_patients(key))
    assert set(split.values()) == {"train", "val", "test"}
    for n in range(1, 8):
        assert split[f"s{n}"] == split[f"s{n + 5}"]
    data = open_dataset(study)
    assert {clip.scan_id: clip.split for clip in data.clips} == split
    assert [c.digest for c in data.clips] == [c.digest for c in before.clips]
    assert check_dataset(study) == []
    assert "p1" not in (study / "clips.csv").read_text()
    key.write_text("scan_id,patient\ns1,p1\n")
    with pytest.raises(ConfigError, match=r"scan 's10': the patient key lacks it"):
        split_scans(study, data.clips, people=read_patients(key))
    key.write_text("scan,patient\ns1,p1\n")
    with pytest.raises(ConfigError, match="columns scan_id and patient"):
        read_patients(key)


def test_folds_take_turns(study):
    fold_scans(study, open_dataset(study).clips, 4, seed=1)
    tested, validated = [], []
    for fold in range(1, 5):
        data = open_dataset(study, fold=fold)
        of = {s: {c.scan_id for c in data.clips if c.split == s} for s in ("train", "val", "test")}
        assert len(set.union(*of.values())) == sum(map(len, of.values())) == 12
        tested += of["test"]
        validated += of["val"]
        assert data.fold == fold
    assert sorted(tested) == sorted(validated) == sorted(f"s{n}" for n in range(1, 13))
    assert open_dataset(study).fold is None
    assert {clip.split for clip in open_dataset(study).clips} == {"train"}


def test_an_embedded_data_set_is_called_by_its_name_and_not_by_its_folder_in_the_cache():
    for fold in (1, "all"):
        with pytest.raises(DatasetError) as caught:
            open_dataset("phantom-tiny", ("test",), fold=fold)
        assert str(caught.value).startswith(
            "data set 'phantom-tiny': the data set stores no folds. Make a copy with 'fusbench"
        )
    data = open_dataset("phantom-tiny", ("test",))
    with pytest.raises(DatasetError, match="^data set 'phantom-tiny', clip '.*': holds the clip's"):
        _ = data.split("train")[0].frames
    told = error_of("evaluate", "--model", "uniform", "--dataset", "phantom-tiny", "--fold", "1")
    assert "data set 'phantom-tiny'" in told
    assert str(data.root.parent) not in told


def test_faults_of_folds(study):
    with pytest.raises(DatasetError, match=r"stores no folds. Make them with: fusbench dataset"):
        open_dataset(study, fold=1)
    clips = open_dataset(study).clips
    with pytest.raises(ConfigError, match="2 folds leave no scan to train on"):
        fold_scans(study, clips, 2)
    with pytest.raises(ConfigError, match="12 scans cannot fill 13 parts"):
        fold_scans(study, clips, 13)
    fold_scans(study, clips, 3)
    with pytest.raises(ConfigError, match=r"there is no fold 4. Use --fold 1 to 3"):
        open_dataset(study, fold=4)
    path = study / "folds.csv"
    path.write_text(path.read_text().replace("s7,", "s70,"))
    with pytest.raises(DatasetError, match=r"scan 's7': has no fold"):
        open_dataset(study, fold=1)
    path.write_text("scan_id,fold\ns1,one\n")
    with pytest.raises(DatasetError, match="is no table of scan_id and fold"):
        open_dataset(study, fold=1)


def test_a_fold_is_part_of_a_run(study, tmp_path):
    from fusbench.discovery import MODELS, find
    from fusbench.doors.registry import model_card
    from fusbench.evaluation.job import Evaluation
    from fusbench.evaluation.run import evaluate

    fold_scans(study, open_dataset(study).clips, 3)
    owner = find(MODELS, "model", "mean-map").distribution
    keys = set()
    for fold in (1, 2, 3):
        data = open_dataset(study, fold=fold)
        job = Evaluation(card=model_card("mean-map"), dataset=data, owner=owner)
        result, folder = evaluate(job, tmp_path / "runs")
        assert result.dataset.fold == fold
        assert set(json.loads((folder / "result.json").read_text())["dataset"]) >= {"fold"}
        keys.add(result.key)
    assert len(keys) == 3


def test_split_and_fold_on_the_command_line(study, tmp_path):
    shown = run("dataset", "split", study, "--folds", "3", "--seed", "2").stdout
    assert "fold 1" in shown
    made = json.loads(run("dataset", "split", study, "--json", "--shares", "50,25,25").stdout)
    assert sorted(made["scans"].values()).count("train") in (5, 6, 7)
    done = run(
        "evaluate", "--model", "uniform", "--dataset", study, "--fold", "2", "--json",
        "--out", tmp_path / "runs",
    )  # fmt: skip
    assert json.loads(done.stdout)["dataset"]["fold"] == 2
    for arguments, words in (
        (("--shares", "1,2"), "the shares '1,2' cannot be read"),
        (("--shares", "1,2,0"), "are not all positive"),
        (("--shares", "1,2,3", "--folds", "3"), "exclude each other"),
    ):
        assert words in run("dataset", "split", study, *arguments, code=1).stderr
    assert "no data set folder is here" in run("dataset", "split", "phantom", code=1).stderr


def test_training_takes_a_fold(study):
    pytest.importorskip("fusbench_torch")
    from fusbench import model_card
    from fusbench.verbs.choices import Choices
    from fusbench.verbs.preparing import prepared

    fold_scans(study, open_dataset(study).clips, 3)
    job, _ = prepared(model_card("unet-torch"), study, Choices(fold=2), "fusbench train")
    wanted = open_dataset(study, fold=2)
    assert job.metadata["fold"] == "2"
    assert job.metadata["train_fingerprint"] == wanted.fingerprint("train")
    assert {clip.scan_id for clip in job.val.clips} == {c.scan_id for c in wanted.split("val")}


def test_runs_of_a_fold_are_compared_and_looked_at(study, tmp_path):
    fold_scans(study, open_dataset(study).clips, 3)
    runs = []
    for model in ("mean-map", "centre-bias"):
        done = run(
            "evaluate", "--model", model, "--dataset", study, "--fold", "2", "--json",
            "--out", tmp_path / "runs",
        )  # fmt: skip
        runs.append(tmp_path / "runs" / json.loads(done.stdout)["key"])
    compared = json.loads(run("compare", *runs, "--dataset", study, "--json").stdout)
    assert "by segment" in compared["parts"]
    base = (
        "view",
        study,
        "--result",
        runs[0],
        "--json",
        "--clips",
        0,
        "--out",
        tmp_path / "p.html",
    )
    shown = json.loads(run(*base, "--fold", 2).stdout)
    tested = [clip.clip_id for clip in open_dataset(study, fold=2).split("test")]
    assert sorted(shown["clips"]) == sorted(tested)
    assert "test split of fold 2) than" in run(*base, "--fold", 1, code=1).stderr
