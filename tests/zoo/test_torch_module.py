"""The zoo as ``torch.nn.Module``: what every module of Torch can do."""

import copy
import io
import pickle

import numpy as np
import pytest

from fusbench.data.window import Window
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import CheckpointError, ConfigError, UnknownName
from fusbench.zoo.checkpoint import TRAIN_CLIPS, named_clips, read_checkpoint, short_hash
from fusbench.zoo.entries import build
from fusbench.zoo.weights import card_of_weights

torch = pytest.importorskip("torch")
fusbench_torch = pytest.importorskip("fusbench_torch")
SIZE = {"base": 2, "levels": 1, "input_shape": (8, 12)}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Networks this small only wait for each other's threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def frames(length=6, n=3, shape=(8, 12)):
    made = np.random.default_rng(0).integers(0, 256, (n, length, *shape), dtype=np.uint8)
    return torch.from_numpy(made)


@pytest.fixture
def net():
    return fusbench_torch.network("clstmunet", **SIZE)


def test_names_and_shapes_are_the_canonical_ones(net):
    network = build("clstmunet", **SIZE)
    assert {k: tuple(v.shape) for k, v in net.named_parameters()} == network.trained
    kept = {k: tuple(v.shape) for k, v in net.named_buffers() if not k.endswith(".steps")}
    assert kept == network.statistics
    bundled = fusbench_torch.network("unet", weights="bundled")
    assert {k: tuple(v.shape) for k, v in bundled.state_dict().items()} == build("unet").parameters


def test_any_size_and_window():
    window = Window(length=3, placement="around")
    net = fusbench_torch.network("tsen", base=4, levels=2, input_shape=(12, 20), window=window)
    assert net(frames(3, 2, (12, 20))).shape == (2, 12, 20)
    assert net(frames(3, 2, (24, 8))).shape == (2, 24, 8)  # what can be halved twice
    density = net(frames(3, 2, (12, 20))).exp().sum((1, 2))
    torch.testing.assert_close(density, torch.ones(2))
    same = fusbench_torch.network("tsen", base=4, levels=2, input_shape=(12, 20), window=window)
    assert all((a == b).all() for a, b in zip(net.parameters(), same.parameters(), strict=True))


def test_bundled_weights_predict_as_the_model_does():
    model = load_model(model_card("unet-torch"))
    seen = frames(1, 2, (56, 72))
    density = fusbench_torch.network("unet", weights="bundled").eval()(seen).exp()
    np.testing.assert_allclose(density.detach(), model.predict(seen.numpy()), atol=1e-8)


def test_a_clip_is_run_at_once_as_its_windows_are(net):
    clip = frames(9, 1)
    at = Window(length=6).indices(np.arange(9), 9)
    one_by_one = net.eval()(clip[0][torch.from_numpy(at)])
    torch.testing.assert_close(net(clip, torch.from_numpy(at)), one_by_one, rtol=0, atol=1e-5)


def test_what_is_asked_wrongly_is_told(net, tmp_path):
    with pytest.raises(UnknownName, match="no network is called 'clstm'"):
        fusbench_torch.network("clstm")
    with pytest.raises(CheckpointError, match=r"'encoder1_conv1\.weight' is 8 x .* has 32 x"):
        fusbench_torch.network("clstmunet", base=32, weights="bundled")
    path = tmp_path / "w.safetensors"
    fusbench_torch.write_checkpoint(net, path)
    with pytest.raises(CheckpointError, match="network 'clstmunet', not 'ema'. Ask for 'clstmu"):
        fusbench_torch.network("ema", weights=path)
    with pytest.raises(ConfigError, match=r"frames are \(3, 4, 8, 12\) .* sees \(B, 6, H, W\)"):
        net(frames(4))
    with pytest.raises(ConfigError, match="9 x 12 pixels cannot be halved once. Use rows"):
        net(frames(shape=(9, 12)))


def test_gradients_reach_every_parameter_and_the_frames(net):
    seen = frames().float().requires_grad_()
    before = seen.detach().clone()
    target = torch.softmax(torch.arange(3 * 96.0).view(3, -1) % 7, 1).view(3, 8, 12)
    torch.nn.KLDivLoss(reduction="batchmean")(net(seen), target).backward()
    assert all(p.grad.abs().max() > 0 for k, p in net.named_parameters() if k != "head.bias")
    assert seen.grad.abs().max() > 0
    assert (seen == before).all()


