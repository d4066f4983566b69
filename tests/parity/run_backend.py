"""Run one backend on given checkpoints and write what it computes: a process of its own."""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np

from fusbench.discovery import load_target
from fusbench.doors.registry import load_model, model_card
from fusbench.zoo.checkpoint import network_of, read_checkpoint, read_metadata, window_of
from fusbench.zoo.normalise import folded
from fusbench.zoo.weights import card_of_weights

SIZES = ("base", "levels", "input_shape")


def main(backend, folder, *modules):
    for path in sorted(Path(folder).glob("*.safetensors")):
        given = np.load(path.with_suffix(".npz"))
        card = card_of_weights(model_card(f"{path.stem}-{backend}"), path)
        model = load_model(card, checkpoint=path)
        stored = read_checkpoint(path)
        windows = card.window.indices(np.arange(len(given["clip"])), len(given["clip"]))
        frames = given["clip"][windows]
        before = frames.copy()
        density = model.predict(frames)
        assert (frames == before).all(), "the input was changed"
        if card.learner is None:
            whole = model.predict_clip(given["clip"])
            np.savez(path.with_suffix(f".{backend}.npz"), density=density, clip_density=whole)
            continue
        current = 5
        seen = card.window.indices([current], len(given["clip"]))[0]
        inside = np.isin(np.arange(len(given["clip"])), seen)[:, None, None]
        negative = 255 - given["clip"]
        learner = load_target(card.learner, "test", backend)(card, network_of(stored.metadata))
        learner.load(stored.weights)
        loss, gradients, none = learner.gradients(frames[:4], given["target"])
        assert not none, "a plain network has no statistics"
        log_densities = learner.log_densities(frames[:4])
        network = network_of(stored.metadata)
        trained = {n: given[n] for n in network.trained}
        learner.load(trained)
        normal_loss, normal_gradients, statistics = learner.gradients(frames[:4], given["target"])
        in_batch_weights = folded(network, trained, statistics)
        learner.load(in_batch_weights)
        in_batch = learner.log_densities(frames[:4])
        as_module = {}
        if path.stem in modules:
            as_module = module_values(backend, path, trained, frames[:4])
        np.savez(
            path.with_suffix(f".{backend}.npz"),
            density=density,
            clip_density=model.predict_clip(given["clip"]),
            one_by_one=np.concatenate([model.predict(frames[k : k + 1]) for k in range(3)]),
            seen=seen,
            outside_altered=model.predict_clip(np.where(inside, given["clip"], negative))[current],
            inside_altered=model.predict_clip(np.where(inside, negative, given["clip"]))[current],
            loss=loss,
            log_densities=log_densities,
            normal_loss=normal_loss,
            in_batch=in_batch,
            **gradients,
            **{f"normal/{name}": value for name, value in normal_gradients.items()},
            **{f"statistics/{name}": value for name, value in statistics.items()},
            **{f"module/{name}": value for name, value in as_module.items()},
            **{f"folded/{name}": value for name, value in in_batch_weights.items()},
        )


def module_values(backend, path, trained, frames):
    """What the network says as a module or a model of its framework, on the same weights."""
    made = import_module(f"fusbench_{backend}")
    plain = made.network(path.stem, weights=path)
    sizes = {key: getattr(network_of(read_metadata(path)), key) for key in SIZES}
    window = window_of(read_metadata(path))
    drawn = made.network(path.stem, **sizes, window=window)
    if backend == "torch":
        import torch

        found = {name: torch.tensor(value) for name, value in trained.items()}
        drawn.load_state_dict(found, strict=False)

        def ask(net, training):
            return net.train(training)(torch.from_numpy(frames)).detach().numpy()
    else:
        from fusbench_keras.function import channels_last
        from fusbench_keras.module import variables

        for name, value in trained.items():
            variables(drawn)[name].assign(channels_last(value))

        def ask(net, training):
            return net(frames, training=training).numpy()

    written = path.with_suffix(".written")
    values = {"plain": ask(plain, False), "plain_training": ask(plain, True)}
    values |= {"training": ask(drawn, True), "after": ask(drawn, False)}
    made.write_checkpoint(drawn, written)
    return values | {f"written/{k}": v for k, v in read_checkpoint(written).weights.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
