"""``evaluate --part 2/4``: a share of the scans, scored for a run that is finished later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from fusbench.errors import counted
from fusbench.numerals import is_whole

if TYPE_CHECKING:
    from fusbench.doors.options import Options
    from fusbench.evaluation.contest import Contest
    from fusbench.evaluation.folds import Make


class Part(click.ParamType):  # type: ignore[type-arg]  # as `Names`
    """A part and how many there are, such as 2/4."""

    name = "part"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        number, _, count = str(value).partition("/")
        if is_whole(number) and is_whole(count) and 1 <= int(number) <= int(count):
            return int(number), int(count)
        self.fail(f"'{value}' is no part such as 2/4, from 1/4 to 4/4", param, ctx)


def keep_part(
    contest: Contest,
    asked: Mapping[str, Make],
    options: Options,
    part: tuple[int, int],
    *,
    as_json: bool,
) -> None:
    """Score a part of each model's scans, and tell what is kept."""
    from fusbench.cli.render import print_json, show
    from fusbench.evaluation.contest import Failure
    from fusbench.evaluation.folds import parts_kept

    failures = []
    for name, make in asked.items():
        found = parts_kept(contest, name, make, options, part)
        if isinstance(found, Failure):
            failures.append(found)
            continue
        for key, scans in found:
            if as_json:
                print_json({"key": key, "part": list(part), "scans": scans})
            elif scans:
                kept = counted(len(scans), "scan")
                show(f"{key}: {kept} kept; without --part the run is finished.")
            else:
                show(f"{name}: fewer scans with gaze than parts; nothing to do in this one.")
    for failure in failures[:-1]:
        click.echo(f"error: {failure.error}", err=True)
    if failures:
        raise failures[-1].error
