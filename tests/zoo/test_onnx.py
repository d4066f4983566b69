"""Networks as ONNX graphs: what they predict, what their files hold, and files that are none."""

import hashlib
import json
from contextlib import suppress

import numpy as np
import pytest
from support import network_runner
from support.drawn import DISTINCT, SHAPE, drawn

from fusbench.data.window import Window
from fusbench.doors.exported import card_of_exported
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import CheckpointError, ConfigError, FusbenchError, PredictionError
from fusbench.verbs.export import export_model
from fusbench.zoo.checkpoint import network_of, read_checkpoint, read_metadata
from fusbench.zoo.exported import CARD, exported_metadata, properties
from fusbench.zoo.weights import training_facts

onnx = pytest.importorskip("onnx")
pytest.importorskip("fusbench_onnx.model")

N_FRAMES = 40
TRAINED = {"policy": "ra-3-5", "steps": "120", "train_clips": '["0123456789abcdef"]'}
CLIP = np.random.default_rng(1).integers(0, 256, (N_FRAMES, *SHAPE), np.uint8)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A cLSTMU-Net's checkpoint, and the ONNX file that was made of it."""
    folder = tmp_path_factory.mktemp("onnx")
    path, *_ = drawn(folder, "clstmunet", told=TRAINED)
    return path, export_model("clstmunet-onnx", folder / "Out 1.onnx", checkpoint=path)


@pytest.mark.parametrize("name", DISTINCT)
def test_windows_clips_and_steps_are_those_of_plain_numpy(name, tmp_path):
    """At the window that the zoo has; every clip is cut at 32 frames, and begins with frame 0."""
    path, network, weights, window = drawn(tmp_path, name)
    model = load_model(f"{name}-onnx", checkpoint=path)
    current = np.array([1, 33])
    frames = CLIP[window.indices(current, N_FRAMES)]
    want = np.exp(network_runner.run(network, weights, frames, window.target_index))
    assert want.std() > 1e-4  # no uniform maps
    np.testing.assert_allclose(model.predict(frames), want, atol=1e-6)
    np.testing.assert_allclose(model.predict_clip(CLIP)[current], want, atol=1e-6)
    assert model.streams == (window.placement == "before")
    if model.streams:
        past, found = None, []
        for frame in CLIP:
            density, past = model.step(frame, past)
            found.append(density)
        np.testing.assert_allclose(np.stack(found)[current], want, atol=1e-6)


@pytest.mark.parametrize("window", [Window(length=3, stride=2, horizon=4), Window(length=1)])
def test_windows_with_gaps_and_of_one_frame(window, tmp_path):
    path, network, weights, _ = drawn(tmp_path, "clstmunet", window)
    model = load_model("clstmunet-onnx", checkpoint=path)
    targets = np.arange(N_FRAMES)[::13] + window.horizon
    frames = CLIP[window.indices(targets, N_FRAMES)]
    want = np.exp(network_runner.run(network, weights, frames, window.target_index))
    np.testing.assert_allclose(model.predict_clip(CLIP)[::13], want, atol=1e-6)
    past, found = None, []
    for frame in CLIP:
        density, past = model.step(frame, past)
        found.append(density)
    np.testing.assert_allclose(np.stack(found)[::13], want, atol=1e-6)


def test_a_file_runs_without_fusbench(exported):
    """Of its inputs another program gives the frames, and the past where it has one."""
    import onnxruntime

    path, file = exported
    session = onnxruntime.InferenceSession(file.read_bytes(), providers=["CPUExecutionProvider"])
    want = load_model("clstmunet-onnx", checkpoint=path).predict_clip(CLIP)
    assert [each.name for each in session.get_inputs()] == ["frames"]
    assert {each.name for each in session.get_overridable_initializers()} == {
        "windows", "past.clstm",
    }  # fmt: skip
    whole, kept = session.run(["density", "next.clstm"], {"frames": CLIP[:21]})
    rest, _ = session.run(["density", "next.clstm"], {"frames": CLIP[21:], "past.clstm": kept})
    np.testing.assert_allclose(np.concatenate([whole, rest]), want, atol=1e-6)


