"""``evaluate --stages``: where the time of a run went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fusbench.errors import counted

if TYPE_CHECKING:
    from fusbench.evaluation.finished import Run
    from fusbench.stages import Stages


def tell_stages(stages: Stages, run: Run) -> None:
    """Show a run's stages on stderr, the longest first.

    A model in a process of its own computes there: its stage takes the clock's time, and hardly
    any of this process's.
    """
    frames = run.result.n_frames
    total = sum(stages.clock_s.values())
    scored = counted(frames, "frame")
    click.echo(f"{run.name}: {total:.2f} s, {scored}; microseconds a frame", err=True)
    click.echo(f"{'clock':>10}{'processor':>11}{'share':>8}  stage", err=True)
    for name, seconds in sorted(stages.clock_s.items(), key=lambda each: -each[1]):
        here = stages.processor_s[name]
        line = f"{1e6 * seconds / frames:10.0f}{1e6 * here / frames:11.0f}{seconds / total:8.1%}"
        click.echo(f"{line}  {name}", err=True)
