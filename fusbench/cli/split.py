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
    from fusbench.verbs.dataset import split_dataset

    given = None if shares is None else _shares(shares)
    parts = split_dataset(folder, shares=given, folds=folds, seed=seed, patients=patients)
    if as_json:
        print_json({"folder": str(folder), "scans": dict(parts.scans)})
        return
    show(table(*parts.table(), title=str(folder)), *parts.remarks)


def _shares(text: str) -> tuple[float, float, float]:
    from fusbench.errors import ConfigError

    try:
        train, val, test = map(number, text.split(","))
    except ValueError:
        fix = "Give three numbers, such as 60,20,20."
        raise ConfigError(f"the shares '{text}' cannot be read", fix=fix) from None
    return train, val, test
