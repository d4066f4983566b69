"""The command line as a user meets it, in processes of its own."""

import json
import subprocess
import sys

import pytest
from support.command import error_of, run

POISON = """
import sys
class Poison:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "tensorflow", "keras", "pandas", "cv2", "scipy"):
            raise AssertionError(f"{name} was imported")
sys.meta_path.insert(0, Poison())
from fusbench.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("arguments", [["--help"], ["model", "list"], ["evaluate", "--help"]])
def test_listing_and_help_import_nothing_heavy(arguments):
    done = subprocess.run(
        [sys.executable, "-c", POISON, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_evaluate_as_json(folder, tmp_path):
    done = run(
        "evaluate", "--model", "uniform", "--model", "mean-map", "--dataset", folder, "--json",
        "--out", tmp_path / "runs",
    )  # fmt: skip
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result["model"]["name"] for result in results] == ["uniform", "mean-map"]
    for result in results:
        assert set(result["summary"]) == {"kld", "sim", "nss", "cc"}
        kld = result["summary"]["kld"]
        assert kld["low"] is kld["high"] is None  # two scans bear no interval
        assert kld["scan_min"] <= kld["mean"] <= kld["scan_max"]
        assert (tmp_path / "runs" / result["key"] / "scores.csv").exists()
    assert results[0]["summary"]["cc"]["mean"] == 0
    assert done.stderr == ""


def test_evaluate_shows_floors_and_says_synthetic(folder, tmp_path):
    done = run("evaluate", "--model", "uniform", "--dataset", folder, "--out", tmp_path / "runs")
    for words in ("uniform", "centre-bias", "mean-map", "small (synthetic), test split"):
        assert words in done.stdout
    assert "16 frames of 2 scans scored; 2 skipped for want of gaze." in done.stdout
    assert "Signature: " in done.stdout
    assert "ideal-observer" not in done.stdout  # nothing is known of this gaze's origin


def test_settings_from_a_file(folder, tmp_path):
    config = tmp_path / "run.toml"
    config.write_text(f'[evaluate]\nmodel = ["uniform"]\ndataset = "{folder}"\nsplit = "val"\n')
    base = ("evaluate", "--config", config, "--json", "--out", tmp_path / "runs")
    assert json.loads(run(*base).stdout)["split"] == "val"
    assert json.loads(run(*base, "--split", "train").stdout)["split"] == "train"
    config.write_text('[evaluate]\nmodle = ["uniform"]\n')
    assert "no option is called 'modle'. Did you mean 'model'" in error_of(*base)
    config.write_text("[evaluat]\n")
    assert "the table 'evaluat' is unknown. Use [evaluate]." in error_of(*base)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "unifrom"), "no model is called 'unifrom'. Did you mean 'uniform'?"),
        (("--model", "uniform", "--dataset", "phantm"), "Did you mean 'phantom'"),
        (
            ("--model", "uniform", "--split", "tset"),
            "no split is called 'tset'. Did you mean 'test'",
        ),
        (("--model", "uniform", "--profile", "mti"), "Did you mean 'mit'"),
    ],
)
def test_wrong_names_are_answered_with_near_ones(folder, arguments, words):
    if "--dataset" not in arguments:
        arguments += ("--dataset", folder)
    assert words in error_of("evaluate", *arguments)


def test_wrong_usage_is_exit_code_2():
    assert "Missing option '--model'" in run("evaluate", code=2).stderr
    assert "No such option" in run("evaluate", "--modle", "x", code=2).stderr
    assert "Did you mean 'evaluate'" in run("evalute", code=2).stderr


def test_debug_shows_the_traceback(folder):
    done = run("evaluate", "--model", "none", "--debug", code=1)
    assert "Traceback" in done.stderr


def test_a_read_only_cache_is_one_line(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = error_of(
        "evaluate", "--model", "uniform", "--dataset", "phantom-tiny",
        env={"FUSBENCH_CACHE": str(blocked), "PATH": ""},
    )  # fmt: skip
    assert "cannot be written" in done
    assert "Choose another path" in done


def test_model_list_and_show():
    rows = json.loads(run("model", "list", "--json").stdout)
    assert {"uniform", "centre-bias", "mean-map", "ideal-observer"} <= {row["name"] for row in rows}
    shown = json.loads(run("model", "show", "mean-map", "--json").stdout)
    assert shown["sees"] == "train-gaze"
    assert "no model is called 'men-map'. Did you mean 'mean-map'" in error_of(
        "model", "show", "men-map"
    )


def test_dataset_check_lists_findings(folder):
    assert "no findings" in run("dataset", "check", folder).stdout
    (folder / "frames" / "s3-c1.npy").unlink()
    done = run("dataset", "check", folder, code=1)
    assert "s3-c1.npy: the file is missing" in done.stdout
    assert "1 finding" in done.stdout


def test_dataset_show(folder):
    counts = json.loads(run("dataset", "show", folder, "--json").stdout)["splits"]
    assert counts["train"] == {
        "scans": 1, "clips": 2, "frames": 20, "without_gaze": 2, "points": 34,
        "points_per_frame": 1.89,
    }  # fmt: skip


def test_dataset_make_recognises_its_own_work(tmp_path):
    made = tmp_path / "made"
    run("dataset", "make", "phantom-tiny", made)
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    run("dataset", "make", "phantom-tiny", made)
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before
    assert "already exists" in error_of("dataset", "make", "phantom-tiny", made, "--seed", "9")


def test_dataset_make_refuses_an_existing_folder(folder):
    assert "already exists" in error_of("dataset", "make", "phantom-tiny", folder)
    assert "a lag of 3.0 s is outside 0..1" in error_of(
        "dataset", "make", "phantom-tiny", folder, "--lag-s", "3"
    )
