"""The straight line: a model's densities for every frame with gaze, scored, kept scan by scan."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fusbench import metrics
from fusbench.data.scan import Clip
from fusbench.doors.registry import load_model
from fusbench.errors import DatasetError
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.pieces import read_piece, write_piece
from fusbench.evaluation.results import Result, environment, machine, summarise, write_result
from fusbench.evaluation.scan_scores import examples, joined, score_scan
from fusbench.files import replacing, write_json


def evaluate(
    job: Evaluation,
    runs: Path,
    *,
    load: Callable[[], Any] | None = None,
    force: bool = False,
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
        Folder of all runs; this one lies in ``runs / job.key()``.
    load : callable, optional
        Returns the model; by default its card's loader is called in this process.
    force : bool
        Do a finished run again.
    report : callable, optional
        Told (frames done, frames in all).
    picture : callable, optional
        Given the path to draw and the six example frames, at the end of a run.

    Returns
    -------
    Result, Path
        The result and the run's folder.
    """
    from fusbench.evaluation.results import read_result

    folder = runs / job.key()
    kept = folder / "scans"
    if (folder / "result.json").exists() and not force:
        shutil.rmtree(kept, ignore_errors=True)  # of a run that was killed at its very end
        return read_result(folder), folder
    if force:
        shutil.rmtree(kept, ignore_errors=True)
    scans = list(job.dataset.scans(job.split))
    n_frames = sum(clip.n_frames for _, clips in scans for clip in clips)
    wanted = set(examples(job.dataset, job.split))
    model, card, done = None, job.card, 0
    pieces: dict[str, dict[str, np.ndarray]] = {}
    for scan_id, clips in scans:
        part = kept / f"{scan_id}.npz"
        arrays = read_piece(part)
        if arrays is None:
            if model is None:
                model = (
                    load()
                    if load
                    else load_model(
                        job.card, checkpoint=job.checkpoint, device=job.device, dataset=job.dataset
                    )
                )
                card = getattr(model, "card", job.card)
            with metrics.kernel(job.kernel):
                arrays = score_scan(model, card, clips, job, wanted)
            write_piece(part, arrays)
        pieces[scan_id] = arrays
        done += sum(clip.n_frames for clip in clips)
        if report:
            report(done, n_frames)
    return _finish(job, folder, scans, pieces, n_frames, picture), folder


def _finish(
    job: Evaluation,
    folder: Path,
    scans: list[tuple[str, tuple[Clip, ...]]],
    pieces: dict[str, dict[str, np.ndarray]],
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
        key=job.key(),
        model={
            "name": job.card.name,
            "title": job.card.title,
            "backend": job.card.backend,
            "role": job.card.role,
            "distribution": job.owner,
            "version": job.version,
            "weights_sha256": job.weights_sha256(),
            "parameters": job.parameters(),
            **({"source_sha256": job.source} if job.source else {}),
            "licence": job.card.licence,
            "cite": job.card.cite,
            "window": asdict(job.card.window),
            **({"training": facts} if (facts := job.training()) else {}),
        },
        dataset={
            "name": info.name,
            "version": info.version,
            "synthetic": info.synthetic,
            "fingerprint": job.dataset.fingerprint(job.split),
            **({} if job.dataset.fold is None else {"fold": job.dataset.fold}),
        },
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
        },
        config={
            "device": job.device,
            "checkpoint": job.checkpoint and job.checkpoint.name,
            "freeze_history": job.freeze_history,
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
    shutil.rmtree(folder / "scans", ignore_errors=True)
    return result
