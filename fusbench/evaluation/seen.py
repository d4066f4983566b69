"""Weights that saw the scans on which they are scored: told by their own metadata.

Seen is what they were trained on, and the validation split that chose them, where it is scored as
another: the test split of the next fold.

Those that a card names are asked as those of ``--checkpoint`` are.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fusbench.errors import CheckpointError, counted
from fusbench.zoo.checkpoint import TRAIN_CLIPS, named_clips, read_metadata, short_hash
from fusbench.zoo.exported import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fusbench.data.dataset import Dataset

TELLING = (".safetensors", SUFFIX)  # files that tell of their training


def seen(weights: Path | None, data: Dataset, split: str) -> str:
    """What weights have seen of a split, in words; "" where they tell of nothing.

    Weights that name their train clips are compared clip by clip, by the hashes of the frames:
    whatever the fold, the split, or the data set's name. Older ones tell their data set and fold.

    Raises
    ------
    CheckpointError
        If the file is damaged.
    """
    if weights is None or weights.suffix not in TELLING or not weights.is_file():
        return ""
    told = read_metadata(weights)
    if TRAIN_CLIPS in told:
        known, clips = frozenset(named_clips(told)), data.split(split)
        count = sum(short_hash(clip.sha256) in known for clip in clips)
        if count:
            return f"has seen {count} of the {counted(len(clips), 'clip')} in training"
        if split != "val" and told.get("val_fingerprint") == data.fingerprint(split):
            return "was chosen by its losses on these scans, the validation split of its training"
        return ""
    return _by_fold(told, data, split)


def unseen(weights: Path | None, data: Dataset, split: str, *, seen_ok: bool = False) -> str:
    """What weights saw of a split in training, where that is taken; "" for nothing.

    Raises
    ------
    CheckpointError
        If they tell that they have seen the split's scans, and that is not taken.
    """
    told = seen(weights, data, split)
    if told and not seen_ok:
        fix = (
            "Train a model a fold, and name them as --checkpoint my-{fold}.safetensors; or take"
            " it, marked, with --seen-ok."
        )
        raise CheckpointError(told, str(weights), fix)
    return told


def _by_fold(told: Mapping[str, str], data: Dataset, split: str) -> str:
    own = told.get("dataset") == f"{data.info.name} {data.info.version}"
    here = "none" if data.fold is None else str(data.fold)
    fold = told.get("fold", "none" if own else here)
    if fold != here and (own or ("dataset" not in told and data.fold is not None)):
        return f"was trained on this data with fold {fold}, and has seen scans of {here}"
    return "has seen this split in training" if own and split == "train" else ""
