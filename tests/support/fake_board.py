"""Boards with made-up results: real files in the real format, from a small law of scores."""

import json
import shutil

import numpy as np
import pandas as pd

from fusbench.board.adding import write_row
from fusbench.board.clips import TargetClip, clips_csv
from fusbench.board.rows import Facts
from fusbench.board.rules import Board, Rules, rules_toml
from fusbench.evaluation.facts import DatasetFacts, ModelFacts
from fusbench.evaluation.results import Result
from fusbench.metrics import METRICS, signature
from fusbench.statistics.intervals import scan_interval

TYPICAL = {"kld": 2.2, "sim": 0.25, "nss": 4.2, "cc": 0.38}
PER_KLD = {"kld": 1.0, "sim": -0.09, "nss": -1.6, "cc": -0.13}


def fake_board(root, scans=6, frames=8, lengths=None, **rules):
    """A board of clips of `frames` frames, or of `lengths`; frame 0 of each has no gaze."""
    lengths = lengths or [frames] * scans
    facts = {
        "title": "Fake", "dataset": "fake", "dataset_version": "1", "split": "test",
        "synthetic": True, "fingerprint": "f" * 64, "profile": "tuebingen",
        "signature": signature("tuebingen", 2.0),
    }  # fmt: skip
    clips = tuple(
        TargetClip(
            scan_id=f"patient{k:03}", clip_id=f"patient{k:03}-c1", n_frames=length,
            with_gaze=np.arange(1, length),
        )
        for k, length in enumerate(lengths)
    )  # fmt: skip
    board = Board(root=root, rules=Rules(**facts | rules), clips=clips)
    root.mkdir(parents=True)
    (root / "board.toml").write_text(rules_toml(board.rules))
    (root / "clips.csv").write_text(clips_csv(clips))
    return board


def fake_scores(board, seed=0, worse=0.0):
    """Scores of a model that is `worse` than another by so much KLD; scans differ more."""
    shared, own = np.random.default_rng(0), np.random.default_rng([seed, 1])
    n_scans = len(set(board.scan_index))
    scan = shared.normal(0, 0.35, n_scans) + own.normal(0, 0.08, n_scans)
    n = len(board.counted)
    noise = shared.normal(0, 0.3, n) + own.normal(0, 0.1, n)
    level = worse + scan[board.scan_index] + noise
    scans, clips, frames = board.keys
    columns = {"scan_id": scans, "clip_id": clips, "frame": frames}
    columns |= {key: TYPICAL[key] + PER_KLD[key] * level for key in METRICS}
    return pd.DataFrame(columns)


def fake_result(board, scores, name="fake", **model):
    rules = board.rules
    values = scores[list(METRICS)].to_numpy()
    triple = scan_interval(values, pd.factorize(scores["scan_id"], sort=True)[0])
    means = scores.groupby("scan_id")[list(METRICS)].mean()
    numbers = [
        [float(value) if np.isfinite(value) else None for value in row]
        for row in zip(*triple, means.mean(), means.min(), means.max(), strict=True)
    ]
    ends = ("mean", "low", "high", "scan_mean", "scan_min", "scan_max")
    facts = {
        "name": name, "title": name.upper(), "backend": "numpy", "role": "model",
        "distribution": "fake", "version": "1", "weights_sha256": "a" * 64, "parameters": 1_470_000,
        "licence": "MIT", "cite": "Fake et al., 2026",
        "window": {"length": 1, "placement": "before", "stride": 1, "horizon": 0},
    }  # fmt: skip
    return Result(
        key=f"{name}-0123456789abcdef", model=ModelFacts(**facts | model), split=rules.split,
        dataset=DatasetFacts(name=rules.dataset, version="1", synthetic=True,
                             fingerprint=rules.fingerprint),
        signature=rules.signature, profile=rules.profile,
        summary={k: dict(zip(ends, row, strict=True)) for k, row in zip(METRICS, numbers,
                                                                        strict=True)},
        n_frames=len(scores), n_skipped=sum(c.n_frames for c in board.clips) - len(scores),
        n_scans=scores["scan_id"].nunique(), environment={},
        config={"device": None, "checkpoint": None, "freeze_history": False},
    )  # fmt: skip


def fake_run(folder, result, scores):
    """A finished run's folder."""
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(result.content, indent=2, sort_keys=True))
    scores.to_csv(folder / "scores.csv", index=False, lineterminator="\n")
    return folder


def add_fake(board, name, *, seed=0, worse=0.0, scores=None, **model):
    """Add a made-up row to a board; the reasons why it does not fit."""
    scores = fake_scores(board, seed, worse) if scores is None else scores
    run = board.root.parent / f"{board.root.name}-runs" / name
    shutil.rmtree(run, ignore_errors=True)
    fake_run(run, fake_result(board, scores, name, **model), scores)
    return write_row(board, run, Facts(name=name))[1]


def filled(root, **rules):
    """A board of three models and a row of each other role."""
    board = fake_board(root, scans=12, **rules)
    add_fake(board, "good", seed=1)
    add_fake(board, "as-good", seed=2, worse=0.01, backend="torch")
    add_fake(board, "worse", seed=3, worse=0.5, backend="keras")
    add_fake(board, "floor", seed=4, worse=1.2, role="floor", weights_sha256=None, parameters=None)
    add_fake(board, "ceiling", seed=5, worse=-0.8, role="ceiling")
    add_fake(board, "hint", seed=6, worse=-0.2, role="hint")
    return board
