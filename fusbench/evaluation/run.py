"""The straight line: a model's densities for every frame with gaze, scored, kept scan by scan."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from fusbench.errors import DatasetError
from fusbench.evaluation.facts import DatasetFacts, ModelFacts, environment, machine
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.parts import Scan, begun, frames_kept, make_place, n_frames, scorer
from fusbench.evaluation.pieces import Piece, Pieces, clear, kept
from fusbench.evaluation.results import (
    Result,
    read_result,
    summarise,
    write_result,
)
from fusbench.evaluation.scan_scores import joined
from fusbench.evaluation.witnessed import drop, finished_before, is_finished, is_of, keep
from fusbench.files import replacing, write_json
from fusbench.models.card import ModelCard
from fusbench.models.entrant import Used, Witness
from fusbench.stages import stage


def evaluate(
    job: Evaluation,
    runs: Path,
    *,
    load: Callable[[], Any] | None = None,
    witness: Witness | None = None,
    force: bool = False,
    placed: Callable[[Path], object] | None = None,
    report: Callable[[int, int], None] | None = None,
    picture: Callable[[Path, list[dict[str, Any]]], None] | None = None,
    ahead: Callable[[Callable[[], None]], None] | None = None,
) -> tuple[Result, Path]:
    """Evaluate a model, or return the finished run of the same key.

    Work is kept scan by scan, so that the same call continues a stopped run, with the same bytes as
    an unbroken one.

    Parameters
    ----------
    job : Evaluation
    runs : Path
        Folder of all runs; this one lies in ``runs / job.key(used)``.
    load : callable, optional
        Returns the model; by default its card's loader is called in this process.
    witness : Witness, optional
        Who tells what the model used. The key is then known after the first scan is scored, and a
        finished run is returned only if all that it used is as it was.
    force : bool
        Do a finished run again.
    placed : callable, optional
        Told the run's folder, once it is known.
    report : callable, optional
        Told (frames done, frames in all); never where a finished run is returned.
    picture : callable, optional
        Given the path to draw and the six example frames, at the end of a run.
    ahead : callable, optional
        Lets other processes score parts of the scans before this one looks what is missing. It is
        given a function to call now and then, which reports how far they are.

    Returns
    -------
    Result, Path
        The result and the run's folder.
    """
    if witness is not None and not force:
        before = finished_before(job, runs, witness)
        if before is not None:
            return read_result(before), before
    if witness is None and not force and is_finished(folder := runs / job.key()):
        return _shown(folder)
    if force:
        for each in kept(job, runs, witness is not None):
            shutil.rmtree(each, ignore_errors=True)
    scans = list(job.dataset.scans(job.split))
    total = sum(n_frames(clips) for _, clips in scans)
    tell = report or (lambda _done, _total: None)
    if ahead:
        make_place(runs)
        ahead(lambda: tell(frames_kept(job, runs, scans), total))
    score = scorer(job, load)
    folder, used, pieces = begun(job, runs, scans, score, witness)
    if placed:
        placed(folder)
    if is_finished(folder) and not force:
        if witness is None or is_of(folder, witness):
            if witness is not None:
                keep(folder, job, witness.used())
            return _shown(folder)
        drop(folder)
    all_kept, done = Pieces(folder=folder, asked=job.key(), witness=witness), 0
    for scan_id, clips in scans:
        pieces[scan_id] = all_kept.have(scan_id, pieces.get(scan_id), partial(score, clips))
        done += n_frames(clips)
        tell(done, total)
    used = replace(used | all_kept.used, versions=used.versions)
    with stage("result and picture"):
        result = _finish(job, folder, used, scans, pieces, total, picture)
    if witness is not None:
        keep(folder, job, used)
    clear(folder)
    return result, folder


def _shown(folder: Path) -> tuple[Result, Path]:
    """A finished run; pieces of one that was killed at its very end are removed."""
    clear(folder)
    return read_result(folder), folder


def opened_data(card: ModelCard, used: Used) -> bool:
    """Whether a model that sees frames has opened files of a data set by itself."""
    return card.sees == "frames" and bool(used.of_data)


def _finish(
    job: Evaluation,
    folder: Path,
    used: Used,
    scans: list[Scan],
    pieces: dict[str, Piece],
    total: int,
    picture: Callable[[Path, list[dict[str, Any]]], None] | None,
) -> Result:
    scores = joined(pieces, "scores", [m.key for m in job.chosen])
    if scores is None or scores.empty:
        fix = "Choose another split, or check the gaze with 'fusbench dataset check'."
        raise DatasetError(f"no frame of the {job.split} split has gaze", job.dataset.where, fix)
    info = job.dataset.info
    result = Result(
        key=job.key(used),
        model=ModelFacts(
            name=job.card.name,
            title=job.card.title,
            backend=job.card.backend,
            role=job.card.role,
            distribution=job.owner,
            version=job.version,
            weights_sha256=job.weights_sha256(),
            parameters=job.parameters(),
            macs=job.macs(),
            source_sha256=job.source or used.source or None,
            licence=job.card.licence,
            cite=job.card.cite,
            window=asdict(job.card.window),
            memory=job.card.memory if job.card.of_clip else None,
            training=job.training(),
        ),
        dataset=DatasetFacts(
            name=info.name,
            version=info.version,
            synthetic=info.synthetic,
            fingerprint=job.dataset.fingerprint(job.split),
            fold=job.dataset.fold,
        ),
        split=job.split,
        signature=job.signature,
        profile=job.profile,
        summary=summarise(scores),
        n_frames=len(scores),
        n_skipped=total - len(scores),
        n_scans=scores["scan_id"].nunique(),
        environment={
            **environment(job.card.backend, job.threads, job.kernel, [m.key for m in job.chosen]),
            **({"guest": dict(job.guest)} if job.guest else {}),
            **({"libraries": dict(used.versions)} if used.versions else {}),
        },
        config={
            "device": job.device,
            "checkpoint": job.checkpoint and job.checkpoint.name,
            "freeze_history": job.freeze_history,
            **({"seen": job.seen} if job.seen else {}),
            **({"opened": list(used.of_data)} if opened_data(job.card, used) else {}),
        },
    )
    timing = {
        "seconds_per_frame": sum(float(p["seconds"]) for p in pieces.values()) / len(scores),
        "machine": machine(job.threads, job.device),
    }
    write_json(folder / "timing.json", timing)
    if picture:
        clips = {clip.clip_id: clip for _, group in scans for clip in group}
        panels = []
        parts = {name: part for piece in pieces.values() for name, part in piece.items()}
        shown = {name: part for name, part in parts.items() if name.startswith("example:")}
        for name, density in sorted(shown.items()):
            _, clip_id, frame = name.split(":")
            panels.append({"clip": clips[clip_id], "frame": int(frame), "predicted": density})
        with replacing(folder / "frames.png") as part:
            picture(part, panels)
    write_result(folder, result, scores, joined(pieces, "landmarks", info.landmarks))
    return result
