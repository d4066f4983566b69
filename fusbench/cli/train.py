"""``fusbench train``: train a network of the zoo."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from fusbench.cli import config_option, json_option

EXAMPLE = "fusbench train --model clstmunet-torch --dataset phantom --out my.safetensors"


@click.command(epilog=f"Example: {EXAMPLE}")
@click.option("--model", "name", required=True, help="A zoo model's name; it says the backend.")
@click.option("--dataset", required=True, help="A data set's name or folder.")
@click.option("--fold", type=int, help="Splits of this fold, as 'dataset split --folds' stored it.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="Checkpoint to write; learning curves go beside it.",
)  # fmt: skip
@click.option(
    "--recipe",
    default="fast",
    show_default=True,
    help="fast, patient, paper or paper-norm-momentum.",
)
@click.option("--policy", help="Augmentation, such as ra-7-9 or none; default: the model's own.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--max-steps", type=click.IntRange(1), help="Another budget than the recipe's.")
@click.option("--validate-every", type=click.IntRange(1), help="Steps between validations.")
@click.option(
    "--window-count", type=click.Choice(["exact", "paper"]),
    help="Training windows of a clip: all T-L+1, or T-L as the paper writes.",
)  # fmt: skip
@click.option("--horizon", type=click.IntRange(0), help="Predict the gaze this many frames ahead.")
@click.option("--length", type=click.IntRange(1), help="Frames of a window.")
@click.option(
    "--placement", type=click.Choice(["before", "around", "after"]),
    help="Where the window's other frames lie.",
)  # fmt: skip
@click.option("--base", type=click.IntRange(1), help="Channels of the finest level.")
@click.option("--levels", type=click.IntRange(1), help="Number of poolings.")
@click.option(
    "--input-size", type=click.IntRange(1), nargs=2, metavar="ROWS COLUMNS",
    help="What frames are scaled to; multiples of 2 to the power of levels.",
)  # fmt: skip
@click.option(
    "--init", metavar="CHECKPOINT",
    help="Begin with these weights, or the 'bundled' ones, where layers fit; the others are named.",
)  # fmt: skip
@click.option("--precision", default="float32", show_default=True, help="float32 or bfloat16.")
@click.option(
    "--dtype", type=click.Choice(["float32", "float16"]), default="float32", show_default=True,
    help="How weights are stored.",
)  # fmt: skip
@click.option("--device", help="The framework's name of a device, such as cuda.")
@click.option(
    "--resume", is_flag=True,
    help="Go on with the training, whenever it was stopped; begin it if it was not begun.",
)  # fmt: skip
@config_option
@json_option
def train(
    name: str, dataset: str, out: Path, dtype: str, resume: bool, as_json: bool, **choices: Any
) -> None:
    """Train a zoo network on a data set's train split; its val split says which weights are best.

    Ctrl-C keeps the state beside --out, and --resume goes on from it to the same weights as an
    unbroken training.
    """
    import signal

    from fusbench.cli.render import print_json, progress, show
    from fusbench.verbs.train import train as run

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    line = shlex.join(["fusbench", *_arguments()])
    done = run(
        name, dataset, out, dtype=dtype, resume=resume, command=line, progress=progress, **choices
    )
    found = {
        "checkpoint": str(out),
        "steps": done.steps,
        "best_step": done.best_step,
        "val_loss": done.val_loss,
        **done.history,
        **({"taken": done.taken, "drawn": done.drawn} if done.taken else {}),
    }
    if as_json:
        print_json(found)
    else:
        best = f"best at step {done.best_step} of {done.steps}"
        show(f"{out}: {best}, validation KLD {done.val_loss:.3f} nats", *_on_history(done.history))
        if done.taken:
            drawn = f"; drawn anew: {', '.join(done.drawn)}" if done.drawn else ""
            show(f"Layers that began with the weights of --init: {len(done.taken)}{drawn}.")


def _on_history(uses: Mapping[str, float]) -> list[str]:
    """What there is to say of a network that is given several frames."""
    from fusbench.training.validation import UNUSED

    if not uses:
        return []
    kinds = [f"{k.removeprefix('history_')} {use:.3f}" for k, use in uses.items() if "_" in k]
    by_kind = f" ({', '.join(kinds)})" if kinds else ""
    told = f"Use of history: {uses['history']:.3f} nats{by_kind}."
    if uses["history"] >= UNUSED:
        return [told]
    return [
        told,
        "! It says the same without its other frames: it is a network of single frames, and its"
        " score is none of what it is called. Train it with another --seed or recipe.",
    ]


def _arguments() -> list[str]:
    """The command's own arguments, less what only says how to go on."""
    return [argument for argument in sys.argv[1:] if argument not in ("--resume", "--debug")]
