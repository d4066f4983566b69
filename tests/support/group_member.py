"""Trainings that several processes make together, and the second of two that makes them.

A test calls the same functions in its own process, which leads.
"""

import os
import pickle
import signal
import sys
from dataclasses import replace
from pathlib import Path

from fusbench.augment.policy import policy
from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Samples
from fusbench.data.window import Window
from fusbench.discovery import load_target
from fusbench.doors.registry import model_card
from fusbench.training.group import ALONE, LostError, together
from fusbench.training.job import Training
from fusbench.training.loop import train
from fusbench.training.optimiser import update_of
from fusbench.training.recipe import RECIPES
from fusbench.training.state import first_state
from fusbench.zoo.entries import build

WINDOW, SHAPE, STEPS = Window(length=2), (12, 16), 20
NETWORK = build("unet-stacked", window=WINDOW, base=2, levels=1, input_shape=SHAPE)
RECIPE = replace(RECIPES["patient"], max_steps=STEPS, batch_size=4, validate_every=5)
RECIPES_OF = {  # name -> recipe, augmentation
    "adamw": (replace(RECIPE, optimiser="adamw", weight_decay=0.5), "mixra-2-5"),
    "unisal": (replace(RECIPE, optimiser="sgd", learning_rate=0.05, loss="kld-nss-cc"), "none"),
}


def job_of(name, place=ALONE.place, **changes):
    recipe, called = RECIPES_OF[name]
    data = open_dataset("phantom-tiny")
    train, val = (Samples(data, split, WINDOW, shape=SHAPE, every=9) for split in ("train", "val"))
    return Training(
        network=NETWORK, recipe=replace(recipe, **changes), policy=policy(called), seed=3,
        train=train, val=val, metadata={"model": "m"}, place=place,
    )  # fmt: skip


def learner_of(backend, job, group=ALONE):
    card = replace(model_card(f"unet-stacked-{backend}"), window=WINDOW)
    settings = {} if job.recipe.loss == "kld" else {"loss": job.recipe.loss}
    learner = load_target(card.learner, "test", backend)(card, NETWORK, **settings)
    if group is not ALONE:
        learner.join(group)
    return learner


def steps(backend, name, group=ALONE):
    """Losses and state of the steps of a training."""
    job = job_of(name, group.place)
    learner = learner_of(backend, job, group)
    learner.start(job.recipe, first_state(job).arrays)
    updates = (update_of(job.recipe, number, 0, 0.99) for number in range(STEPS))
    losses = [learner.step(job.batch(n), update) for n, update in enumerate(updates)]
    return losses, learner.state()


def whole(backend, out, group=ALONE, *, resume=False, report=None):
    """A training from its first step to its last validation."""
    job = job_of("adamw", group.place)
    learner = learner_of(backend, job, group)
    state, _ = train(job, learner, Path(out), group=group, resume=resume, report=report)
    return state


def ends_at(step):
    """A report that ends its process at a step, as a machine does that fails."""

    def report(done, _total, _note):
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return report


def main(backend, out):
    with together(backend, os.environ) as group:
        for name in RECIPES_OF:
            steps(backend, name, group)
        whole(backend, out, group)
        whole(backend, f"{out}.broken", group, report=ends_at(12))


def lead(out):
    """In a process of its own, the first of two in Keras, which meet before TensorFlow is used."""
    found = {}
    with together("keras", os.environ) as group:
        for name in RECIPES_OF:
            losses, state = steps("keras", name, group)
            found[name] = {"losses": losses, **{k: state[k] for k in ("weights", "averages")}}
        found["history"] = whole("keras", out, group).history
        try:
            whole("keras", f"{out}.broken", group)
        except LostError as lost:
            found["lost"], found["tells"] = str(lost), (group.tells(), group.tells())
    Path(f"{out}.found").write_bytes(pickle.dumps(found))
    os._exit(0)  # TensorFlow would wait for the other


if __name__ == "__main__":
    {"member": main, "lead": lead}[sys.argv[1]](*sys.argv[2:])
