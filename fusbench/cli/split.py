"""``fusbench dataset split``: scans to splits or folds."""

from __future__ import annotations

from pathlib import Path

import click

from fusbench.cli import json_option
from fusbench.cli.number import Whole
from fusbench.numerals import number


@click.command("split", epilog="Example: fusbench dataset split my-study --shares 60,20,20")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--shares", help="Of the frames, for train, val and test.  [default: 60,20,20]")
@click.option(
    "--folds", type=Whole(0), help="Store K folds instead, for --fold of train and evaluate."
)
@click.option("--seed", type=Whole(0), default=0, show_default=True)
@click.option(
    "--patients", type=click.Path(path_type=Path),
    help="CSV file of scan_id and patient: scans of a person stay together. It is not stored.",
)  # fmt: skip
@json_option
def split(
    folder: Path, shares: str | None, folds: int | None, seed: int, patients: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Assign the scans of a data set FOLDER to splits, or to K folds, even in frames."""
    from fusbench.cli.render import print_json, show, table
    from fusbench.data.dataset import open_dataset
    from fusbench.data.split import fold_scans, read_patients, split_scans
    from fusbench.errors import ConfigError, DatasetError

    if not folder.is_dir():
        fix = "Give the path of a data set; the embedded ones keep their splits."
        raise DatasetError("no data set folder is here", str(folder), fix)
    if shares and folds:
        raise ConfigError("--shares and --folds exclude each other", fix="Give one of them.")
    data = open_dataset(folder)
    people = read_patients(patients) if patients else None
    if folds is not None:
        number_of = fold_scans(folder, data.clips, folds, seed, people)
        part_of = {scan: f"fold {number}" for scan, number in number_of.items()}
    else:
        part_of = split_scans(folder, data.clips, _shares(shares or "60,20,20"), seed, people)
    if as_json:
        print_json({"folder": str(folder), "scans": part_of})
        return
    total = sum(clip.n_frames for clip in data.clips)
    rows = []
    for part in dict.fromkeys(sorted(part_of.values(), key=_order)):
        clips = [clip for clip in data.clips if part_of[clip.scan_id] == part]
        frames = sum(clip.n_frames for clip in clips)
        scans = len({clip.scan_id for clip in clips})
        rows.append((part, str(scans), str(len(clips)), str(frames), f"{frames / total:.1%}"))
    show(table(("part", "scans", "clips", "frames", "of all"), rows, title=str(folder)))
    if folds is None:
        show(*few_scans(sum(part == "test" for part in part_of.values()), len(part_of)))


def few_scans(tested: int, scans: int) -> list[str]:
    """What an interval needs, where the test split has too few scans for one."""
    from fusbench.errors import counted
    from fusbench.statistics.intervals import FEWEST_SCANS

    if tested >= FEWEST_SCANS:
        return []
    line = f"The test split has {counted(tested, 'scan')}; an interval needs {FEWEST_SCANS}"
    if scans < FEWEST_SCANS:
        return [f"{line}, and there are {scans} in all: import more."]
    folds = min(5, scans)
    share = -(-100 * FEWEST_SCANS // scans)
    enough = f", or give it {share} % of the frames" if share <= 50 else ""
    return [f"{line}. Use --folds {folds}, which tests all {scans}{enough}."]


def _order(part: str) -> tuple[int, str]:
    from fusbench.data.scan import SPLITS

    return (SPLITS.index(part), "") if part in SPLITS else (int(part.split()[1]), "")


def _shares(text: str) -> tuple[float, float, float]:
    from fusbench.errors import ConfigError

    try:
        train, val, test = map(number, text.split(","))
    except ValueError:
        fix = "Give three numbers, such as 60,20,20."
        raise ConfigError(f"the shares '{text}' cannot be read", fix=fix) from None
    return train, val, test
