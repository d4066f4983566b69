"""``fusbench train``: train a network of the zoo, or a plug-in's own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from fusbench.cli import config_option, json_option
from fusbench.cli.number import Real, Whole

EXAMPLE = "fusbench train --model clstmunet-torch --dataset phantom --out my.safetensors"
LONG = 0.05  # share of the time that a model may wait for batches


@click.command(epilog=f"Example: {EXAMPLE}")
@click.option("--model", "name", required=True, help="A model's name, or its Python file.")
@click.option("--dataset", required=True, help="A data set's name or folder.")
@click.option(
    "--fold", type=Whole(0), help="Splits of this fold, as 'dataset split --folds' stored it."
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="Checkpoint to write; learning curves go beside it.",
)  # fmt: skip
@click.option(
    "--recipe",
    default="fast",
    show_default=True,
    help="fast, patient, paper, paper-norm-momentum, or a TOML file.",
)
@click.option("--policy", help="Augmentation, such as ra-7-9 or none; default: the model's own.")
@click.option("--seed", type=Whole(0), default=0, show_default=True)
@click.option("--max-steps", type=Whole(1), help="Another budget than the recipe's.")
@click.option("--validate-every", type=Whole(1), help="Steps between validations.")
@click.option("--batch-size", type=Whole(1), help="Windows of a step.")
@click.option("--learning-rate", type=Real(0, min_open=True))
@click.option(
    "--loss", type=click.Choice(["kld", "kld-nss-cc"]),
    help="kld, or UNISAL's sum with NSS and CC; default: the recipe's.",
)  # fmt: skip
@click.option(
    "--window-count", type=click.Choice(["exact", "paper"]),
    help="Training windows of a clip: all T-L+1, or T-L as the paper writes.",
)  # fmt: skip
@click.option("--horizon", type=Whole(0), help="Predict the gaze this many frames ahead.")
@click.option("--length", type=Whole(1), help="Frames of a window.")
@click.option(
    "--placement", type=click.Choice(["before", "around", "after"]),
    help="Where the window's other frames lie.",
)  # fmt: skip
@click.option("--base", type=Whole(1), help="Channels of the finest level.")
@click.option("--levels", type=Whole(1), help="Number of poolings.")
@click.option(
    "--input-size", type=Whole(1), nargs=2, metavar="ROWS COLUMNS",
    help="What frames are scaled to; multiples of 2 to the power of levels.",
)  # fmt: skip
@click.option(
    "--init", metavar="CHECKPOINT",
    help="Begin with these weights, or the 'bundled' ones, where layers fit; the others are named.",
)  # fmt: skip
@click.option("--stride", type=Whole(1), help="Frames from one of a window to the next.")
@click.option(
    "--precision", default="float32", show_default=True, help="float32, bfloat16 or float16."
)
@click.option("--compile", is_flag=True, help="Have the framework compile the network.")
@click.option(
    "--dtype", type=click.Choice(["float32", "float16"]), default="float32", show_default=True,
    help="How weights are stored.",
)  # fmt: skip
@click.option("--device", help="The framework's name of a device, such as cuda.")
@click.option(
    "--workers", type=Whole(0),
    help="Processes that make batches, the same ones whatever their number; 0: a thread.",
)  # fmt: skip
@click.option(
    "--cache", type=click.Choice(["memory", "disk", "none"]), default="memory", show_default=True,
    help="Where frames of another size than the data set's are kept.",
)  # fmt: skip
@click.option(
    "--log", type=click.Choice(["tensorboard"]), help="Also write curves for this program."
)
@click.option(
    "--resume", is_flag=True,
    help="Go on with the training, whenever it was stopped; begin it if it was not begun.",
)  # fmt: skip
@config_option
@json_option
def train(
    name: str, dataset: str, out: Path, dtype: str, resume: bool, as_json: bool, **choices: Any
) -> None:
    """Train a model on a data set's train split; its val split says which weights are best.

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
    if done.rank:
        return
    found = {
        "checkpoint": str(out),
        "steps": done.steps,
        "best_step": done.best_step,
        "val_loss": done.val_loss,
        "waiting": round(done.waiting, 4),
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
        if done.waiting > LONG:
            fix = "--workers N makes them in N processes"
            show(f"! {done.waiting:.0%} of the time the model waited for batches: {fix}.")
        else:
            show(f"Waiting for batches: {done.waiting:.1%} of the time.")


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
