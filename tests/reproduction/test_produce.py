"""Missing weights and runs are made by plain commands, and the command line ties it together."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import fusbench
import fusbench.reproduction.produce as produce_module
from fusbench.child import ChildError
from fusbench.cli import main
from fusbench.data.dataset import open_dataset
from fusbench.errors import CheckpointError, UnknownName
from fusbench.reproduction.produce import Production, baselines, produce
from fusbench.zoo.checkpoint import describe, initial_weights, write_checkpoint
from fusbench.zoo.entries import ENTRIES, build


def weights(path, **metadata):
    """A file that is a checkpoint, with nothing in it."""
    write_checkpoint(path, {"a": np.zeros(1)}, metadata)
    return path


class Commands:
    """Stands in for child processes: notes each line, and leaves what the command would."""

    def __init__(self, folder, fail=""):
        self.folder, self.lines, self.fail = folder, [], fail

    def __call__(self, line, *, quiet=True):
        self.lines.append(line)
        options = dict(zip(line[1::2], line[2::2], strict=False))
        if self.fail and self.fail in line:
            raise ChildError("the loss stopped being finite at step 3. Lower the learning rate.")
        if line[0] == "train":
            weights(self.folder / "checkpoints" / options["--out"].rpartition("/")[2])
            return [{}]
        name = options.get("--checkpoint", "").rpartition("/")[2]
        return [{"key": f"{options['--model']}-{name}"}]


@pytest.fixture
def job(tmp_path, folder):
    return Production(
        dataset=str(folder), split="test", backend="torch", work=tmp_path / "work",
        training={"recipe": "fast", "max-steps": "9"}, run=Commands(tmp_path / "work"),
    )  # fmt: skip


def test_what_is_missing_is_trained_and_scored(job, folder):
    data = open_dataset(folder)
    runs = produce(job, ("unet", "clstmunet", "clstmunet-frozen"), data)
    trained = [line for line in job.run.lines if line[0] == "train"]
    assert [line[2] for line in trained] == ["unet-torch", "clstmunet-torch"]  # once for both rows
    assert " ".join(trained[0]) == (
        f"train --model unet-torch --dataset {folder} --seed 0"
        f" --out {job.work}/checkpoints/unet.safetensors --recipe fast --max-steps 9"
    )
    frozen = job.run.lines[-1]
    assert "--freeze-history" in frozen
    assert frozen[frozen.index("--model") + 1] == "clstmunet-torch"
    assert list(runs) == ["uniform", "centre-bias", "mean-map", "unet", "clstmunet",
                          "clstmunet-frozen"]  # fmt: skip
    assert runs["unet"] == (job.work / "runs" / "unet-torch-unet.safetensors",)
    job.run.lines.clear()
    produce(job, ("unet", "clstmunet"), data)
    assert not [line for line in job.run.lines if line[0] == "train"]


def test_every_seed_is_trained_and_scored(job, folder, tmp_path):
    job = replace(job, seeds=(0, 2))
    runs = produce(job, ("unet",), open_dataset(folder))
    names = sorted(path.name for path in (job.work / "checkpoints").iterdir())
    assert names == ["unet-seed2.safetensors", "unet.safetensors"]
    assert len(runs["unet"]) == 2
    weights(job.work / "checkpoints" / "unet-ra-7-9.safetensors")  # of another network
    assert list(job.weights("unet")) == [0, 2]


def test_a_training_that_was_stopped_is_resumed(job):
    (job.work / "checkpoints").mkdir(parents=True)
    (job.work / "checkpoints" / "unet.safetensors.state").touch()
    (job.work / "checkpoints" / "unet.safetensors").touch()  # the best so far; not finished
    assert job.weights("unet") == {}
    job.train("unet", 0)
    assert job.run.lines[0][-1] == "--resume"


def test_weights_of_another_policy_are_refused(job):
    weights(job.work / "checkpoints" / "clstmunet.safetensors", policy="ra-3-5")
    with pytest.raises(CheckpointError) as error:
        job.weights("clstmunet")
    assert str(error.value).endswith(
        "clstmunet.safetensors: was trained with the policy ra-3-5, and the row's is ra-7-9."
        " Take it out of the folder, and the row's own is trained."
    )


def test_a_row_that_fails_is_named(job, folder):
    job = replace(job, run=Commands(job.work, fail="unet-torch"))
    with pytest.raises(ChildError, match="row 'unet': the loss stopped being finite at step 3"):
        produce(job, ("unet",), open_dataset(folder))


def test_baselines_are_those_that_the_data_allow(folder):
    data = open_dataset(folder)
    assert baselines(data) == ("uniform", "centre-bias", "mean-map")
    assert produce_module.CEILING not in baselines(data)


def test_bundled_weights_are_for_the_embedded_phantom_only(job, monkeypatch, tmp_path):
    from fusbench.doors import registry
    from fusbench.zoo import weights as files

    bundled = weights(tmp_path / "bundled.safetensors", policy="none")
    monkeypatch.setattr(registry, "model_card", lambda name: name)
    monkeypatch.setattr(files, "checkpoint_path", lambda card: bundled)
    assert job.weights("unet") == {}
    assert replace(job, dataset="phantom").weights("unet") == {0: bundled}
    # weights of another policy are not the row's, and are trained anew
    assert replace(job, dataset="phantom").weights("clstmunet") == {}
    given = replace(job, dataset="phantom", checkpoints=tmp_path)
    assert given.weights("unet") == {}


def run(capsys, *line):
    with pytest.raises(SystemExit) as stop:
        main([str(part) for part in line])
    printed = capsys.readouterr()
    return stop.value.code, printed.out, printed.err


def test_the_page_from_the_command_line(scans, runs, tmp_path, capsys):
    base = next(iter(runs.values()))[0].parent
    page = tmp_path / "docs" / "reproduction.md"
    code, out, _ = run(
        capsys, "reproduce", "claims", "--runs", base, "--dataset", scans.root, "--out", page,
        "--json",
    )  # fmt: skip
    assert code == 0
    told = json.loads(out)
    assert {one["claim"] for one in told["claims"]} == set("abcdefg")
    text = page.read_text()
    for one in told["claims"]:
        assert f"### ({one['claim']}) {one['text']}: {one['verdict']}" in text
    code, out, _ = run(
        capsys, "reproduce", "table2", "--runs", base, "--dataset", scans.root,
        "--out", tmp_path / "tables",
    )  # fmt: skip
    assert code == 0
    assert "before & after" in out
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {
        f"table2.{suffix}" for suffix in ("md", "csv", "tex", "html")
    }


def test_python_makes_what_the_command_makes(scans, runs, tmp_path, capsys, monkeypatch):
    base = next(iter(runs.values()))[0].parent
    line = ["reproduce", "claims", "--runs", base, "--dataset", scans.root, "--work", tmp_path]
    line += ["--out", tmp_path / "page.md"]
    monkeypatch.setattr("sys.argv", ["fusbench", *map(str, line)])
    run(capsys, *line)
    page = (tmp_path / "page.md").read_bytes()
    _, out, _ = run(capsys, *line, "--json")
    paper = fusbench.Reproduction(runs=base, dataset=scans.root, work=tmp_path)
    claims = paper.claims(tmp_path / "page.md")
    assert claims.page.read_bytes() == page  # the line that it names as its origin, too
    told = json.loads(out)["claims"]
    assert [one["verdict"] for one in told] == claims.frame["verdict"].tolist()
    found = [c["found"]["mean"] for one in told for c in one["comparisons"] if c["found"]]
    assert found == claims.comparisons["mean"].dropna().tolist()
    assert told[0]["verdict"] in claims._repr_html_()
    for name in ("table1", "table2"):
        table = paper.table(name, tmp_path / "mine")
        line = ["reproduce", name, "--runs", base, "--dataset", scans.root, "--json"]
        _, out, _ = run(capsys, *line, "--out", tmp_path / "theirs")
        assert json.loads(out)["rows"] == table.records
        for file in table.files:
            assert file.read_bytes() == (tmp_path / "theirs" / file.name).read_bytes()
        means = pd.read_csv(tmp_path / "mine" / f"{name}.csv")["mean"]
        assert means.tolist() == table.frame["mean"].tolist()
        assert table.title in table._repr_html_()
    with pytest.raises(UnknownName, match="no table of the paper is called 'table3'"):
        paper.table("table3")


def test_wrong_choices_are_one_line(scans, tmp_path, capsys):
    base = ["reproduce", "claims", "--dataset", scans.root, "--runs"]
    code, _, err = run(capsys, *base, tmp_path / "nowhere")
    assert code == 1
    assert err.startswith("error: ")
    assert "no folder of runs is here. Check --runs." in err
    code, _, err = run(capsys, "reproduce", "table1", "--seeds", "a", "--dataset", scans.root)
    assert code == 1
    assert "--seeds: 'a' is no list of numbers" in err
    code, _, err = run(capsys, "reproduce", "figure2", "--dataset", scans.root, "--clip", "s99")
    assert "no clip of the test split is called 's99'" in err
    code, _, _ = run(capsys, "reproduce", "table3")
    assert code == 2


def test_a_table_from_nothing(folder, tmp_path, capsys, monkeypatch):
    """Two rows have weights, the third is trained; all are scored and set beside the paper's."""
    pytest.importorskip("fusbench_torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    folder_of_weights = tmp_path / "weights"
    for name in ("clstmunet", "clstmunet-after"):
        network, window = build(name), ENTRIES[name].window
        start = initial_weights(network, np.random.default_rng(0))
        path = folder_of_weights / f"{name}.safetensors"
        write_checkpoint(path, start, describe(network, name, window))
    line = ["reproduce", "table2", "--dataset", folder, "--checkpoints", folder_of_weights]
    line += ["--work", tmp_path / "work", "--margin", "1", "--max-steps", "2"]
    code, out, err = run(capsys, *line, "--json")
    assert code == 0, err
    assert (folder_of_weights / "clstmunet-around.safetensors").exists()
    told = {(row["row"], row["metric"]): row for row in json.loads(out)["rows"]}
    assert told["clstmunet", "kld"]["reported"] == 2.08
    frames = pd.concat(
        pd.read_csv(path) for path in (tmp_path / "work" / "runs").glob("clstmunet-around-*/*.csv")
    )
    kept = frames[
        (frames["frame"] >= 1) & (frames["frame"] < frames["clip_id"].map({"s3-c1": 9, "s4-c1": 7}))
    ]
    assert told["clstmunet-around", "kld"]["mean"] == pytest.approx(kept["kld"].mean())
    assert len(kept) < len(frames)
