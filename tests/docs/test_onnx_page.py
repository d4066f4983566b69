"""The page on ONNX prints what stands on it, and its files are what it says they are."""

import shutil
from pathlib import Path

import pytest
from support.examples import run

import fusbench
from fusbench.data.window import Window
from fusbench.doors.exported import card_of_exported

PAGE = Path(__file__).parents[2] / "docs/how-to/onnx.md"


def test_the_page_runs(tmp_path, monkeypatch):
    pytest.importorskip("fusbench_onnx.model")
    monkeypatch.chdir(tmp_path)
    fusbench.export_model("clstmunet-onnx", "clstmunet.onnx")
    shutil.copy("clstmunet.onnx", "my-net.onnx")
    for match, printed in run(PAGE.read_text(encoding="utf-8")):
        assert printed.splitlines() == (match["shown"] or "").splitlines(), match["code"]
    card = card_of_exported(Path("my-net.onnx"))
    assert (card.name, card.window, card.input_shape) == ("my-net", Window(length=6), (56, 72))
