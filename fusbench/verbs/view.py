"""A page to look at clips, gaze, maps and scores, as ``fusbench view`` writes it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

from fusbench.data.dataset import Dataset
from fusbench.doors.door import Source as Model
from fusbench.doors.door import is_folder, label
from fusbench.doors.open import is_file
from fusbench.doors.options import ModelOptions, Options
from fusbench.evaluation.contest import Failure
from fusbench.evaluation.entry import door
from fusbench.evaluation.finished import Run, read_run
from fusbench.evaluation.folds import ready_for
from fusbench.metrics import observers_of, of_signature, signature
from fusbench.progress import Progress, silent
from fusbench.verbs.at_hand import at_hand
from fusbench.verbs.terms import Terms
from fusbench.view.content import choose_clips, content
from fusbench.view.leaf import divided
from fusbench.view.page import write_page as write
from fusbench.view.source import folder_source, one_signature, run_source


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page that was written, or several that lead to one another.

    Parameters
    ----------
    file : Path
        The first one.
    n_bytes : int
        Of all of them.
    clips : tuple of str
        Ids of the clips shown.
    n_clips : int
        Clips of the split.
    files : tuple of Path
        All of them, in the order of their clips.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> write_page("phantom-tiny", folder.name + "/page.html", n_clips=1).clips
    ('s093-c1',)
    """

    file: Path
    n_bytes: int
    clips: tuple[str, ...]
    n_clips: int
    files: tuple[Path, ...]


def write_page(
    dataset: str | Path | Dataset,
    out: str | Path = "view.html",
    *,
    results: Iterable[Run | str | Path] = (),
    models: Iterable[Model] = (),
    predictions: Iterable[str | Path] = (),
    split: str = "test",
    fold: int | None = None,
    n_clips: int = 6,
    clips: Iterable[str] = (),
    per_page: int = 24,
    n_frames: int = 900,
    side: int = 320,
    checkpoints: Iterable[str | Path] = (),
    runs: str | Path = "runs",
    progress: Progress = silent,
    warn: Callable[[str], object] = warnings.warn,
    **options: Unpack[ModelOptions],
) -> Page:
    """Write an HTML page, or several, which need no network and no server.

    Parameters
    ----------
    dataset : str, Path or Dataset
    out : str or Path
        The HTML file.
    results : iterable of Run, str or Path
        Finished runs, or their folders; their densities are computed again for the clips shown.
    models : iterable of str, Path, ModelCard or model
        What `fusbench.evaluate` takes: each is evaluated first, or its finished run read. A folder
        of predictions is one of `predictions`.
    predictions : iterable of str or Path
        Folders of densities; those they hold are scored.
    split : str
    fold : int, optional
    n_clips : int
        How many clips, half the worst and half the best; 0 takes all. Or, by their ids, `clips`.
    per_page : int
        Clips of one page: more make ``view-2.html`` and so on beside ``view.html``, so that neither
        the memory to write them nor a page grows with the data set.
    n_frames : int
        Of a longer clip only so many frames are shown.
    side : int
        Longer side of the frames, in pixels.
    checkpoints : iterable of str or Path
        Weights of `results`, which are found by their hash.
    runs : str or Path
        Folder of the runs of `models`.
    progress : callable, optional
        Shows how far it is; see `fusbench.progress`.
    warn : callable
        Told what is odd about `models`.
    **options
        Of `models`: checkpoint, device, python, timeout_s, memory_gb, allow_prints, seen_ok,
        threads; and allow_8_bit. See `Options`.

    Raises
    ------
    ConfigError
        If the runs were scored in different ways.
    DatasetError, CheckpointError, UnknownName, PluginError, PredictionError
        If something named is not there or unfit.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> page = write_page("phantom-tiny", folder.name + "/page.html", n_clips=1)
    >>> len(page.clips), page.file.stat().st_size == page.n_bytes
    (1, True)
    """
    chosen = Options(**options)
    data = at_hand(dataset, (split,), progress, fold)
    weights = tuple(Path(file) for file in checkpoints)
    folders = [Path(folder) for folder in predictions]
    kept = [each if isinstance(each, Run) else read_run(each) for each in results]
    one_signature([run.result.signature for run in kept] or [""])
    sources = [
        run_source(run, data, split, checkpoints=weights, device=chosen.device) for run in kept
    ]
    for model in models:
        if isinstance(model, str | Path) and is_folder(model):
            folders.append(Path(model))
            continue
        run = _evaluated(model, data, split, chosen, kept, Path(runs), progress, warn)
        named = str(model.resolve()) if isinstance(model, Path) else model
        if not isinstance(named, str) or is_file(named) or chosen.python:
            source = run_source(run, data, split, model=named, options=chosen)
        else:
            given = (*weights, *filter(None, [chosen.weights]))
            source = run_source(run, data, split, checkpoints=given, device=chosen.device)
        sources.append(source)
        kept.append(run)
    signed = one_signature(
        [run.result.signature for run in kept] or [signature("tuebingen", data.info.sigma_px)]
    )
    sources += [
        folder_source(folder, data, split, signed, integers=chosen.allow_8_bit)
        for folder in folders
    ]
    shown = choose_clips(data, split, sources, n_clips, tuple(clips))
    pages = divided(Path(out), shown, per_page)
    n_bytes = 0
    with progress("maps") as update:
        # the first one last: where it is, the pages that it leads to are
        for number in reversed(range(len(pages))):
            value = content(
                data, split, pages[number].clips, sources, signature=signed, n_frames=n_frames,
                side=side, metrics=of_signature(signed), report=update,
                before=sum(len(page.clips) for page in pages[number + 1 :]), total=len(shown),
            )  # fmt: skip
            value["pages"] = {"at": number, "all": [page.told() for page in pages]}
            n_bytes += write(pages[number].file, value)
    return Page(
        file=Path(out),
        n_bytes=n_bytes,
        clips=tuple(clip.clip_id for clip in shown),
        n_clips=len(data.split(split)),
        files=tuple(page.file for page in pages),
    )


def _evaluated(
    model: Model,
    data: Dataset,
    split: str,
    options: Options,
    others: list[Run],
    runs: Path,
    progress: Progress,
    warn: Callable[[str], object],
) -> Run:
    """A model's run, scored as the other runs on the page are."""
    terms = Terms(dataset=data, split=split)
    if others:
        result = others[0].result
        keys = tuple(metric.key for metric in of_signature(result.signature))
        terms = replace(
            terms, profile=result.profile, metrics=keys, observers=observers_of(result.signature)
        )
    contest = terms.contest(options, runs=runs, force=False, progress=progress, warn=warn)
    ready = ready_for(contest, label(model), options)
    let_in = door(model, options, data, split)
    row = ready if isinstance(ready, Failure) else ready.row(label(model), let_in)
    if isinstance(row, Failure):
        raise row.error
    return row
