"""``fusbench augment``: look at augmentation policies."""

from __future__ import annotations

from pathlib import Path

import click

from fusbench.cli import json_option
from fusbench.cli.number import Whole
from fusbench.cli.terms import terms

EXAMPLE = "fusbench augment show --policy ra-7-9 --dataset phantom --out sheet.png"


@click.group()
def augment() -> None:
    """Look at augmentation policies."""


@augment.command("show", epilog=f"Example: {EXAMPLE}")
@click.option("--policy", "name", required=True, help="Such as ra-7-9 or mixra-3-7.")
@terms("dataset")
@click.option("--split", default="train", show_default=True, help="Split that windows come from.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="PNG file to write.")
@click.option("--rows", type=Whole(1, 20), default=5, show_default=True)
@click.option("--length", type=Whole(1), default=6, show_default=True, help="Frames.")
@click.option("--seed", type=Whole(0), default=0, show_default=True)
@json_option
def show_policy(
    name: str, dataset: str, split: str, out: Path, rows: int, length: int, seed: int, as_json: bool
) -> None:
    """Draw original and augmented windows with the gaze on them and its map outlined.

    --json prints what was drawn for each row, to be replayed.
    """
    from fusbench.augment.policy import policy
    from fusbench.augment.sheet import draw_sheet
    from fusbench.cli.render import print_json, progress, show
    from fusbench.data.samples import Samples
    from fusbench.data.window import Window
    from fusbench.errors import ConfigError
    from fusbench.files import replacing
    from fusbench.verbs.at_hand import at_hand

    found = policy(name)
    if found is None:
        raise ConfigError("the policy 'none' changes nothing to look at", fix="Use ra-7-9, say.")
    data = at_hand(dataset, (split,), progress)
    samples = Samples(data, split, Window(length=length))
    kind = " (synthetic)" if data.info.synthetic else ""
    with replacing(out) as part:
        title = f"{name} on {data.info.name}{kind}"
        drawn = draw_sheet(part, samples, found, title, rows=rows, seed=seed)
    if as_json:
        print_json({"sheet": str(out), "rows": drawn})
    else:
        show(str(out))
