"""The rules of a board: what its rows were scored on and how. On disk, ``board.toml``.

``clips.csv`` beside it lists the split's clips and their frames with gaze, so that a row's coverage
can be checked without the data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fusbench import metrics
from fusbench.board.clips import TargetClip, clips_csv, read_clips, target_clips
from fusbench.data.dataset import POOLED, Dataset
from fusbench.data.window import within_margin
from fusbench.errors import ConfigError, DatasetError, unknown
from fusbench.evaluation.targets import baseline_of
from fusbench.files import text_sha256, toml_text, write_bytes
from fusbench.locks import LOCK, UNFINISHED
from fusbench.reading import read_toml
from fusbench.records import read_record, told

SCHEMA = 1
LATER = ("pooled",)  # told only where it is so: older boards keep their mark and file
SHOWN = ("title", "description", "anonymous")  # what may change while the rows stay


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The content of ``board.toml``.

    Parameters
    ----------
    title, description : str
        Shown at the head of every table.
    dataset, dataset_version, split : str
        What the rows are scored on.
    synthetic : bool
        True where no person was recorded; every table says so.
    fingerprint : str
        Of the split's content; a row of another fingerprint does not fit.
    profile, signature : str
        How scores are made; a row of another signature does not fit.
    margin : int
        Frames left out at both ends of every clip; see `Board.counted`.
    horizon : int
        Frames between a window's last frame and the target that a model must bridge; 0 asks for the
        gaze on the last frame seen.
    primary : str
        Key of the metric that ranks.
    anonymous : bool
        Outputs number the scans in place of naming them.
    pooled : bool
        Rows are cross-validated: every scan is scored once, by the model that did not see it.
    """

    title: str
    dataset: str
    dataset_version: str
    split: str
    synthetic: bool
    fingerprint: str
    profile: str
    signature: str
    margin: int = 0
    horizon: int = 0
    primary: str = "kld"
    description: str = ""
    anonymous: bool = False
    pooled: bool = False

    @property
    def fold(self) -> str | None:
        """Folds that are scored, as `fusbench.data.dataset.open_dataset` takes them."""
        return POOLED if self.pooled else None

    @property
    def observers(self) -> str:
        """How several observers are scored, as the signature says it."""
        return metrics.observers_of(self.signature)

    @cached_property
    def metrics(self) -> tuple[metrics.Metric, ...]:
        """The metrics that the signature names, in its order."""
        return metrics.of_signature(self.signature)

    @cached_property
    def mark(self) -> str:
        """Hash of what decides which rows fit, which frames count and what ranks."""
        decides = {key: v for key, v in told(self, LATER).items() if key not in SHOWN}
        return text_sha256(json.dumps(decides, sort_keys=True))

    def __post_init__(self) -> None:
        keys = [metric.key for metric in self.metrics]
        if self.primary not in keys:
            raise unknown("metric of this signature", self.primary, keys)
        for name in ("margin", "horizon"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} {getattr(self, name)} is negative", fix="Use 0 or more.")


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board's folder, rules and clips, without its rows."""

    root: Path
    rules: Rules
    clips: tuple[TargetClip, ...]

    @cached_property
    def keys(self) -> tuple[list[str], list[str], np.ndarray]:
        """Scan, clip and frame of every frame with gaze, in order: what a row must cover."""
        counts = [len(clip.with_gaze) for clip in self.clips]
        scans = np.repeat([clip.scan_id for clip in self.clips], counts).tolist()
        clips = np.repeat([clip.clip_id for clip in self.clips], counts).tolist()
        return scans, clips, np.concatenate([clip.with_gaze for clip in self.clips])

    @cached_property
    def line_starts(self) -> list[str]:
        """How the lines of a row's ``scores.csv`` begin."""
        return [f"{scan},{clip},{frame}," for scan, clip, frame in zip(*self.keys, strict=True)]

    @cached_property
    def key_cells(self) -> list[list[str]]:
        """Scan, clip and frame of each line of ``scores.csv`` as text, the first after a break."""
        scans, clips, frames = self.keys
        return [[f"\n{scan}" for scan in scans], clips, [str(frame) for frame in frames]]

    @cached_property
    def frames_mark(self) -> str:
        """Hash of what the numbers of a row's scores are read by: the frames and the metrics."""
        return text_sha256(clips_csv(self.clips), self.rules.signature)

    @cached_property
    def named_bytes(self) -> int:
        """How long these beginnings are together."""
        return len("".join(self.line_starts).encode())

    @cached_property
    def counted(self) -> np.ndarray:
        """Which of these frames count, bool (frames,); see `fusbench.data.window.within_margin`."""
        margin, horizon = self.rules.margin, self.rules.horizon
        return np.concatenate(
            [within_margin(c.with_gaze, c.n_frames, margin, horizon) for c in self.clips]
        )

    @cached_property
    def scan_index(self) -> np.ndarray:
        """Number of each frame's scan, int (frames,), counted in order of scan_id."""
        scans = [clip.scan_id for clip in self.clips]
        number = {scan_id: at for at, scan_id in enumerate(sorted(set(scans)))}
        return np.array([number[scan_id] for scan_id in self.keys[0]])

    @property
    def n_scans(self) -> int:
        """Scans with at least one frame that counts."""
        return len(np.unique(self.scan_index[self.counted]))