def test_running_statistics_are_those_of_the_training_loop(net):
    """After n batches a mean weighted by .99 to the power of age, written out."""
    layer, found = net.encoder1_conv1, []
    for number in range(3):
        seen = frames(n=4) // (number + 1)
        with torch.no_grad():
            net(seen)
            y = torch.nn.functional.conv2d(seen[:, 5:6] / 255, layer.weight, padding=1)
        found.append((y.mean((0, 2, 3)), y.var((0, 2, 3), correction=0)))
    weights = torch.tensor([0.99**2, 0.99, 1.0])
    for kept, values in zip((layer.mean, layer.variance), zip(*found, strict=True), strict=True):
        want = (weights[:, None] * torch.stack(values)).sum(0) / weights.sum()
        torch.testing.assert_close(kept, want, rtol=1e-4, atol=1e-6)
    assert layer.steps == 3
    net.eval()(frames())
    assert layer.steps == 3


def test_it_is_copied_pickled_moved_and_hooked(net):
    want = net.eval()(frames())
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    other = fusbench_torch.network("clstmunet", **SIZE, seed=1).eval()
    assert not torch.equal(other(frames()), want)
    other.load_state_dict(torch.load(file, weights_only=True))
    for made in (copy.deepcopy(net), pickle.loads(pickle.dumps(net)), other):
        torch.testing.assert_close(made(frames()), want, rtol=0, atol=0)
    double = copy.deepcopy(net).double()(frames())
    assert double.dtype == torch.float64
    assert (double.exp().sum((1, 2)) - 1).abs().max() < 1e-12
    torch.testing.assert_close(double.float(), want, rtol=0, atol=1e-5)
    half = copy.deepcopy(net).to(torch.bfloat16)
    assert (half(frames()) - want).abs().max() < 0.05
    seen = {}
    net.clstm.register_forward_hook(lambda module, given, made: seen.update(clstm=made))
    net(frames())
    torch.testing.assert_close(seen["clstm"], net.features(frames())["clstm"])
    assert seen["clstm"].shape == (3, 1, 4, 4, 6)


def replica(module):
    """A copy whose parameters are plain tensors, as ``DataParallel`` gives each device one."""
    made = module._replicate_for_data_parallel()
    for name, child in module.named_children():
        made._modules[name] = replica(child)
    for name, parameter in module._parameters.items():
        setattr(made, name, parameter * 1)
    return made


def test_replicas_share_gradients_and_statistics(net):
    again = copy.deepcopy(net)
    made = replica(net)
    assert not list(made.parameters())
    torch.testing.assert_close(made(frames()), again(frames()), rtol=0, atol=0)
    made(frames())[:, 0, 0].sum().backward()
    assert net.clstm.weight.grad.abs().max() > 0
    assert net.encoder1_conv1.steps == 2  # the first replica's are the module's own


def test_it_is_compiled_and_exported():
    """In one graph each, with training mode too; other batch sizes need no other export."""
    net = fusbench_torch.network("unet", **SIZE)
    seen = frames(1)
    compiled = torch.compile(net, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(seen), copy.deepcopy(net)(seen))
    assert net.encoder1_conv1.steps == 1
    net.eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(net, (seen,), dynamic_shapes={"frames": {0: batch}})
    torch.testing.assert_close(program.module()(seen[:2]), net(seen[:2]))


def test_the_real_compiler_makes_the_same_network_of_it():
    """In training and out of it, with gradients and statistics; other sizes of batch as well."""
    torch.compiler.reset()
    net = fusbench_torch.network("unet", **SIZE)
    plain, seen = copy.deepcopy(net), frames(1, n=4)
    compiled, found = torch.compile(net), []
    for run in (compiled, plain):
        density = run(seen)
        density[:, 2, 3].sum().backward()
        found.append(density.detach())
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=1e-5)
    for (name, one), other in zip(net.named_parameters(), plain.parameters(), strict=True):
        # a rectifier's input that is 0 but for rounding falls on either side
        apart = (one.grad - other.grad).norm()
        assert name == "head.bias" or apart < 0.02 * other.grad.norm(), name
    torch.testing.assert_close(net.state_dict(), plain.state_dict(), rtol=1e-4, atol=1e-6)
    with torch.no_grad():
        for n in (4, 2):
            want = plain.eval()(frames(1, n=n))
            net.eval()
            torch.testing.assert_close(compiled(frames(1, n=n)), want, rtol=0, atol=1e-5)


