"""Twenty ways to break a plug-in, and one that works, installed as strangers' packages."""

from pathlib import Path
from textwrap import indent

CARD = """
from fusbench import ModelCard, Window
card = ModelCard(name="{name}", title="T", loader="{module}:Model", window=Window(length=2){more})
"""

MODEL = """
import numpy as np

def good(frames):
    density = frames.astype("float32").mean(1) + 1
    return density / density.sum((1, 2), keepdims=True)

class Model:
    def __init__(self, card, checkpoint=None, device=None):
        self.card = card

    def predict(self, frames):
{body}
"""

# the body of predict, and what the failed row says
FAIL_WHEN_SCORED = {
    "wrong-shape": (
        "return good(frames)[:, 1:]",
        "clip 's3-c1', frame 1: the density has shape 23 x 32, not 24 x 32",
    ),
    "wrong-dtype": (
        "return (255 * good(frames)).astype(np.uint8)",
        "the densities hold uint8. Return floating-point numbers.",
    ),
    "negative": (
        "d = good(frames); d[:, 0, 0] = -0.25; return d",
        "frame 1: the density has negative values, down to -0.25",
    ),
    "not-a-number": (
        "d = good(frames); d[:, 2, 3] = np.nan; return d",
        "frame 1: the density has values that are not finite",
    ),
    "half-sum": (
        "return good(frames) / 2",
        "the density sums to 0.5000, not 1. Normalise the output",
    ),
    "raises": ("raise ValueError('bad luck')", "raised ValueError: bad luck"),
    "ends-with-a-stop": ("raise ValueError('Use another.')", "ValueError: Use another. See its"),
    "has-no-words": (
        "raise type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})",
        "raised Mute. See its",
    ),
    "prints": (
        "print('hello there'); return good(frames)",
        "wrote to standard output, which is for results: 'hello there'",
    ),
    "hangs": ("import time; time.sleep(3600)", "gave no answer within 8 s and was stopped"),
    "segfaults": ("import ctypes; ctypes.string_at(8)", "crashed with SIGSEGV"),
    "exhausts-memory": (
        "return np.ones((1 << 40,), np.float32)",
        "ran out of memory within --memory-limit 4",
    ),
    "killed": (
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "was killed, as the system does when memory runs out",
    ),
    "exits": ("import os; os._exit(3)", "ended its process with exit code 3"),
    "exits-politely": ("import sys; sys.exit('enough')", "tried to end its process: exit(enough)"),
    "missing-framework": (
        "import jax",
        "No module named 'jax'. Install it with: python -m pip install jax.",
    ),
}

# the whole module, and what is said of its card
FAIL_WHEN_READ = {
    "import-error": ("import no_such_thing", "No module named 'no_such_thing'"),
    "dies-on-import": ("import os; os._exit(4)", "ended its process with exit code 4"),
    "not-a-card": ("card = 'nothing'", "the entry point names a str, not a ModelCard"),
    "other-name": (
        CARD.format(name="mine", module="m", more=""),
        "the card is named 'mine'. Give card and entry point one name.",
    ),
    "unknown-field": (
        CARD.format(name="unknown-field", module="m", more=", chanels=3"),
        "the card has an unknown field 'chanels'. Did you mean 'channels'?",
    ),
}

