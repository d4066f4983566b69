"""Deliberately broken plug-ins: each says what is wrong, and none stops a healthy one."""

import json
import os

import pytest
from support.broken_plugins import (
    FAIL_WHEN_CHECKED,
    FAIL_WHEN_READ,
    FAIL_WHEN_SCORED,
    install,
    install_all,
    module_of,
)
from support.command import run

from fusbench import ModelCard, evaluate
from fusbench.discovery import MODELS, scan
from fusbench.isolation.cards import read_cards
from fusbench.testing import check_model

OTHERS = {
    "twin": "the name is claimed by twin-a 1.0 and twin-b 1.0. Uninstall one of them",
    "malformed": "malformed entry_points.txt: While reading from 'entry_points.txt' [line 3]",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    install_all(folder)
    return folder


def test_each_fails_for_its_own_reason_and_the_healthy_one_is_scored(site, folder, tmp_path):
    names = [*FAIL_WHEN_SCORED, *FAIL_WHEN_READ, *OTHERS, "healthy"]
    done = run(
        "evaluate", *(f"--model={name}" for name in names), "--dataset", folder, "--json",
        "--out", tmp_path, "--timeout", "8", "--memory-limit", "4", code=1,
        env={**os.environ, "PYTHONPATH": str(site)},
    )  # fmt: skip
    rows = {row["model"]["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert list(rows) == names
    for table in (FAIL_WHEN_SCORED, FAIL_WHEN_READ):
        for name, (_, words) in table.items():
            assert words in rows[name]["failed"], name
            assert rows[name]["failed"].startswith(f"model '{name}'"), name
    for name, words in OTHERS.items():
        assert words in rows[name]["failed"], name
    assert rows["healthy"]["n_frames"] == 16
    errors = [line for line in done.stderr.splitlines() if line]
    assert len(errors) == len(names) - 1
    assert all(line.startswith("error: model '") for line in errors)
    kept = (tmp_path / "import-error-failed" / "failure.txt").read_text()
    assert "Traceback" in kept
    assert "import no_such_thing" in kept
    assert "Segmentation fault" in next(tmp_path.glob("segfaults-*/failure.txt")).read_text()
    assert "raised ValueError: bad luck" in next(tmp_path.glob("raises-*/failure.txt")).read_text()


NEIGHBOURS = {
    "uniform": module_of("uniform", "return 7 * good(frames)"),
    "refuses": module_of("refuses", "return good(frames)")
    .replace("self.card = card", "raise DatasetError('my data are gone', 'here', 'Look.')")
    .replace("import numpy", "from fusbench.errors import DatasetError\nimport numpy"),
    "slow": "import time; time.sleep(60)\n" + module_of("slow", "return good(frames)"),
    "early": module_of("early", "return good(frames)"),
}


def test_one_never_stops_another(folder, tmp_path, monkeypatch):
    """A name of ours, an error of ours, a slow neighbour, and two files of one name."""
    for name, text in NEIGHBOURS.items():
        install(tmp_path, name, text)
    files = []
    for number in (1, 2):
        files.append(tmp_path / str(number) / "net.py")
        files[-1].parent.mkdir()
        files[-1].write_text(f"def predict(frames):\n    d = frames[:, -1] + {number}.0\n"
                             "    return d / d.sum((1, 2), keepdims=True)\n")  # fmt: skip
    monkeypatch.syspath_prepend(str(tmp_path))
    entries, faults = scan(MODELS)
    assert entries["uniform"].distribution == "fusbench"
    (fault,) = [fault for fault in faults if fault.name == "uniform"]
    assert "the name 'uniform' is that of fusbench" in fault.what
    monkeypatch.setattr("fusbench.isolation.copies.PATIENCE_S", 3)
    asked = [entries[name] for name in ("early", "refuses", "slow")]
    early, refuses, slow = (read for _, read in read_cards(asked))
    assert isinstance(early, ModelCard)
    assert isinstance(refuses, ModelCard)
    assert "gave no answer within 3 s" in str(slow)
    rows = evaluate(["refuses", *files, "uniform"], folder, runs=tmp_path / "runs")
    assert [row.name for row in rows][1:] == [*(f"net ({file})" for file in files), "uniform"]
    assert str(rows.failures[0].error).startswith("here: my data are gone. Look.")
    assert list(rows.summary.index) == [run.name for run in rows.runs]
    assert len(set(rows.summary["kld"])) == 3


def test_listing_marks_the_broken_and_keeps_the_rest(site):
    env = {**os.environ, "PYTHONPATH": str(site)}
    rows = {row["name"]: row for row in json.loads(run("model", "list", "--json", env=env).stdout)}
    assert {"uniform", "healthy", *FAIL_WHEN_SCORED} <= set(rows)
    for name, (_, words) in FAIL_WHEN_READ.items():
        assert words.partition(". ")[0] in rows[name]["fault"]
    assert "claimed by twin-a 1.0 and twin-b 1.0" in rows["twin"]["fault"]
    assert "malformed entry_points.txt" in rows["malformed"]["fault"]
    text = run("model", "list", env=env).stdout
    assert "! dies-on-import" in text
    assert "[line" in text
    assert "\\[" not in text
    assert "ended its process with exit code 4" in text


def test_showing_a_broken_one_tells_the_cause(site):
    env = {**os.environ, "PYTHONPATH": str(site)}
    shown = json.loads(run("model", "show", "import-error", "--json", code=1, env=env).stdout)
    assert "No module named 'no_such_thing'" in shown["fault"]
    assert shown["from"] == "import-error 1.0"
    assert shown["entry point"] == "import_error:card"
    assert "import no_such_thing" in shown["last lines"]


@pytest.mark.parametrize("name", FAIL_WHEN_CHECKED)
def test_the_check_measures_each_breach(name, tmp_path, monkeypatch):
    body, rule, words = FAIL_WHEN_CHECKED[name]
    install(tmp_path, name, module_of(name, body))
    monkeypatch.syspath_prepend(str(tmp_path))
    report = check_model(name)
    findings = {finding.rule: finding for finding in report.findings}
    assert not report.passed
    assert findings[rule].passed is False
    assert words in findings[rule].measured
    assert findings[rule].fix


def test_a_card_that_imports_a_framework_is_heavy(tmp_path, monkeypatch):
    (tmp_path / "tensorflow.py").write_text("")
    install(tmp_path, "heavy", "import tensorflow\n" + module_of("heavy", "return good(frames)"))
    monkeypatch.syspath_prepend(str(tmp_path))
    broken = [finding for finding in check_model("heavy").findings if finding.passed is False]
    assert [finding.rule for finding in broken] == ["light"]
    assert "tensorflow among them" in broken[0].measured
    assert broken[0].fix.startswith("Move the heavy imports out of the card's module")


def test_after_a_crash_the_rest_is_not_reached(tmp_path, monkeypatch):
    install(tmp_path, "crash", module_of("crash", "import os; os.abort()"))
    monkeypatch.syspath_prepend(str(tmp_path))
    report = check_model("crash")
    by_rule = {finding.rule: finding for finding in report.findings}
    assert "crashed with SIGABRT" in by_rule["answers"].measured
    assert by_rule["sum"].passed is None
    assert by_rule["sum"].measured == "not reached, since 'answers' is broken"
    assert "Fatal Python error" in report.last_words
