"""The phantom as a data set folder: made on first use, in parallel, kept in the cache."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from fusbench.child import Processes, cores
from fusbench.data.card import DatasetCard
from fusbench.data.scan import SPLITS, DatasetInfo
from fusbench.data.writer import NewClip, StoredClip, store_clip, write_dataset
from fusbench.files import text_sha256
from fusbench.phantom.presets import GENERATOR_VERSION, PRESETS, ClipPlan, Phantom
from fusbench.progress import Report


def cache_folder() -> Path:
    """Where generated data sets are kept: ``FUSBENCH_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("FUSBENCH_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("fusbench")


def provide_phantom(
    card: DatasetCard, splits: tuple[str, ...] = SPLITS, report: Report | None = None
) -> Path:
    """Folder of an embedded phantom in the cache, made if it is not there yet.

    The folder's name covers everything that its content follows from, so that a change of generator
    or settings never meets an old file.
    """
    phantom = replace(PRESETS[card.name], **card.options)
    wanted = tuple(split for split in SPLITS if split in splits)
    key = text_sha256(repr(phantom), str(GENERATOR_VERSION))[:10]
    root = cache_folder() / "datasets" / f"{phantom.name}-{key}-{'-'.join(wanted)}"
    if not root.exists():
        make_phantom(root, phantom, wanted, report)
    return root


def make_phantom(
    root: Path,
    phantom: Phantom,
    splits: tuple[str, ...] = SPLITS,
    report: Report | None = None,
    executor: Executor | None = None,
) -> Path:
    """Write a phantom as a data set folder.

    Parameters
    ----------
    root : Path
        The new folder.
    phantom : Phantom
        What to make; see ``fusbench.phantom.presets.PRESETS``.
    splits : tuple of str
        Splits whose frames are rendered; of the others only the gaze is written.
    report : callable, optional
        Called with (clips done, clips in all).
    executor : concurrent.futures.Executor, optional
        Where the clips are made; by default as many processes as there are cores.
    """

    def stored(folder: Path) -> Iterable[StoredClip]:
        with _workers(executor) as pool:
            work = partial(_make, folder, phantom, splits)
            yield from _reported(pool.map(work, phantom.plans), len(phantom.plans), report)

    return write_dataset(root, phantom_info(phantom), stored)


@contextmanager
def _workers(executor: Executor | None) -> Iterator[Executor]:
    if executor is not None:
        yield executor
        return
    pool = Processes(cores())
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _reported(
    clips: Iterable[StoredClip], total: int, report: Report | None
) -> Iterator[StoredClip]:
    for done, clip in enumerate(clips, start=1):
        if report:
            report(done, total)
        yield clip


def _make(folder: Path, phantom: Phantom, splits: tuple[str, ...], plan: ClipPlan) -> StoredClip:
    from fusbench.phantom.clip import make_clip

    with_frames = plan.split in splits
    clip = make_clip(phantom, plan, frames=with_frames)
    new = NewClip(
        clip_id=plan.clip_id,
        scan_id=plan.scan_id,
        split=plan.split,
        n_frames=plan.n_frames,
        gaze=clip.gaze,
        frames=clip.frames,
        density=clip.density if with_frames else None,
        landmarks=clip.landmarks if with_frames else None,
        segments=tuple(_segments(clip.sweep)) if with_frames else (),
    )
    return store_clip(folder, new)


def _segments(sweep: np.ndarray) -> Iterator[tuple[int, int, str]]:
    """Runs of equal values as (first frame, last frame, kind)."""
    edges = np.flatnonzero(np.diff(sweep.astype(int))) + 1
    for run in np.split(np.arange(len(sweep)), edges):
        yield int(run[0]), int(run[-1]), "sweep" if sweep[run[0]] else "dwell"


def phantom_info(phantom: Phantom) -> DatasetInfo:
    """What ``dataset.toml`` says of a phantom."""
    from fusbench.phantom.clip import LANDMARK_NAMES

    return DatasetInfo(
        name=phantom.name,
        version=f"1.{GENERATOR_VERSION}",
        licence="CC0-1.0",
        citation="fusbench, synthetic phantom",
        frame_rate_hz=30.0,
        frame_shape=(224, 288),
        gaze_rate_hz=90.0,
        sigma_px=8.0,
        synthetic=True,
        description=(
            "Synthetic first-trimester ultrasound with simulated gaze. No person was recorded. The"
            f" gaze follows the picture with a lag of {1000 * phantom.lag_s:g} ms: a modelling"
            " choice, on which the value of past frames depends."
        ),
        landmarks=LANDMARK_NAMES,
    )
