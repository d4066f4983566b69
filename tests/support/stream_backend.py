"""Follow a clip with given checkpoints in one backend; what was found goes to stdout as JSON."""

import json
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np

from fusbench import Stream, load_model
from fusbench.zoo.checkpoint import read_metadata, window_of

N_FRAMES, CURRENT = 12, 10


def follow(name, backend, path):
    clip = np.random.default_rng(0).integers(0, 256, (N_FRAMES, 24, 32), np.uint8)
    stream = Stream(f"{name}-{backend}", checkpoint=path)
    assert stream.card.window == window_of(read_metadata(path))
    got = np.stack([stream.predict(frame) for frame in clip])
    stream.reset()
    again = np.stack([stream.predict(frame) for frame in clip])
    whole = load_model(stream.card, checkpoint=path).predict_clip(clip)
    return {
        "apart": float(np.abs(got - whole).max()),
        "again": float(np.abs(got - again).max()),
        "moved": float(np.abs(np.diff(got, axis=0)).max()),
        "memory": memory(stream, clip),
        "frames_a_layer": frames_a_layer(stream, backend, clip),
        "current": CURRENT,
        "n_frames": N_FRAMES,
    }


def memory(stream, clip):
    """Frames of which the density at frame `CURRENT` depends, found by changing each."""

    def last(frames):
        stream.reset()
        return [stream.predict(frame) for frame in frames[: CURRENT + 1]][-1]

    want, found = last(clip), []
    for number in range(CURRENT + 1):
        changed = clip.copy()
        changed[number] = 255 - changed[number]
        if np.abs(last(changed) - want).max() > 0:
            found.append(number)
    return found


def frames_a_layer(stream, backend, clip):
    """Frames that each spatial convolution is given for one step."""
    if backend == "onnx":
        return frames_a_node(stream, clip)
    layers = import_module(f"fusbench_{backend}.layers")
    original, seen = layers.fold, []

    def counted(x):
        seen.append(int(x.shape[0] * x.shape[1]))
        return original(x)

    layers.fold = counted
    if backend == "keras":
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)
    stream.reset()
    stream.predict(clip[0])
    seen.clear()
    stream.predict(clip[1])
    layers.fold = original
    if backend == "keras":
        tf.config.run_functions_eagerly(False)
    return seen


def frames_a_node(stream, clip):
    """The same by the runtime's own record of what its convolutions gave."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.enable_profiling, options.log_severity_level = True, 3
    model = stream._model
    options.profile_file_prefix = str(Path(tempfile.mkdtemp()) / "steps")
    model.session = onnxruntime.InferenceSession(model.content, options)
    stream.reset()
    stream.predict(clip[0])
    stream.predict(clip[1])
    record = Path(model.session.end_profiling())
    nodes = [event["args"] for event in json.loads(record.read_text()) if event["cat"] == "Node"]
    shutil.rmtree(record.parent)
    given = [node["output_type_shape"] for node in nodes if node.get("op_name") == "Conv"]
    return [shape["float"][0] for (shape,) in given]


def main(backend, folder):
    paths = sorted(Path(folder).glob("*.safetensors"))
    print(json.dumps({path.stem: follow(path.stem, backend, path) for path in paths}))


if __name__ == "__main__":
    main(*sys.argv[1:])
