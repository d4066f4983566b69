"""From what a training is told to its job: network, first weights, samples and learner."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from importlib import metadata
from inspect import signature
from pathlib import Path

import numpy as np

from fusbench.augment.policy import policy as find_policy
from fusbench.data.dataset import Dataset
from fusbench.data.fitted import MEMORY_BYTES
from fusbench.data.samples import Samples
from fusbench.discovery import load_target
from fusbench.errors import ConfigError, PluginError
from fusbench.models.card import Learner, ModelCard
from fusbench.progress import Progress, silent
from fusbench.training.group import ALONE, Group, require_shared
from fusbench.training.job import Training
from fusbench.training.recipe import Recipe, changed
from fusbench.training.recipe import recipe as find_recipe
from fusbench.training.stopping import learner_errors
from fusbench.verbs.at_hand import at_hand
from fusbench.verbs.choices import OF_LEARNER, OF_RECIPE, OF_WINDOW, Choices
from fusbench.zoo.checkpoint import describe, naming_clips
from fusbench.zoo.entries import ENTRIES
from fusbench.zoo.network import Network
from fusbench.zoo.start import begun_from, sized


def prepared(
    card: ModelCard,
    dataset: str | Path | Dataset,
    choices: Choices,
    command: str,
    progress: Progress = silent,
    *,
    cache: str = "memory",
    workers: int = 0,
    group: Group = ALONE,
) -> tuple[Training, Learner]:
    """What is to be trained, and the backend that trains it.

    Raises
    ------
    ConfigError
        If fusbench cannot train the model.
    """
    where, entry = f"model '{card.name}'", card.network
    if card.learner is None:
        fix = (
            "Name one in its card, as docs/how-to/train-your-own.md says, or choose one of the zoo."
        )
        raise ConfigError("has no learner, so fusbench cannot train it", where, fix)
    recipe = changed(find_recipe(choices.recipe), choices.told(OF_RECIPE))
    policy = choices.policy or (ENTRIES[entry].policy if entry else "none")
    found_policy = find_policy(policy)
    group.place.share(recipe.batch_size)
    window = replace(card.window, **choices.told(OF_WINDOW))
    sizes = {"base": choices.base, "levels": choices.levels, "input_shape": choices.input_size}
    network, begun = None, None
    if entry:
        network, window = sized(entry, {**sizes, "window": window})
        if choices.init is not None:
            begun = begun_from(entry, network, window, choices.init, choices.seed)
    elif any(sizes.values()) or choices.init is not None:
        fix = "Leave --base, --levels, --input-size and --init to networks of the zoo."
        raise ConfigError("is no network of the zoo, and has a size of its own", where, fix)
    card = replace(card, window=window)
    learner = _learner(card, network, choices, recipe, where)
    require_shared(learner, group)
    weights = dict(begun.weights) if begun else None
    told = begun.metadata if begun else _described(card)
    if network is None:
        weights = _own_weights(learner, where)
    elif begun is None and entry:
        told = describe(network, entry, window)
    data = at_hand(dataset, ("train", "val"), progress, choices.fold)
    shape = network.input_shape if network else card.input_shape
    samples = partial(
        Samples, data, window=window, shape=shape, channels=card.channels, cache=cache,
        memory_bytes=MEMORY_BYTES // max(workers, 1),
    )  # fmt: skip
    job = Training(
        network=network,
        recipe=recipe,
        policy=found_policy,
        seed=choices.seed,
        train=samples("train", window_count=recipe.window_count),
        val=samples("val", every=recipe.validation_stride),
        weights=weights,
        place=group.place,
        metadata={
            **told,
            "model": card.name,
            "policy": policy,
            "precision": choices.precision,
            "dataset": f"{data.info.name} {data.info.version}",
            "synthetic": str(data.info.synthetic).lower(),
            "train_fingerprint": data.fingerprint("train"),
            **naming_clips(
                (clip.sha256 for clip in data.split("train")), begun.metadata if begun else {}
            ),
            "val_fingerprint": data.fingerprint("val"),
            **({} if data.fold is None else {"fold": str(data.fold)}),
            "command": command,
            "fusbench": metadata.version("fusbench"),
        },
    )
    return job, learner


def _learner(
    card: ModelCard, network: Network | None, choices: Choices, recipe: Recipe, where: str
) -> Learner:
    """The learner that a card names, told what differs from the usual."""
    settings = {k: v for k, v in choices.told(OF_LEARNER).items() if v is not False}
    if recipe.loss != "kld":
        settings["loss"] = recipe.loss
    given = (card,) if network is None else (card, network)
    # a plug-in's function may have been written before an option was
    learner_of = load_target(card.learner or "", where, card.backend)
    if "seed" in signature(learner_of).parameters:
        settings["seed"] = choices.seed
    try:
        signature(learner_of).bind(*given, **settings)
    except TypeError as error:
        what = f"its learner cannot be called as learner(card, {', '.join(settings)}): {error}"
        raise PluginError(what, where, "Write it as learner(card, **settings).") from None
    with learner_errors("its making", where):
        found: Learner = learner_of(*given, **settings)
    return found


def _own_weights(learner: Learner, where: str) -> dict[str, np.ndarray]:
    """Where the training of a plug-in's own network begins."""
    if not hasattr(learner, "weights"):
        fix = "Add weights(), which returns the initial ones by name."
        raise PluginError("its learner has no method 'weights'", where, fix)
    with learner_errors("its weights", where):
        return {name: np.asarray(w, np.float32) for name, w in learner.weights().items()}


def _described(card: ModelCard) -> dict[str, str]:
    shape = {} if card.input_shape is None else {"input_shape": json.dumps(card.input_shape)}
    return {"window": json.dumps(asdict(card.window), sort_keys=True), **shape}
