"""One formula of the step, three times: NumPy as the reference, Torch and Keras on their device."""

from dataclasses import replace

import numpy as np
import pytest

from fusbench import metrics
from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Batch, Samples
from fusbench.data.window import Window
from fusbench.discovery import load_target
from fusbench.doors.registry import model_card
from fusbench.training.optimiser import update_of
from fusbench.training.recipe import RECIPES
from fusbench.training.steps import HostSteps
from fusbench.zoo.checkpoint import initial_weights
from fusbench.zoo.entries import build
from fusbench.zoo.normalise import with_gains

SHAPE, STEPS = (12, 16), 20
WINDOW = Window(length=2)
NETWORK = build("unet-stacked", window=WINDOW, base=2, levels=1, input_shape=SHAPE)
PATIENT = replace(RECIPES["patient"], max_steps=100)  # clips, averages, and warms up for 4 steps
RULES = {  # Adam is AdamW without its decay
    "adamw": replace(PATIENT, optimiser="adamw", weight_decay=0.5),
    "sgd": replace(PATIENT, optimiser="sgd", weight_decay=0.5, learning_rate=0.05),
}


@pytest.fixture(scope="module")
def batches():
    samples = Samples(open_dataset("phantom-tiny"), "train", WINDOW, shape=SHAPE)
    rng = np.random.default_rng(0)
    chosen = (rng.integers(0, len(samples), 4) for _ in range(STEPS))
    return [samples.batch(each, with_fixations=True) for each in chosen]


def learner_of(backend, **settings):
    pytest.importorskip(f"fusbench_{backend}")
    card = replace(model_card(f"unet-stacked-{backend}"), window=WINDOW)
    return load_target(card.learner, "test", backend)(card, NETWORK, **settings)


def begun(normalised):
    weights = initial_weights(NETWORK, np.random.default_rng(1))
    weights = with_gains(NETWORK, weights) if normalised else weights
    kept = {**weights, **{n: np.zeros(s) for n, s in NETWORK.statistics.items() if normalised}}
    sums = {name: np.zeros_like(value, np.float32) for name, value in kept.items()}
    return {"weights": weights, "averages": sums}


def after(steps, recipe, batches, normalised):
    """Losses and state after a step for each batch."""
    steps.start(recipe, begun(normalised))
    updates = (update_of(recipe, number, 0, recipe.average) for number in range(len(batches)))
    losses = [steps.step(*each) for each in zip(batches, updates, strict=True)]
    return np.array(losses), steps.state()


def apart(one, other, kind):
    """How far arrays of a kind are apart, by their length; but a constant on all pixels is idle."""
    names = [name for name in one[kind] if name != "head.bias"]
    a, b = (np.concatenate([each[kind][n].ravel() for n in names]) for each in (one, other))
    return np.linalg.norm(a - b) / np.linalg.norm(a)


@pytest.fixture(scope="module", params=["torch", "keras"])
def taken(request, batches):
    """Losses and state of a backend under each rule, and of NumPy from the same gradients."""
    found = {}
    for rule, recipe in RULES.items():
        learner = learner_of(request.param)
        found[rule] = after(learner, recipe, batches, True)
        found[rule, "numpy"] = after(HostSteps(learner), recipe, batches, True)
        if rule == "adamw":
            found["plain"] = after(learner, PATIENT, batches, False)
            _, half = after(learner, recipe, batches[:10], True)
            learner.start(recipe, half)
            for number in range(10, STEPS):
                learner.step(batches[number], update_of(recipe, number, 0, recipe.average))
            found["continued"] = learner.state()
    KEPT[request.param] = found
    return found


KEPT = {}


@pytest.mark.parametrize("rule", RULES)
def test_a_backend_takes_the_steps_of_numpy(taken, rule):
    """From the same gradients, those of a normalised network, over 20 steps."""
    (losses, reference), (found, state) = taken[rule, "numpy"], taken[rule]
    np.testing.assert_allclose(found, losses, rtol=1e-5)
    for kind in ("weights", "averages", "mean"):
        assert apart(reference, state, kind) <= 1e-5, kind
    assert apart(reference, begun(True), "weights") > 1e-3


def test_a_state_goes_on_to_the_same_bytes(taken):
    _, whole = taken["adamw"]
    for kind, arrays in whole.items():
        for name, value in arrays.items():
            np.testing.assert_array_equal(taken["continued"][kind][name], value)


