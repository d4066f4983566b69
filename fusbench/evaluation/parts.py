"""Parts of a run: scans that one process scores and keeps, for another one to finish.

Every process finds the run's key as one alone would, so pieces of another model are never taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from heapq import heapreplace
from pathlib import Path
from typing import Any

from fusbench import metrics
from fusbench.data.scan import Clip
from fusbench.doors.registry import load_model
from fusbench.errors import ConfigError
from fusbench.evaluation.job import NOTHING, Evaluation
from fusbench.evaluation.pieces import FOLDER, Piece, Pieces, stopped_before
from fusbench.evaluation.scan_scores import examples, score_scan
from fusbench.files import output_errors
from fusbench.models.entrant import Used, Witness
from fusbench.stages import stage

Scan = tuple[str, tuple[Clip, ...]]
Score = Callable[[tuple[Clip, ...]], Piece]


def parts(scans: Iterable[Scan], count: int) -> list[list[Scan]]:
    """Scans in parts of like many frames with gaze, each in the order of the whole.

    The first part holds the scan from which one process alone would learn the run's key. There are
    at most as many parts as scans with gaze.

    Examples
    --------
    >>> import fusbench
    >>> scans = fusbench.open_dataset("phantom-tiny", ("train",)).scans("train")
    >>> [[scan_id for scan_id, _ in part] for part in parts(scans, 3)]
    [['s001'], ['s002', 's003'], ['s004']]
    """
    weights = [(_weight(scan), -number, scan) for number, scan in enumerate(scans)]
    heaviest = sorted(weights, key=lambda each: each[:2], reverse=True)
    count = min(count, sum(weight > 0 for weight, *_ in weights))
    found: list[list[tuple[int, int, Scan]]] = [[] for _ in range(count)]
    lightest = [(0, number) for number in range(count)]
    for each in heaviest if count else ():
        weight, number = lightest[0]
        found[number].append(each)
        heapreplace(lightest, (weight + each[0], number))
    ordered = [sorted(part, key=lambda each: -each[1]) for part in found]
    ordered.sort(key=lambda part: next(-number for weight, number, _ in part if weight))
    return [[scan for *_, scan in part] for part in ordered]


def _weight(scan: Scan) -> int:
    return sum(len(clip.gaze.frames()) for clip in scan[1])


def score_part(
    job: Evaluation,
    runs: Path,
    part: tuple[int, int],
    *,
    load: Callable[[], Any] | None = None,
    witness: Witness | None = None,
) -> tuple[str, list[str]]:
    """Score the scans of one part that nobody has scored, and keep them for the whole run.

    Parameters
    ----------
    job : Evaluation
    runs : Path
        Folder of all runs.
    part : (int, int)
        The number of the part, from 1, and how many there are.
    load, witness
        As in `fusbench.evaluation.run.evaluate`.

    Returns
    -------
    str, list of str
        The run's key, and the scans of this part; none where there are fewer parts.

    Raises
    ------
    ConfigError
        If there is no such part.
    """
    number, count = part
    if not 1 <= number <= count:
        raise ConfigError(f"there is no part {number} of {count}", fix="Use --part 1/4, say.")
    own = (parts(job.dataset.scans(job.split), count)[number - 1 :] or [[]])[0]
    score = scorer(job, load)
    if not own:
        return "", []
    make_place(runs)
    folder, _, fresh = begun(job, runs, own, score, witness)
    pieces = Pieces(folder=folder, asked=job.key(), witness=witness)
    for scan_id, clips in own:
        pieces.have(scan_id, fresh.get(scan_id), partial(score, clips))
    return folder.name, [scan_id for scan_id, _ in own]


def begun(
    job: Evaluation, runs: Path, scans: list[Scan], score: Score, witness: Witness | None
) -> tuple[Path, Used, dict[str, Piece]]:
    """The run's folder, what its model used, and the piece that was made to find that out."""
    if witness is None:
        return runs / job.key(), NOTHING, {}
    fresh: dict[str, Piece] = {}
    first = next((scan for scan in scans if _weight(scan)), None)
    if first:
        stopped = stopped_before(job, runs, witness, first[0])
        if stopped is not None:
            return runs / job.key(stopped), stopped, {}
        fresh[first[0]] = score(first[1])
    used = witness.used()
    return runs / job.key(used), used, fresh


def make_place(runs: Path) -> None:
    """Make the folder of all runs: later, it would be a new name beside a model that lies there."""
    with output_errors(runs):
        runs.mkdir(parents=True, exist_ok=True)


def scorer(job: Evaluation, load: Callable[[], Any] | None) -> Score:
    """Scores a scan's clips; the model is loaded when the first scan comes."""
    wanted = set(examples(job.dataset, job.split))

    @cache
    def model() -> Any:
        with stage("model loaded"):
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


def frames_kept(job: Evaluation, runs: Path, scans: Iterable[Scan]) -> int:
    """Frames of the scans that are kept by now, by whichever process; no file is opened for it."""
    done = {path.stem for path in runs.glob(f"{job.card.name}-*/{FOLDER}/*.npz")}
    return sum(n_frames(clips) for scan_id, clips in scans if scan_id in done)


def n_frames(clips: Iterable[Clip]) -> int:
    """Frames of some clips, with gaze or without."""
    return sum(clip.n_frames for clip in clips)
