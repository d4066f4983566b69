"""The phantom as a data set folder: made on first use, in parallel, kept and checked in a cache."""

from __future__ import annotations

import logging
import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from fusbench.data.card import DatasetCard
from fusbench.data.folder import CLIP_COLUMNS
from fusbench.data.scan import SPLITS, DatasetInfo
from fusbench.data.sums import damage, mend, write_sums
from fusbench.data.tables import read_table
from fusbench.data.writer import NewClip, StoredClip, info_toml, store_clip, write_dataset
from fusbench.errors import DatasetError
from fusbench.files import cache_folder, output_errors, text_sha256
from fusbench.locks import LOCK, locked, unfinished_folder
from fusbench.phantom.golden import GOLDEN, suspects
from fusbench.phantom.presets import GENERATOR_VERSION, PRESETS, VERSION, ClipPlan, Phantom
from fusbench.pools import cores, processes
from fusbench.progress import Report

LOG = logging.getLogger("fusbench")
ON_DIFFERENCE = "FUSBENCH_GOLDEN"
"""With "ignore", data that differ from the golden fingerprints are used all the same."""
LONGEST_WAIT_S = 24 * 3600.0


def provide_phantom(
    card: DatasetCard, splits: tuple[str, ...] = SPLITS, report: Report | None = None
) -> Path:
    """Folder of an embedded phantom in the cache, made if it is not there yet.

    The folder's name covers everything that its content follows from, so that a change of generator
    or settings never meets an old file. A folder that is there is hashed; one with a flipped bit or
    a missing file is made anew. Data whose fingerprint is not the golden one are refused.

    Raises
    ------
    DatasetError
        If this machine makes other data than all others, and ``FUSBENCH_GOLDEN`` is not "ignore".
    """
    phantom = replace(PRESETS[card.name], **card.options)
    wanted = tuple(split for split in SPLITS if split in splits)
    key = text_sha256(repr(phantom), str(GENERATOR_VERSION))[:10]
    root = cache_folder() / "datasets" / f"{phantom.name}-{key}-{'-'.join(wanted)}"
    golden = GOLDEN.get(card.name, {}) if phantom == PRESETS[card.name] else {}
    expected = {split: golden[split] for split in wanted if split in golden}

    def make(folder: Path) -> Path:
        make_phantom(folder, phantom, wanted, report, shared=True)
        write_sums(folder)
        return folder

    def waiting(owner: str) -> None:
        LOG.warning("%s is being made by %s; waiting for it", root, owner)

    fresh = not _is_there(root)
    if fresh or damage(root):
        with output_errors(root):
            root.parent.mkdir(parents=True, exist_ok=True)
            with locked(root.parent, LONGEST_WAIT_S, f".{root.name}{LOCK}", waiting):
                _make_sound(root, make)
    if fault := difference(root, expected):
        if os.environ.get(ON_DIFFERENCE) != "ignore":
            if fresh:
                shutil.rmtree(root, ignore_errors=True)
            fix = (
                f"Try other versions or settings: {suspects()}. {ON_DIFFERENCE}=ignore goes on with"
                " data that no board takes."
            )
            raise DatasetError(fault, f"data set '{card.name}' {VERSION}", fix)
        LOG.warning("data set '%s' %s: %s (%s)", card.name, VERSION, fault, suspects())
    return root


def _is_there(root: Path) -> bool:
    return (root / "clips.csv").exists()


def _make_sound(root: Path, make: Callable[[Path], Path]) -> None:
    """Make a folder, or what is damaged in it anew, unless another process has meanwhile."""
    if not _is_there(root):
        _tell_of_older(root)
        make(root)
    elif fault := damage(root):
        LOG.warning("%s: %s; making it anew", root, fault)
        with unfinished_folder(root.parent, root.name) as place:
            mend(root, make(place / "sound"))


def difference(root: Path, expected: Mapping[str, str]) -> str:
    """Which split of a folder has another fingerprint than expected; "" where none has."""
    from fusbench.data.dataset import open_dataset

    data = open_dataset(root)
    other = [split for split, golden in expected.items() if data.fingerprint(split) != golden]
    return f"the {' and '.join(other)} split is not the one that other machines make" * bool(other)


def _tell_of_older(root: Path) -> None:
    """One line where the cache holds the same splits of an older version."""
    pattern = re.sub("-[0-9a-f]{10}-", "-??????????-", root.name)
    for path in sorted(root.parent.glob(f"{pattern}/dataset.toml")):
        version = tomllib.loads(path.read_text(encoding="utf-8")).get("version")
        if version != VERSION:
            LOG.warning("%s is of version %s; making %s", path.parent, version, VERSION)
            return


def make_phantom(
    root: Path,
    phantom: Phantom,
    splits: tuple[str, ...] = SPLITS,
    report: Report | None = None,
    executor: Executor | None = None,
    *,
    shared: bool = False,
) -> Path:
    """Write a phantom as a data set folder; one that is there already is recognised.

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
    shared : bool
        Whether other processes may make the same folder at the same time.
    """
    if _is_made(root, phantom, splits):
        return root

    def stored(folder: Path) -> Iterable[StoredClip]:
        with _workers(executor) as pool:
            work = partial(_make, folder, phantom, splits)
            yield from _reported(pool.map(work, phantom.plans), len(phantom.plans), report)

    return write_dataset(root, phantom_info(phantom), stored, shared=shared)


def _is_made(root: Path, phantom: Phantom, splits: tuple[str, ...]) -> bool:
    """Whether a folder holds this very phantom: its tables agree, and its first clip made anew."""
    info, clips = root / "dataset.toml", root / "clips.csv"
    if not (info.is_file() and clips.is_file()):
        return False
    if info.read_text(encoding="utf-8") != info_toml(phantom_info(phantom)):
        return False
    table = read_table(clips, CLIP_COLUMNS)
    have = set(zip(*(table[c] for c in CLIP_COLUMNS[:4]), strict=True))
    plans = {(p.clip_id, p.scan_id, p.split, str(p.n_frames)): p for p in phantom.plans}
    hashes = dict(zip(table["clip_id"], table["sha256"], strict=True))
    if have != set(plans):
        return False
    first = min((p for p in phantom.plans if p.split in splits), key=lambda p: p.clip_id)
    cache_folder().mkdir(parents=True, exist_ok=True)
    with unfinished_folder(cache_folder(), "made") as place:
        return _make(place, phantom, splits, first).row.sha256 == hashes[first.clip_id]


@contextmanager
def _workers(executor: Executor | None) -> Iterator[Executor]:
    if executor is not None:
        yield executor
        return
    with processes(cores()) as pool:
        yield pool


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
        version=VERSION,
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