def test_torch_and_keras_take_the_same_steps():
    """From the same weights over the same batches, each with its own gradients."""
    if len(KEPT) < 2:
        pytest.skip("a backend is not installed")
    (losses, one), (others, other) = (KEPT[b]["plain"] for b in ("torch", "keras"))
    np.testing.assert_allclose(losses, others, rtol=1e-5)
    assert apart(one, other, "weights") <= 1e-5
    assert apart(one, other, "averages") <= 1e-5


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_unisals_loss_is_that_of_the_metrics(batches, backend):
    learner, batch = learner_of(backend, loss="kld-nss-cc"), batches[0]
    learner.load(begun(False)["weights"])
    loss, gradients, _ = learner.gradients(batch.frames, batch.densities, batch.fixations)
    predicted = np.exp(learner.log_densities(batch.frames).astype(float))
    predicted /= predicted.sum((1, 2), keepdims=True)
    empirical = batch.densities / batch.densities.astype(float).sum((1, 2), keepdims=True)
    kld, cc = metrics.kld(predicted, empirical), metrics.cc(predicted, empirical)
    nss = metrics.nss(predicted, batch.fixations.astype(np.uint16))
    assert loss == pytest.approx((kld - 0.1 * nss - 0.1 * cc).mean(), rel=1e-5)
    plain = learner_of(backend)
    plain.load(begun(False)["weights"])
    _, others, _ = plain.gradients(batch.frames, batch.densities)
    assert apart({"g": gradients}, {"g": others}, "g") > 1e-3


def test_a_gradient_that_is_no_number_changes_nothing(batches):
    learner, batch = learner_of("torch"), batches[0]
    learner.start(PATIENT, begun(True))
    spoilt = Batch(frames=batch.frames, densities=batch.densities * np.float32("nan"))
    assert np.isnan(learner.step(spoilt, update_of(PATIENT, 0, 0, 0.99)))
    for name, value in begun(True)["weights"].items():
        np.testing.assert_array_equal(learner.state()["weights"][name], value)


