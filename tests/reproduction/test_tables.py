"""The paper's tables in four formats, and Figure 2."""

import io
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import cv2
import numpy as np
import pandas as pd
import pytest

from fusbench.board.published import papers
from fusbench.drawing.frames import save_figure
from fusbench.errors import DatasetError, UnknownName
from fusbench.reproduction.figure2 import choose, figure2, label_places
from fusbench.reproduction.formats import to_csv, to_html, to_latex, to_markdown
from fusbench.reproduction.rows import METRICS, TABLES, TITLES
from fusbench.reproduction.tables import paper_table


@pytest.fixture(scope="module")
def table(board):
    fewer = {key: scores for key, scores in board.scores.items() if key != "unet-ra-5-5"}
    board = replace(board, scores=fewer)
    return paper_table("table1", TITLES["table1"], TABLES["table1"], board)


def test_a_table_sets_ours_beside_the_reported(table, board):
    lines = {line.key: line for line in table.lines}
    assert list(lines) == list(TABLES["table1"])
    assert [line.key for line in table.floors] == ["uniform", "centre-bias", "mean-map"]
    for key, line in lines.items():
        for metric, cell in line.cells.items():
            assert cell.reported == papers().score(key, metric)
            if key == "unet-ra-5-5":
                assert cell.mean is None
            else:
                assert cell.mean == pytest.approx(np.mean(board.column(key, metric)))
                assert cell.low < cell.mean < cell.high
    best = {m: [k for k, line in lines.items() if line.cells[m].best_reported] for m in METRICS}
    assert best == {metric: ["clstmunet"] for metric in METRICS}
    ours = [k for k, line in lines.items() if line.cells["kld"].best]
    assert ours == [min(
        (k for k in lines if k != "unet-ra-5-5"), key=lambda k: np.mean(board.column(k, "kld"))
    )]  # fmt: skip
    assert "synthetic data" in table.notes[0]
    assert "private data" in table.notes[-1]


def test_csv_keeps_full_precision(table):
    frame = pd.read_csv(io.StringIO(to_csv(table)))
    assert len(frame) == (3 + 9 + 1) * 4
    line = table.lines[2]
    row = frame[(frame["row"] == line.key) & (frame["metric"] == "nss")].iloc[0]
    assert (row["mean"], row["low"]) == (line.cells["nss"].mean, line.cells["nss"].low)
    assert row["seeds"] == 3
    assert row["interval_covers"] == "scans and seeds"


def test_markdown_and_latex_have_a_line_a_row(table):
    lines = [line for line in to_markdown(table).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 3 + 9 + 1
    assert len({line.count("|") for line in lines}) == 1
    assert "| U-Net, RA(5,5) | 0 | no run | - |" in lines[6]
    tex = to_latex(table)
    body = tex[tex.index(r"\midrule") : tex.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 13
    assert all(row.count("&") == 9 for row in rows)
    assert rows[5].startswith("U-Net, RA(7,9) & 3 & ")
    assert r"\textbf{2.08}" in tex
    assert "95 \\%" in tex


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.rows = [], 0

    def handle_starttag(self, tag, attrs):
        self.rows += tag == "tr"
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_whole_and_escapes_names(table, board):
    info = replace(board.info, name="<script>alert(1)</script>")
    made = paper_table("table2", TITLES["table2"], TABLES["table2"], replace(board, info=info))
    text = to_html(made)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    parser = Tags()
    parser.feed(text)
    assert parser.open == []
    assert parser.rows == 2 + 3 + 3 + 1
    assert "http" not in text  # self-contained


def test_the_sequence_is_chosen_by_the_gaze_alone(scans):
    shown = choose(scans, "test", 9)
    assert len(shown.frames) == 6
    assert min(shown.frames) >= 9
    assert max(shown.frames) < 30 - 9
    travelled = {}
    for clip in scans.split("test"):
        one = choose(scans, "test", 9, clip.clip_id)
        places = [np.mean(clip.gaze.at(t), axis=1) for t in one.frames]
        travelled[clip.clip_id] = sum(np.hypot(*(b - a)) for a, b in pairwise(places))
    assert shown.clip.clip_id == max(travelled, key=travelled.get)
    with pytest.raises(UnknownName, match="no clip of the test split is called 's99'"):
        choose(scans, "test", 9, "s99")
    with pytest.raises(DatasetError, match="no clip has 6 frames with gaze, 14 or more from"):
        choose(scans, "test", 14)


def test_figure_2_shows_the_predicted_map(scans, tmp_path):
    shown = choose(scans, "test", 9)
    height, width = scans.info.image_shape
    flat = np.full((6, height, width), 1.0)
    flat[:, 5:9, 20:26] = 50
    flat /= flat.sum((1, 2), keepdims=True)
    models = {"One": flat, "Two": flat}
    paths = save_figure(figure2(shown, models, "title"), tmp_path / "figure2")
    assert [path.name for path in paths] == ["figure2.png", "figure2.svg"]
    picture = cv2.imread(str(paths[0]))
    white = (picture > 240).all(axis=2)
    yellow = (picture[..., 2] > 230) & (picture[..., 1] > 180) & (picture[..., 0] < 80)
    assert white.sum() > 500
    assert yellow.sum() > 500
    again = paths[1].read_bytes()
    save_figure(figure2(shown, models, "title"), tmp_path / "figure2")
    assert paths[1].read_bytes() == again


def test_names_of_landmarks_stay_in_the_picture_and_apart():
    points = np.array([[150.0, 60.0], [151.0, 62.0], [40.0, 100.0], [140.0, 160.0]])
    places = label_places(points, (224, 288))
    assert (places >= 0).all()
    assert (places <= (288, 224)).all()
    gaps = [np.hypot(*(a - b)) for k, a in enumerate(places) for b in places[:k]]
    assert min(gaps) > 20
    assert len(label_places(np.empty((0, 2)), (224, 288))) == 0