def test_a_file_tells_what_its_checkpoint_tells(exported):
    path, file = exported
    told = exported_metadata(file)
    assert told["weights_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_metadata(file).items() >= read_metadata(path).items()
    card = card_of_exported(file)
    assert network_of(read_metadata(file)).input_shape == card.input_shape == SHAPE
    assert (card.name, card.network, card.licence) == ("clstmunet-onnx", "clstmunet", "MIT")
    assert card.window == Window(length=6)
    assert training_facts(card, file) == training_facts(model_card("clstmunet-onnx"), path)
    assert training_facts(card, file)["policy"] == "ra-3-5"


def test_the_same_checkpoint_gives_the_same_bytes(exported):
    path, file = exported
    again = export_model("clstmunet-onnx", file.with_name("again.onnx"), checkpoint=path)
    assert again.read_bytes() == file.read_bytes()


def test_what_cannot_be_exported(exported, tmp_path):
    path, file = exported
    with pytest.raises(ConfigError, match="'uniform': is no network of the zoo"):
        export_model("uniform", tmp_path / "u.onnx")
    with pytest.raises(ConfigError, match=r"Name a file that ends in \.onnx"):
        export_model("clstmunet-onnx", tmp_path / "u.bin")
    with pytest.raises(CheckpointError, match="the network 'clstmunet', not 'unet'"):
        export_model("unet-onnx", tmp_path / "u.onnx", checkpoint=path)
    with pytest.raises(CheckpointError, match="is an ONNX file, which ONNX Runtime alone takes"):
        read_checkpoint(file)
    with pytest.raises(ConfigError, match="device 'abacus' cannot be used"):
        load_model("clstmunet-onnx", checkpoint=path, device="abacus")
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_is_told_in_one_line(exported, tmp_path):
    """Cut off anywhere, or with any byte changed: nothing but an error of ours, or a sound file."""
    _, file = exported
    content = file.read_bytes()
    broken = tmp_path / "broken.onnx"
    rng = np.random.default_rng(0)
    for end in [0, 1, *rng.integers(2, len(content), 60)]:
        broken.write_bytes(content[:end])
        if end:
            with pytest.raises(CheckpointError, match="it ends too early|holds no"):
                card_of_exported(broken)
    loads = 0
    for place in rng.integers(0, len(content), 12):
        changed = bytearray(content)
        changed[place] ^= int(rng.integers(1, 256))
        broken.write_bytes(changed)
        with suppress(FusbenchError):  # all of which are one line
            load_model(card_of_exported(broken)).predict_clip(CLIP[:2])
            loads += 1
    assert loads  # most bytes are weights


def test_texts_are_read_without_the_graph(tmp_path):
    """As the library reads them; a length that no file has is refused before anything is read."""
    model = made([])
    onnx.helper.set_model_props(model, {"a": "1", "long": "é" * 200, "": ""})
    path = tmp_path / "texts.onnx"
    path.write_bytes(model.SerializeToString())
    assert properties(path) == {"a": "1", "long": "é" * 200, "": ""}
    path.write_bytes(b"\x72\xff\xff\xff\xff\x0f")
    with pytest.raises(CheckpointError, match="it ends too early"):
        properties(path)
    path.write_bytes(b"\x3a\x00" * 70_000)
    with pytest.raises(CheckpointError, match="it has too many parts"):
        properties(path)


def made(nodes, constants=(), facts=None, shape=("B", 2, *SHAPE)):
    """A stranger's file with an input `frames` and an output `density`."""
    helper = onnx.helper
    given = helper.make_tensor_value_info("frames", onnx.TensorProto.UINT8, shape)
    out = helper.make_tensor_value_info("density", onnx.TensorProto.FLOAT, ("B", *SHAPE))
    graph = helper.make_graph(nodes, "stranger", [given], [out], list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    if facts is not None:
        helper.set_model_props(model, {CARD: json.dumps(facts)})
    return model


def brightness():
    """Nodes and constants of a network whose density is the mean brightness."""
    node = onnx.helper.make_node
    nodes = [
        node("Cast", ["frames"], ["grey"], to=onnx.TensorProto.FLOAT),
        node("ReduceMean", ["grey", "time"], ["mean"], keepdims=0),
        node("ReduceSum", ["mean", "sides"], ["total"]),
        node("Div", ["mean", "total"], ["density"]),
    ]
    ints = {"time": [1], "sides": [1, 2]}
    return nodes, [onnx.numpy_helper.from_array(np.array(v), k) for k, v in ints.items()]


FACTS = {"window": {"length": 2}, "input_shape": list(SHAPE), "licence": "CC0-1.0"}


def load(folder, model, name="My Net"):
    path = folder / f"{name}.onnx"
    path.write_bytes(model.SerializeToString())
    return load_model(card_of_exported(path))


def test_a_strangers_network_of_windows(tmp_path):
    model = load(tmp_path, made(*brightness(), FACTS))
    windows = CLIP[:6].reshape(3, 2, *SHAPE)
    mean = windows.mean(1)
    np.testing.assert_allclose(
        model.predict(windows), mean / mean.sum((1, 2), keepdims=True), atol=1e-7
    )
    assert (model.card.name, model.card.title, model.card.licence) == (
        "my-net", "My Net.onnx", "CC0-1.0",
    )  # fmt: skip
    assert not hasattr(model, "predict_clip")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (None, "holds no 'fusbench.card'"),
        ({"loader": "os:system"}, "its card tells 'loader', which a file may not"),
        ({"checkpoint": "/etc/passwd"}, "its card tells 'checkpoint'"),
        ({"window": {"length": -1}}, "make no window"),
        ({"input_shape": "large"}, "input_shape = 'large'"),
    ],
)
def test_what_a_file_may_not_tell(facts, words, tmp_path):
    with pytest.raises(FusbenchError, match=words):
        load(tmp_path, made(*brightness(), facts))


