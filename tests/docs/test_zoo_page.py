"""The page on the zoo from Python: each backend's half runs, in a process of its own.

``python tests/docs/test_zoo_page.py`` writes the outputs anew; look at the difference before you
keep it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/how-to/zoo.md"
BACKENDS = ("torch", "keras")
FURTHER = {  # what the page need not say, asked in the same process
    "torch": "",
    "keras": """
```python
import numpy as np

data = fusbench_keras.WindowDataset(samples, batch_size=5)
first = np.concatenate([data[k][1] for k in range(len(data))])
assert len(first) == len(samples)
data.on_epoch_end()
second = np.concatenate([data[k][1] for k in range(len(data))])
assert (first != second).any()
key = lambda maps: sorted(maps.reshape(len(maps), -1).tolist())
assert key(first) == key(second) == key(np.stack([s.density for s in samples]))
```
""",
}


def half(backend):
    """What stands under a backend's heading."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {backend.title()}\n")[2]
    return text.partition("\n## ")[0]


def run_now(backend, folder):
    """The same with the outputs of now."""
    part = Path(folder) / f"{backend}.md"
    part.write_text(half(backend) + FURTHER[backend], encoding="utf-8")
    command = [sys.executable, "-m", "support.examples", str(part)]
    variables = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.removesuffix(FURTHER[backend])


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_outputs_are_those_of_the_code(backend, tmp_path):
    pytest.importorskip(f"fusbench_{backend}")
    assert half(backend).count("```text") >= 5
    assert run_now(backend, tmp_path) == half(backend)


if __name__ == "__main__":
    for backend in BACKENDS:
        with tempfile.TemporaryDirectory() as folder:
            old, new = half(backend), run_now(backend, folder)
        PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