def new_board(
    root: Path,
    dataset: Dataset,
    *,
    title: str,
    split: str,
    further: Mapping[str, bytes] | None = None,
    **rules: Any,
) -> Board:
    """Make a board's folder from the data set that its rows will be scored on.

    It is a board as soon as it has its rules, which are written last; `further` files are written
    before. The very same board is recognised where it is made again before it has rows.

    Raises
    ------
    ConfigError
        If the folder is in use, or the margin leaves no frame.
    """
    profile = rules.pop("profile", "tuebingen")
    observers = rules.pop("observers", "pooled")
    chosen = metrics.select(rules.pop("metrics", metrics.METRICS))
    rules["primary"] = rules.get("primary") or chosen[0].key
    board = Board(
        root=root,
        rules=Rules(
            title=title,
            dataset=dataset.info.name,
            dataset_version=dataset.info.version,
            split=split,
            synthetic=dataset.info.synthetic,
            pooled=bool(dataset.folds),
            fingerprint=dataset.fingerprint(split),
            profile=profile,
            signature=metrics.signature(
                profile, dataset.info.sigma_px, chosen, baseline_of(dataset), observers
            ),
            **rules,
        ),
        clips=target_clips(dataset, split),
    )
    _require_frames(board)
    files = {
        **(further or {}),
        "clips.csv": clips_csv(board.clips).encode(),
        "board.toml": rules_toml(board.rules).encode(),
    }
    if not _is_made(root, files):
        for name, content in files.items():
            write_bytes(root / name, content)
    return board


def _is_made(root: Path, files: Mapping[str, bytes]) -> bool:
    """Whether a folder is this very board already; one that is another's is refused.

    A board without its rules was broken off, and what it holds may be written again.
    """
    if not root.exists():
        return False
    have = {path.name for path in root.iterdir()} if root.is_dir() else {root.name}
    have = {name for name in have if not UNFINISHED.fullmatch(name)} - {LOCK}
    if have == set(files) and all((root / name).read_bytes() == files[name] for name in files):
        return True
    if "board.toml" in have or have - set(files):
        raise ConfigError("already exists", str(root), "Choose another folder for the board.")
    return False


def _require_frames(board: Board) -> None:
    if not board.counted.any():
        what = f"a margin of {board.rules.margin} and a horizon of {board.rules.horizon} frames"
        raise ConfigError(f"{what} leave no frame", str(board.root), "Use a smaller margin.")


def read_board(root: Path) -> Board:
    """Read a board's rules and clips.

    Raises
    ------
    ConfigError
        If the folder holds no board, or one that breaks the rules of boards.
    """
    path = root / "board.toml"
    if not path.exists():
        fix = f"Make a board with: fusbench leaderboard new {root} --dataset NAME."
        raise ConfigError("holds no board.toml", str(root), fix)
    content = read_toml(path, ConfigError)
    schema = content.pop("schema", None)
    if schema != SCHEMA:
        fix = f"This version of fusbench reads schema {SCHEMA}."
        raise ConfigError(f"schema {schema!r} is unknown", str(path), fix)
    remedy = "Make the board anew with 'fusbench leaderboard new'."
    rules = read_record(Rules, content, str(path), ConfigError, remedy)
    board = Board(root=root, rules=rules, clips=read_clips(root / "clips.csv"))
    _require_frames(board)
    return board


def rules_toml(rules: Rules) -> str:
    """The text of ``board.toml``."""
    return toml_text({"schema": SCHEMA, **told(rules, LATER)})


def check_data(board: Board, dataset: Dataset) -> None:
    """Raise `DatasetError` unless this is the data set that the board was made from."""
    rules, where, info = board.rules, str(dataset.root), dataset.info
    fix = f"Use the copy of '{rules.dataset}' that the board was made from."
    if dataset.fingerprint(rules.split) != rules.fingerprint:
        if info.name == rules.dataset and info.version != rules.dataset_version:
            what = (
                f"this is {info.name} {info.version}, and the board is of {rules.dataset_version}"
            )
            raise DatasetError(what, where, "Scores of the two are never mixed: make a board anew.")
        raise DatasetError("its fingerprint is not the board's", where, fix)
    if clips_csv(target_clips(dataset, rules.split)) != clips_csv(board.clips):
        raise DatasetError("its clips are not those of the board's clips.csv", where, fix)
