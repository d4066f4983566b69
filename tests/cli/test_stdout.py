"""Standard output of any encoding, full or closed: results or one clear line, never a traceback."""

import os
import subprocess
import sys

import pytest
from support.command import run

TABLES = (["metric", "list"], ["model", "list"], ["dataset", "list"], ["metric", "show", "kld"])
FULL = "error: standard output: cannot be written: No space left on device."


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
@pytest.mark.parametrize("arguments", TABLES)
def test_tables_are_written_in_any_encoding(arguments, encoding):
    variables = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "fusbench", *arguments]
    done = subprocess.run(command, capture_output=True, env=variables, check=True)
    rule = "─" if encoding == "utf-8" else "-"
    lines = done.stdout.decode(encoding).splitlines()
    assert any(line and set(line) == {rule} for line in lines)
    assert done.stderr == b""


def test_scores_are_written_in_ascii(folder, tmp_path):
    variables = {**os.environ, "PYTHONIOENCODING": "ascii", "FUSBENCH_CACHE": str(tmp_path)}
    arguments = ("evaluate", "--model", "uniform", "--dataset", folder, "--out", tmp_path / "runs")
    assert "KLD v" in run(*arguments, env=variables).stdout


@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", [*TABLES, ["--help"], ["--version"], ["model", "list", "--json"]]
)
def test_a_full_output_is_one_line(arguments, buffered):
    command = [sys.executable, "-m", "fusbench", *arguments]
    variables = {**os.environ, "PYTHONUNBUFFERED": buffered}
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=variables)
    assert done.returncode == 1
    assert done.stderr.decode().strip() == f"{FULL} Free some space, or write elsewhere."


def test_a_closed_output_is_no_error():
    line = f"{sys.executable} -m fusbench metric list >&-"
    done = subprocess.run(line, shell=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