@pytest.mark.parametrize("piece", [1, 40, 1 << 20])
def test_a_normalisation_in_pieces_is_that_of_double_precision(piece, monkeypatch):
    """Its gradients too, against the formula written out."""
    from fusbench_torch import normalise

    from fusbench.zoo.normalise import EPSILON

    monkeypatch.setattr(normalise, "PIECE", piece)
    rng = torch.Generator().manual_seed(1)
    y, slope = (torch.randn(3, 5, 6, 4, generator=rng) for _ in range(2))
    gain, bias = torch.rand(5, generator=rng) + 0.5, torch.randn(5, generator=rng)
    given = [each.requires_grad_() for each in (y, gain, bias)]
    made, mean, variance = normalise.Normalised.apply(*given)
    got = torch.autograd.grad((made * slope).sum(), given)
    y64, gain64, bias64 = exact = [each.detach().double().requires_grad_() for each in given]
    at = y64.mean((0, 2, 3), keepdim=True)
    spread = (y64 - at).square().mean((0, 2, 3), keepdim=True)
    wide = [each.view(1, -1, 1, 1) for each in (gain64, bias64)]
    want = (wide[0] * (y64 - at) / (spread + EPSILON).sqrt() + wide[1]).relu()
    torch.testing.assert_close(made.double(), want, rtol=0, atol=1e-5)
    torch.testing.assert_close(mean.double(), at.flatten(), rtol=0, atol=1e-6)
    torch.testing.assert_close(variance.double(), spread.flatten(), rtol=1e-5, atol=0)
    for one, other in zip(got, torch.autograd.grad((want * slope).sum(), exact), strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-4, atol=1e-5)


def test_slopes_in_double_precision_are_those_of_differences(net):
    """In training mode, of the whole network: in single precision no difference would show them."""
    net = net.double()
    seen = frames(n=2).double()
    names, values = zip(*net.named_parameters(), strict=True)
    rng = torch.Generator().manual_seed(2)
    way = [torch.randn(v.shape, generator=rng, dtype=v.dtype) for v in values]
    slope = torch.randn(2, 8, 12, generator=rng, dtype=torch.float64)

    def along(size):
        moved = {n: v + size * w for n, v, w in zip(names, values, way, strict=True)}
        return (torch.func.functional_call(net, moved, (seen,)) * slope).sum()

    found = torch.autograd.grad(along(0), values)
    want = (along(1e-7) - along(-1e-7)) / 2e-7
    got = sum((g * w).sum() for g, w in zip(found, way, strict=True))
    torch.testing.assert_close(got, want, rtol=1e-5, atol=0)


def test_a_checkpoint_of_it_is_like_any_other(net, folder, tmp_path):
    from fusbench.data.dataset import open_dataset

    clips = open_dataset(folder).split("train")
    with torch.no_grad():
        net(frames())  # its statistics are to be folded in
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    fusbench_torch.write_checkpoint(net, first, clips[:1])
    again = fusbench_torch.network("clstmunet", weights=first)
    fusbench_torch.write_checkpoint(again, second, clips[1:])
    told = read_checkpoint(second).metadata
    assert set(named_clips(told)) == {short_hash(clip.sha256) for clip in clips}
    assert TRAIN_CLIPS in told
    card = card_of_weights(model_card("clstmunet-torch"), second)
    assert (card.input_shape, card.title) == ((8, 12), model_card("clstmunet-torch").title)
    density = load_model(card, checkpoint=second).predict(frames().numpy())
    np.testing.assert_allclose(density, net.eval()(frames()).exp().detach(), atol=1e-6)


def test_workers_are_started_anew(folder):
    """A loader whose workers inherit nothing."""
    from torch.utils.data import DataLoader

    from fusbench.data.dataset import open_dataset
    from fusbench.data.samples import Samples

    samples = Samples(open_dataset(folder), "train", Window(length=3), shape=(12, 16))
    data = fusbench_torch.WindowDataset(samples)
    loader = DataLoader(data, batch_size=5, num_workers=1, multiprocessing_context="spawn")
    seen = torch.cat([density for _, density in loader])
    np.testing.assert_array_equal(seen, samples.batch(range(len(samples))).densities)