def test_a_module_with_channels_last_goes_on_to_the_same_bytes(batches):
    """Its moments lie in memory as its weights do, also those that come from a state."""
    torch = pytest.importorskip("torch")
    from fusbench_torch.learner import ModuleLearner

    class Own(torch.nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            length = batches[0].frames.shape[1]
            self.first = torch.nn.Conv2d(length, 6, 3, padding=1)
            self.last = torch.nn.Conv2d(6, 1, 3, padding=1)

        def forward(self, frames):
            x = self.last(torch.relu(self.first(frames / 255)))[:, 0]
            return x.flatten(1).log_softmax(1).view(x.shape)

    def learner():
        return ModuleLearner(Own().to(memory_format=torch.channels_last))

    def stepped(learner, numbers):
        for number in numbers:
            learner.step(batches[number], update_of(recipe, number, 0, recipe.average))
        return learner.state()

    recipe, whole, resumed = RULES["adamw"], learner(), learner()
    weights = whole.weights()
    zeros = {name: np.zeros_like(value) for name, value in weights.items()}
    begin = {"weights": weights, "averages": zeros}
    whole.start(recipe, begin)
    half = stepped(whole, range(4))
    want = stepped(whole, range(4, 8))
    resumed.start(recipe, half)
    got = stepped(resumed, range(4, 8))
    for kind in ("weights", "mean", "square", "averages"):
        for name, value in want[kind].items():
            np.testing.assert_array_equal(got[kind][name], value, err_msg=f"{kind} {name}")


def test_adam_in_passes_is_adam_in_one(monkeypatch):
    """What devices without the fused kernel do, and gradients that lie otherwise in memory."""
    torch = pytest.importorskip("torch")
    optimiser = pytest.importorskip("fusbench_torch.optimiser")
    rng = np.random.default_rng(0)
    slopes = [rng.normal(size=(6, 5, 3, 3)).astype(np.float32) for _ in range(5)]
    found = []
    for fused in (("cpu",), ()):
        monkeypatch.setattr(optimiser, "FUSED", fused)
        w, m, v = ({"x": torch.zeros(6, 5, 3, 3)} for _ in range(3))
        w["x"] += 1
        for number, slope in enumerate(slopes):
            g = torch.from_numpy(slope).contiguous(memory_format=torch.channels_last)
            update = update_of(RULES["adamw"], number, 0, 0.99)
            optimiser.adam(update, w, m, v, {"x": g})
        found.append(w["x"].numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_a_compiled_network_takes_the_same_steps(batches, backend):
    """By the real compilers, which take a minute."""
    plain, one = after(learner_of(backend), RULES["adamw"], batches, True)
    compiled, other = after(learner_of(backend, compile=True), RULES["adamw"], batches, True)
    np.testing.assert_allclose(compiled, plain, rtol=1e-5)
    assert apart(one, other, "weights") <= 1e-4


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_half_precision_learns_like_single(batches, backend):
    """bfloat16 and float16, whose losses are scaled up so that no gradient is too small for it."""
    batches = batches[:3]
    single, _ = after(learner_of(backend), PATIENT, batches, True)
    for precision, scaled in (("bfloat16", False), ("float16", True)):
        learner = learner_of(backend, precision=precision)
        losses, state = after(learner, PATIENT, batches, True)
        np.testing.assert_allclose(losses, single, rtol=0.02)
        assert (losses != single).any()
        assert bool(state["scaling"]) == scaled


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_too_large_a_gradient_lowers_the_scale_of_losses(batches, backend):
    learner = learner_of(backend, precision="float16")
    learner.start(PATIENT, begun(True))
    learner.scaling[0] = 2.0**120  # its gradients are infinite in half precision
    before = learner.state()["weights"]
    assert np.isfinite(learner.step(batches[0], update_of(PATIENT, 0, 0, 0.99)))
    assert learner.scaling[0] == 2.0**119
    state = learner.state()
    np.testing.assert_array_equal(state["weights"]["head.weight"], before["head.weight"])
    # averages are corrected by the number of steps, of which this is one
    _, single = after(learner_of(backend), replace(PATIENT, learning_rate=0.0), batches[:1], True)
    share = (1 - 0.99) / (1 - PATIENT.average)
    for name, value in single["averages"].items():
        np.testing.assert_allclose(state["averages"][name], share * value, rtol=0.02, atol=1e-5)


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_a_state_in_half_precision_goes_on_to_the_same_bytes(batches, backend):
    learner, batches = learner_of(backend, precision="float16"), batches[:4]
    _, whole = after(learner, PATIENT, batches, True)
    _, half = after(learner, PATIENT, batches[:2], True)
    learner.start(PATIENT, half)
    for number in (2, 3):
        learner.step(batches[number], update_of(PATIENT, number, 0, PATIENT.average))
    for kind, arrays in learner.state().items():
        for name, value in arrays.items():
            np.testing.assert_array_equal(value, whole[kind][name])
    assert whole["scaling"]["scaling"].tolist() == [2.0**16, 4]


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_a_weight_that_a_window_leaves_without_use_has_no_slope(backend):
    """A recurrence over one step."""
    pytest.importorskip(f"fusbench_{backend}")
    network = build("clstmunet", window=Window(), base=2, levels=1, input_shape=SHAPE)
    card = replace(model_card(f"clstmunet-{backend}"), window=Window())
    learner = load_target(card.learner, "test", backend)(card, network)
    learner.load(initial_weights(network, np.random.default_rng(1)))
    frames = np.full((2, 1, *SHAPE), 9, np.uint8)
    frames[:, :, 3:] = 200
    densities = np.full((2, *SHAPE), 1 / np.prod(SHAPE), np.float32)
    _, gradients, _ = learner.gradients(frames, densities)
    assert not gradients["clstm.recurrent_weight"].any()
    assert gradients["clstm.weight"].any()


@pytest.mark.parametrize("name", ["clstmunet", "salsac", "ema", "mmunet"])
def test_every_layer_in_keras_computes_in_half_precision(name):
    """To the gradient of single precision but for the rounding of 11 bits, or 8."""
    pytest.importorskip("fusbench_keras")
    window = Window(length=3)
    network = build(name, window=window, base=2, levels=1, input_shape=SHAPE)
    card = replace(model_card(f"{name}-keras"), window=window)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, 3, *SHAPE), dtype=np.uint8)
    densities = rng.random((2, *SHAPE)).astype(np.float32)
    densities /= densities.sum((1, 2), keepdims=True)
    weights = with_gains(network, initial_weights(network, np.random.default_rng(1)))
    found = {}
    for precision in ("float32", "float16", "bfloat16"):
        learner = load_target(card.learner, "test", "keras")(card, network, precision=precision)
        learner.load(weights)
        found[precision] = learner.gradients(frames, densities)
    one = found["float32"]
    for precision, bound in (("float16", 0.02), ("bfloat16", 0.16)):  # 8 times as coarse
        other = found[precision]
        assert other[0] == pytest.approx(one[0], rel=bound)
        assert 0 < apart({"g": one[1]}, {"g": other[1]}, "g") < bound
        assert all(value.dtype == np.float32 for value in other[1].values())