def test_a_name_of_the_zoo_alone_makes_no_network_of_it(tmp_path):
    assert load(tmp_path, made(*brightness(), {**FACTS, "network": "unet"})).card.network is None


def test_graphs_that_cannot_be_run(tmp_path):
    node = onnx.helper.make_node
    with pytest.raises(CheckpointError, match=r"no ONNX file that can be run: .*Nonsense"):
        load(tmp_path, made([node("Nonsense", ["frames"], ["density"])], facts=FACTS))
    with pytest.raises(CheckpointError, match="neither windows nor a clip as 'frames'"):
        as_float = node("Cast", ["frames"], ["density"], to=onnx.TensorProto.FLOAT)
        load(tmp_path, made([as_float], facts=FACTS, shape=("B", *SHAPE)))
    with pytest.raises(PredictionError, match="model 'my-net': its graph fails: .*dimensions"):
        load(tmp_path, made(*brightness(), FACTS)).predict(CLIP[:3][None])


@pytest.mark.parametrize("where", ["weights", "nested"])
def test_weights_in_another_file_are_refused(where, tmp_path, monkeypatch):
    """Wherever in the graph they are named, and if the other file is there."""
    monkeypatch.chdir(tmp_path)
    value = onnx.numpy_helper.from_array(np.ones(SHAPE, np.float32), "other")
    onnx.external_data_helper.set_external_data(value, "other.bin")
    (tmp_path / "other.bin").write_bytes(value.raw_data)
    value.ClearField("raw_data")
    nodes, constants = brightness()
    if where == "weights":
        constants.append(value)
    else:
        nodes.append(onnx.helper.make_node("Constant", [], ["unused"], value=value))
    with pytest.raises(CheckpointError, match="keeps weights in another file"):
        load(tmp_path, made(nodes, constants, FACTS))