# the body of predict or the whole class, and the rule that it breaks with the measured value
FAIL_WHEN_CHECKED = {
    "non-deterministic": (
        "d = good(frames + np.random.randint(9, size=frames.shape)); return d",
        "deterministic",
        "of the peak",
    ),
    "unseeded": (
        "global SEED; SEED = globals().get('SEED') or np.random.rand(24 * 32 * 4)\n"
        "return good(frames * SEED[: frames.shape[-1]])",
        "repeatable",
        "of the peak",
    ),
    "batch-dependent": (
        "return good(frames - frames.mean(0, keepdims=True) + 256)",
        "batch",
        "of the peak",
    ),
    "stretches-the-batch": (
        "low, high = int(frames.min()), int(frames.max())\n"
        "return good((frames - low) * 255 // max(high - low, 1))",
        "batch",
        "of the peak",
    ),
    "peeking-at-the-batch": (
        "return good(np.roll(frames, -1, 0)) if len(frames) == 16 else good(frames)",
        "batch",
        "of the peak",
    ),
    "noisy-at-the-batch-that-is-sent": (
        "d = good(frames); d[:, 0, 0] += (len(frames) == 16) * np.random.rand() * 1e-4; return d",
        "deterministic",
        "of the peak",
    ),
    "noisy-where-a-clip-ends": (
        "d = good(frames); d[:, 0, 0] += (len(frames) == 14) * np.random.rand() * 1e-3; return d",
        "batch",
        "of the peak",
    ),
    "looks-ahead-in-long-clips": (
        "return good(frames)\n"
        "def predict_clip(self, frames):\n"
        "    before = np.concatenate([frames[:1], frames[:-1]])\n"
        "    after = np.roll(frames, -3, 0) if len(frames) > 60 else frames\n"
        "    return good(np.stack([before, after], 1))",
        "causal",
        "of the peak",
    ),
    "asks-the-clock": (
        "import time; d = good(frames); d[:, : time.localtime().tm_yday % 40 + 1] += 1\n"
        "return d / d.sum((1, 2), keepdims=True)",
        "repeatable",
        "of the peak",
    ),
    "asks-what-day-it-was-when-it-was-loaded": (
        "d = good(frames); d[:, : self.day % 40 + 1] += 1\n"
        "return d / d.sum((1, 2), keepdims=True)\n"
        "from datetime import datetime\n"
        "day = datetime.now().timetuple().tm_yday",
        "repeatable",
        "of the peak",
    ),
    "remembers-the-clip": (
        "return good(frames)\n"
        "def predict_clip(self, frames):\n"
        "    last, self.last = getattr(self, 'last', frames[:1]), frames[-1:]\n"
        "    return good(np.stack([np.concatenate([last, frames[:-1]]), frames], 1))",
        "deterministic",
        "of the peak",
    ),
    "halves": ("return good(frames).astype(np.float16)", "answers", "float16 16 x 48 x 64"),
    "reads-the-gaze": (
        "import glob, tempfile\n"
        "for name in glob.glob(tempfile.gettempdir() + '/fusbench-check-*/small/gaze.csv'):\n"
        "    open(name).close()\n"
        "return good(frames)",
        "honest",
        "opened gaze.csv",
    ),
    "reads-the-gaze-by-compiled-code": (
        "import cv2, glob, tempfile\n"
        "for name in glob.glob(tempfile.gettempdir() + '/fusbench-check-*/small/gaze.csv'):\n"
        "    cv2.imread(name)\n"
        "return good(frames)",
        "honest",
        "opened gaze.csv",
    ),
    "mutates-input": ("frames[:] = 7; return good(frames)", "input", "written to"),
    "prints": ("print('hello there'); return good(frames)", "quiet", "hello there"),
    "future-peeking": (
        "return good(frames)\n"
        "def predict_clip(self, frames):\n"
        "    return good(np.stack([frames, np.roll(frames, -3, 0)], 1))",
        "causal",
        "of the peak",
    ),
    "black-frames": (
        "d = frames.astype('float32').mean(1)\n"
        "return d / d.sum((1, 2), keepdims=True)",
        "blank",
        "off by inf on black",
    ),
    "one-size": ("return good(frames)[:, :48, :64] if frames.shape[2] >= 48 else 1 / 0",
                 "any-size", "raised ZeroDivisionError"),
    "sums-at-one-size": ("return good(frames) * frames[0, 0].size / 3072", "any-size",
                         "off by 0.39"),
    "no-batch-of-one": ("return good(frames).squeeze()", "batch", "differs by inf"),
    "half-sum": ("return good(frames) / 2", "sum", "worst sum 0.5"),
    "wrong-shape": ("return good(frames)[:, 1:]", "shape", "16 x 47 x 64 for 16 x 48 x 64"),
}  # fmt: skip


def install(site: Path, name: str, module_text: str, entry_points: str = "") -> None:
    """Lay a package into `site` as pip would."""
    module = name.replace("-", "_")
    (site / f"{module}.py").write_text(module_text)
    folder = site / f"{module}-1.0.dist-info"
    folder.mkdir()
    text = entry_points or f"[fusbench.models]\n{name} = {module}:card\n"
    (folder / "entry_points.txt").write_text(text)


def module_of(name: str, body: str) -> str:
    """A module whose model's predict has this body."""
    lines = body.replace("\ndef ", "\n\x00def ").replace("\nfrom ", "\n\x00from ")
    inside, *methods = lines.split("\n\x00")
    text = MODEL.format(body=indent(inside, " " * 8))
    for method in methods:
        text += indent(method, " " * 4) + "\n"
    return text + CARD.format(name=name, module=name.replace("-", "_"), more="")


def install_all(site: Path) -> list[str]:
    """Install everything that fails when scored or read; the names, and the healthy one."""
    for name, (body, _) in FAIL_WHEN_SCORED.items():
        install(site, name, module_of(name, body))
    for name, (text, _) in FAIL_WHEN_READ.items():
        install(site, name, text)
    install(site, "healthy", module_of("healthy", "return good(frames)"))
    for twin in ("twin-a", "twin-b"):
        entry = f"[fusbench.models]\ntwin = {twin.replace('-', '_')}:card\n"
        install(site, twin, module_of("twin", "return good(frames)"), entry)
    broken = "[fusbench.models]\nmalformed = malformed:card\nmalformed = malformed:card\n"
    install(site, "malformed", module_of("malformed", "return good(frames)"), broken)
    return [*FAIL_WHEN_SCORED, *FAIL_WHEN_READ, "twin", "malformed", "healthy"]
