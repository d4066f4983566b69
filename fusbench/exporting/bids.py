"""BIDS eye tracking: a run for each clip, its frames as lossless video under ``stimuli/``."""

from __future__ import annotations

import gzip
import json
import re
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.scan import Clip
from fusbench.errors import DatasetError
from fusbench.progress import Report

TASK = "scan"


def write(dataset: Dataset, folder: Path, report: Report) -> None:
    """Write a BIDS data set of version 1.11: subjects are scans, runs are their clips.

    Coordinates are pixels of the clip's picture, which is declared as the screen, its edges at 0,
    so half a pixel is added to fusbench's. Times are seconds since the clip's first frame.
    """
    _write_json(
        folder / "dataset_description.json",
        {
            "Name": dataset.info.name,
            "BIDSVersion": "1.11.0",
            "DatasetType": "raw",
            "License": dataset.info.licence,
            "GeneratedBy": [{"Name": "fusbench", "Version": metadata.version("fusbench")}],
        },
    )
    (folder / "README").write_text(
        f"{dataset.info.name}: gaze on ultrasound video. Each subject is a scan, each run a clip;"
        " stimuli/ holds the clips' frames.\n",
        encoding="utf-8",
    )
    subjects = _subjects(dataset)
    _write_participants(folder, dataset, subjects)
    (folder / "stimuli").mkdir()
    runs: dict[str, int] = {}
    for done, clip in enumerate(dataset.clips, start=1):
        subject = subjects[clip.scan_id]
        runs[subject] = runs.get(subject, 0) + 1
        _write_run(folder, clip, subject, runs[subject])
        report(done, len(dataset.clips))


def _subjects(dataset: Dataset) -> dict[str, str]:
    """A BIDS label, letters and digits only, for each scan."""
    labels: dict[str, str] = {}
    for clip in dataset.clips:
        label = re.sub(r"[^A-Za-z0-9]", "", clip.scan_id)
        other = next((scan for scan, used in labels.items() if used == label), clip.scan_id)
        if other != clip.scan_id:
            what = f"the scans '{other}' and '{clip.scan_id}' have one BIDS label, {label}"
            fix = "Rename one of them: BIDS allows letters and digits only."
            raise DatasetError(what, dataset.where, fix)
        labels[clip.scan_id] = label
    return labels


def _write_participants(folder: Path, dataset: Dataset, subjects: dict[str, str]) -> None:
    splits = {clip.scan_id: clip.split for clip in dataset.clips}
    lines = ["participant_id\tsplit"]
    lines += [f"sub-{subjects[scan]}\t{splits[scan]}" for scan in sorted(splits)]
    (folder / "participants.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    described = {"split": {"Description": "Part of the benchmark that the scan belongs to"}}
    _write_json(folder / "participants.json", described)


def _write_run(folder: Path, clip: Clip, subject: str, run: int) -> None:
    stem = f"sub-{subject}_task-{TASK}_run-{run:02d}"
    place = folder / f"sub-{subject}" / "beh"
    place.mkdir(parents=True, exist_ok=True)
    gaze, info = clip.gaze, clip.info
    columns = (gaze.time_s, gaze.x_px + 0.5, gaze.y_px + 0.5)
    rows = ("\t".join(repr(float(v)) for v in row) for row in zip(*columns, strict=True))
    text = "".join(row + "\n" for row in rows)
    data = place / f"{stem}_recording-eye1_physio.tsv.gz"
    data.write_bytes(gzip.compress(text.encode(), mtime=0))
    start = float(gaze.time_s[0]) if len(gaze) else 0.0
    _write_json(
        place / f"{stem}_recording-eye1_physio.json",
        {
            "SamplingFrequency": info.gaze_rate_hz,
            "StartTime": start,
            "Columns": ["timestamp", "x_coordinate", "y_coordinate"],
            "PhysioType": "eyetrack",
            "RecordedEye": "cyclopean",
            "SampleCoordinateSystem": "gaze-on-screen",
            "timestamp": {"Description": "Since the clip's first frame", "Units": "s"},
            "x_coordinate": {"Description": "From the picture's left edge", "Units": "pixel"},
            "y_coordinate": {"Description": "From the picture's top edge", "Units": "pixel"},
        },
    )
    height, width = info.image_shape
    _write_json(
        place / f"{stem}_events.json",
        {
            "TaskName": TASK,
            "StimulusPresentation": {
                "ScreenResolution": [width, height],
                "ScreenOrigin": ["top", "left"],
            },
        },
    )
    video = f"sub-{subject}_run-{run:02d}.mkv"
    begin_ms = begins_ms(clip)
    duration = round(float(begin_ms[-1]) / 1000 + 1 / info.frame_rate_hz, 6)
    events = f"onset\tduration\ttrial_type\tstim_file\n0.0\t{duration!r}\tclip\t{video}\n"
    (place / f"{stem}_events.tsv").write_text(events, encoding="utf-8")
    write_lossless(folder / "stimuli" / video, clip.frames, begin_ms)


def begins_ms(clip: Clip) -> np.ndarray:
    """When each frame begins, in Matroska's whole milliseconds, int64 (T,).

    That is the nominal time, moved to where each sample of gaze falls into its own frame: the
    steps between frames of a recording vary, and only the gaze still tells.
    """
    frames, time_ms = np.arange(clip.n_frames), clip.gaze.time_s * 1000
    first, last = np.full(clip.n_frames, np.inf), np.full(clip.n_frames, -np.inf)
    np.minimum.at(first, clip.gaze.frame, time_ms)
    np.maximum.at(last, clip.gaze.frame, time_ms)
    earliest = np.concatenate([[0.0], np.floor(np.maximum.accumulate(last)[:-1]) + 1])
    latest = np.floor(np.minimum.accumulate(first[::-1])[::-1] + 1e-6)
    begin = np.clip(np.rint(frames * 1000 / clip.info.frame_rate_hz), earliest, latest)
    return (np.maximum.accumulate(begin - frames) + frames).astype(np.int64)


def write_lossless(path: Path, frames: np.ndarray, begin_ms: np.ndarray) -> None:
    """Write frames, uint8 (T, H, W) or (T, H, W, 3), as FFV1 in Matroska, at their times."""
    try:
        import av
    except ModuleNotFoundError:
        from fusbench.footage.record import missing

        raise missing("av", "writing video") from None
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream("ffv1", rate=1000)
        stream.codec_context.options = {"flags": "+bitexact"}
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "gray" if frames.ndim == 3 else "bgr0"
        for frame, time in zip(frames, begin_ms.tolist(), strict=True):
            form = "gray" if frame.ndim == 2 else "rgb24"
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=form)
            picture.pts, picture.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
