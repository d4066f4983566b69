"""``fusbench train``: train a network of the zoo."""

from __future__ import annotations

import shlex
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import config_option, json_option

if TYPE_CHECKING:
    from fusbench.models.card import Learner
    from fusbench.training.loop import Training

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
    "--recipe", default="fast", show_default=True, help="fast, paper or paper-norm-momentum."
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
@click.option("--precision", default="float32", show_default=True, help="float32 or bfloat16.")
@click.option(
    "--dtype", type=click.Choice(["float32", "float16"]), default="float32", show_default=True,
    help="How weights are stored.",
)  # fmt: skip
@click.option("--device", help="The framework's name of a device, such as cuda.")
@click.option("--resume", is_flag=True, help="Continue the training that was stopped.")
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
    from fusbench.training.loop import train as run

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    job, learner = _prepared(name, dataset, choices)
    with progress(f"training {name}", job.recipe.max_steps) as update:
        state = run(job, learner, out, resume=resume, dtype=dtype, report=update)
    found = {
        "checkpoint": str(out),
        "steps": state.adam.step,
        "best_step": state.best_step,
        "val_loss": state.best_loss,
    }
    if as_json:
        print_json(found)
    else:
        best = f"best at step {state.best_step} of {state.adam.step}"
        show(f"{out}: {best}, validation KLD {state.best_loss:.3f} nats")


def _prepared(name: str, dataset: str, choices: dict[str, Any]) -> tuple[Training, Learner]:
    """What is to be trained, and the backend that gives its gradients."""
    from dataclasses import replace

    from fusbench.augment.policy import policy as find_policy
    from fusbench.cli.render import progress
    from fusbench.data.dataset import open_dataset
    from fusbench.data.samples import Samples
    from fusbench.discovery import load_target
    from fusbench.doors.registry import model_card
    from fusbench.errors import ConfigError
    from fusbench.training.loop import Training
    from fusbench.training.recipe import recipe as find_recipe
    from fusbench.zoo.checkpoint import describe
    from fusbench.zoo.entries import ENTRIES, build

    card = model_card(name)
    entry = card.network
    if card.learner is None or entry is None:
        fix = "Choose one of the zoo; 'fusbench model list' shows them."
        raise ConfigError("has no learner, so fusbench cannot train it", f"model '{name}'", fix)
    changed = ("max_steps", "validate_every", "window_count")
    changes = {key: choices[key] for key in changed if choices[key]}
    recipe = replace(find_recipe(choices["recipe"]), **changes)
    policy = choices["policy"] or ENTRIES[entry].policy
    found_policy = find_policy(policy)
    window = card.window
    if choices["horizon"] is not None:
        window = replace(window, horizon=choices["horizon"])
    network = build(entry, window=window)
    learner_of = load_target(card.learner, f"model '{name}'", card.backend)
    settings = {key: choices[key] for key in ("device", "precision") if choices[key]}
    learner = learner_of(replace(card, window=window), network, **settings)
    with progress(f"making {dataset}") as update:
        data = open_dataset(dataset, ("train", "val"), update, choices["fold"])
    shape = network.input_shape
    job = Training(
        network=network,
        recipe=recipe,
        policy=found_policy,
        seed=choices["seed"],
        train=Samples(data, "train", window, shape=shape, window_count=recipe.window_count),
        val=Samples(data, "val", window, shape=shape, every=recipe.validation_stride),
        metadata={
            **describe(network, entry, window),
            "model": name,
            "policy": policy,
            "precision": choices["precision"],
            "dataset": f"{data.info.name} {data.info.version}",
            "synthetic": str(data.info.synthetic).lower(),
            "train_fingerprint": data.fingerprint("train"),
            "val_fingerprint": data.fingerprint("val"),
            **({} if data.fold is None else {"fold": str(data.fold)}),
            "command": shlex.join(["fusbench", *_arguments()]),
            "fusbench": metadata.version("fusbench"),
        },
    )
    return job, learner


def _arguments() -> list[str]:
    """The command's own arguments, less what only says how to go on."""
    return [argument for argument in sys.argv[1:] if argument not in ("--resume", "--debug")]
