"""The straight line: a model's densities for every frame with gaze, scored, kept scan by scan."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fusbench import metrics
from fusbench.data.scan import Clip
from fusbench.doors.registry import load_model
from fusbench.errors import DatasetError
from fusbench.evaluation.facts import DatasetFacts, ModelFacts, environment, machine
from fusbench.evaluation.job import NOTHING, Evaluation
from fusbench.evaluation.pieces import read_piece, write_piece
from fusbench.evaluation.results import (
    Result,
    read_result,
    summarise,
    write_result,
)
from fusbench.evaluation.scan_scores import examples, joined, score_scan
from fusbench.evaluation.witnessed import drop, finished_before, is_finished, is_of, keep
from fusbench.files import replacing, write_json
from fusbench.models.card import ModelCard
from fusbench.models.entrant import Used, Witness

Piece = dict[str, np.ndarray]
Scans = list[tuple[str, tuple[Clip, ...]]]


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

    Returns
    -------
    Result, Path
        The result and the run's folder.
    """
    if witness is not None and not force:
        before = finished_before(job, runs, witness)
        if before is not None:
            return read_result(before), before
    scans = list(job.dataset.scans(job.split))
    score, pieces, used = _scorer(job, load), dict[str, Piece](), NOTHING
    if witness is not None:
        for scan_id, clips in _first_with_gaze(scans):
            pieces[scan_id] = score(clips)
        used = witness.used()
    folder = runs / job.key(used)
    kept = folder / "scans"
    if placed:
        placed(folder)
    if is_finished(folder) and not force:
        if witness is None or is_of(folder, witness):
            shutil.rmtree(kept, ignore_errors=True)  # of a run that was killed at its very end
            if witness is not None:
                keep(folder, job, witness.used())
            return read_result(folder), folder
        drop(folder)
    if force or (witness is not None and not is_of(kept, witness)):
        shutil.rmtree(kept, ignore_errors=True)
    n_frames, done = sum(clip.n_frames for _, clips in scans for clip in clips), 0
    for scan_id, clips in scans:
        part = kept / f"{scan_id}.npz"
        arrays = pieces.get(scan_id)
        if arrays is None and (arrays := read_piece(part)) is not None:
            pieces[scan_id] = arrays
        else:
            pieces[scan_id] = score(clips) if arrays is None else arrays
            write_piece(part, pieces[scan_id])
            if witness is not None:
                keep(kept, job, witness.used())
        done += sum(clip.n_frames for clip in clips)
        if report:
            report(done, n_frames)
    if witness is not None:
        used = replace(used, of_data=witness.used().of_data)
    result = _finish(job, folder, used, scans, pieces, n_frames, picture)
    if witness is not None:
        keep(folder, job, witness.used())
    shutil.rmtree(kept, ignore_errors=True)
    return result, folder


def opened_data(card: ModelCard, used: Used) -> bool:
    """Whether a model that sees frames has opened files of a data set by itself."""
    return card.sees == "frames" and bool(used.of_data)


def _first_with_gaze(scans: Scans) -> Scans:
    return [scan for scan in scans if any(len(clip.gaze) for clip in scan[1])][:1]


def _scorer(job: Evaluation, load: Callable[[], Any] | None) -> Callable[[tuple[Clip, ...]], Piece]:
    """Scores a scan's clips; the model is loaded when the first scan comes."""
    wanted = set(examples(job.dataset, job.split))

    @cache
    def model() -> Any:
        if load:
            return load()
        return load_model(
            job.card, checkpoint=job.checkpoint, device=job.device, dataset=job.dataset
        )

    def score(clips: tuple[Clip, ...]) -> Piece:
        card = getattr(model(), "card", job.card)
        with metrics.kernel(job.kernel):
            return score_scan(model(), card, clips, job, wanted)

    return score


def _finish(
    job: Evaluation,
    folder: Path,
    used: Used,
    scans: Scans,
    pieces: dict[str, Piece],
    n_frames: int,
    picture: Callable[[Path, list[dict[str, Any]]], None] | None,
) -> Result:
    scores = joined(pieces, "scores", [m.key for m in job.chosen])
    if scores is None or scores.empty:
        fix = "Choose another split, or check the gaze with 'fusbench dataset check'."
        raise DatasetError(
            f"no frame of the {job.split} split has gaze", str(job.dataset.root), fix
        )
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
        n_skipped=n_frames - len(scores),
        n_scans=scores["scan_id"].nunique(),
        environment={
            **environment(job.card.backend, job.threads, job.kernel),
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
