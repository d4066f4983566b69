"""A new plug-in's files: a whole package around a small model that works, to put one's own into."""

from __future__ import annotations

import keyword
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from fusbench.discovery import MODELS, scan
from fusbench.errors import ConfigError, OutputError
from fusbench.files import replacing_folder

PYPROJECT = """\
[project]
name = "{name}"
version = "0.1.0"
dependencies = [{dependencies}]

[project.entry-points."fusbench.models"]
{name} = "{module}:card"

[tool.setuptools]
packages = ["{module}"]
"""

CARD = '''\
"""The card of {name}: what fusbench knows before it loads the model; import nothing heavy here."""
from fusbench import ModelCard, Window

card = ModelCard(
    name="{name}",
    title="{title}",
    loader="{module}.model:Model",
    window=Window(length={length}),
    input_shape=(56, 72),
    backend="{backend}",
)
'''

NUMPY = '''\
import numpy as np


class Model:
    def __init__(self, card, checkpoint=None, device=None):
        self.sharpness = 0.05  # put your own model, and the reading of its weights, here

    def predict(self, frames):
        """Densities (B, H, W), each of sum 1, for windows of uint8 frames (B, L, H, W)."""
        brightness = frames.mean(1) * self.sharpness
        density = np.exp(brightness - brightness.max((1, 2), keepdims=True))
        return density / density.sum((1, 2), keepdims=True)
'''

TORCH = '''\
import torch


class Model:
    def __init__(self, card, checkpoint=None, device="cpu"):
        torch.manual_seed(0)  # put your own network, and the reading of its weights, here
        self.network = torch.nn.Conv2d(card.window.length, 1, 9, padding="same").to(device).eval()
        self.device = device

    @torch.inference_mode()
    def predict(self, frames):
        """Densities (B, H, W), each of sum 1, for windows of uint8 frames (B, L, H, W)."""
        scores = self.network(torch.from_numpy(frames).to(self.device).float() / 255)[:, 0]
        return scores.flatten(1).softmax(1).view_as(scores).cpu().numpy()
'''

KERAS = '''\
import keras


class Model:
    def __init__(self, card, checkpoint=None, device=None):
        keras.utils.set_random_seed(0)  # put your own network, and the reading of its weights, here
        self.network = keras.layers.Conv2D(1, 9, padding="same")

    def predict(self, frames):
        """Densities (B, H, W), each of sum 1, for windows of uint8 frames (B, L, H, W)."""
        scores = self.network(frames.transpose(0, 2, 3, 1) / 255.0)[..., 0]
        flat = keras.ops.softmax(keras.ops.reshape(scores, (len(frames), -1)))
        return keras.ops.convert_to_numpy(keras.ops.reshape(flat, scores.shape))
'''

TEST = """\
from fusbench.testing import conformance

test_conformance = conformance("{name}")
"""

README = """\
# {name}

A model for fusbench: where will a sonographer look?

| file | what to change |
|---|---|
| `{module}/model.py` | `predict`: your model; the core cuts windows, resizes and scores |
| `{module}/__init__.py` | the card: title, frames that the model sees, size that it takes |
| `tests/test_{module}.py` | nothing: it measures the model against every rule |

```
pip install -e .
fusbench model check {name}
fusbench evaluate --model {name}
```
"""

BACKENDS = {
    "numpy": (NUMPY, '"fusbench"', 1),
    "torch": (TORCH, '"fusbench", "torch"', 6),
    "keras": (KERAS, '"fusbench", "keras", "tensorflow"', 6),
}


def plugin_files(name: str, backend: str) -> dict[str, str]:
    """Text of each file of a new plug-in, by its path.

    Examples
    --------
    >>> sorted(plugin_files("my-net", "torch"))[1:3]
    ['my_net/__init__.py', 'my_net/model.py']
    """
    model, dependencies, length = BACKENDS[backend]
    module = name.replace("-", "_")
    facts = {
        "name": name,
        "module": module,
        "title": name.replace("-", " ").capitalize(),
        "backend": backend,
        "dependencies": dependencies,
        "length": length,
    }
    texts = {
        "pyproject.toml": PYPROJECT.format(**facts),
        f"{module}/__init__.py": CARD.format(**facts),
        f"{module}/model.py": model,
        f"tests/test_{module}.py": TEST.format(**facts),
        "README.md": README.format(**facts),
    }
    return texts


def new_plugin(name: str, folder: Path, backend: str = "numpy") -> Path:
    """Write a new plug-in, ready for ``pip install``, into a folder that is not there yet.

    Raises
    ------
    ConfigError
        If the name cannot be a model's and a package's, or is taken.
    OutputError
        If the folder holds something already.
    """
    _check_name(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        fix = "Name a folder that does not exist yet."
        raise OutputError("is there already, and not empty", str(folder), fix)
    with replacing_folder(folder) as part:
        for path, text in plugin_files(name, backend).items():
            file = part / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return folder


def _check_name(name: str) -> None:
    where = f"model '{name}'"
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        what = "the name is not lower-case letters, digits and single hyphens"
        raise ConfigError(what, where, "Use a name such as my-net.")
    entries, _ = scan(MODELS)
    if name in entries:
        what = f"the name is taken by {entries[name].owner}"
        raise ConfigError(what, where, "Choose another one.")
    module = name.replace("-", "_")
    taken = module in sys.stdlib_module_names or keyword.iskeyword(module) or find_spec(module)
    if taken:
        what = f"Python has a module {module} already, which the plug-in would hide"
        raise ConfigError(what, where, "Choose another name.")
