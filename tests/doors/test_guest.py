"""What a process of a model's own promises."""

import ast
import errno
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.command import error_of

import fusbench
import fusbench.isolation.guest
import fusbench.isolation.introduced
from fusbench.data.window import Window
from fusbench.doors.open import entrant
from fusbench.errors import MemoryFull, PluginError
from fusbench.files import output_errors
from fusbench.isolation.crossing import write_over
from fusbench.isolation.parent import Guest, Limits
from fusbench.locks import sweep
from fusbench.pools import processes

GUEST = ("guest", "introduced", "witness", "watch", "libraries", "crossing", "clocks")


def test_the_guest_runs_on_python_3_8():
    place = Path(fusbench.isolation.guest.__file__)
    texts = [place.with_name(f"{name}.py").read_text() for name in GUEST]
    trees = [ast.parse(text, feature_version=(3, 8)) for text in texts]
    imported = {
        name.split(".")[0]
        for tree in trees
        for node in ast.walk(tree)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else []
        )
    }  # fmt: skip
    assert imported - sys.stdlib_module_names == {"numpy", "fusbench"}


@pytest.mark.parametrize("placement", ["before", "around", "after"])
def test_the_guests_window_is_the_real_one(placement):
    for length, stride, horizon in ((1, 1, 0), (5, 2, 0), (6, 1, 0), (4, 3, 2)):
        if horizon and placement != "before":
            continue
        facts = {"length": length, "placement": placement, "stride": stride, "horizon": horizon}
        real, stand_in = Window(**facts), fusbench.isolation.introduced.Window(**facts)
        at = np.arange(12)
        np.testing.assert_array_equal(stand_in.indices(at, 12), real.indices(at, 12))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk that is always full")
@pytest.mark.parametrize("file", ["frames.npy", "densities.npy"])
def test_full_memory_is_not_blamed_on_the_model(file, folder, tmp_path):
    """The shared folder fills while a model runs, so that nothing it says can be written either."""
    path = tmp_path / "sound.py"
    path.write_text(
        "import os\n"
        "shared = os.path.dirname(os.readlink('/proc/self/fd/1'))\n"
        f"os.symlink('/dev/full', os.path.join(shared, {file!r}))\n"
        "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)\n"
        "def predict(frames):\n"
        "    return frames[:, -1] * 0. + 1 / frames[0, -1].size\n"
    )
    runs = tmp_path / "runs"
    line = error_of("evaluate", "--model", path, "--dataset", folder, "--out", runs)
    assert "the shared memory is full. Free some space there, or give it less work" in line
    rows = fusbench.evaluate([path, "uniform"], folder, runs=runs)
    assert [row.name for row in rows.runs] == ["uniform"]
    assert isinstance(rows.failures[0].error, MemoryFull)


def test_locks_that_find_no_room_are_not_blamed_on_another_disk(tmp_path, monkeypatch):
    """A pool's locks lie in the shared memory, whatever its processes write to."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("multiprocessing.synchronize.SemLock.__init__", full)
    with (
        pytest.raises(MemoryFull, match="/dev/shm: the shared memory is full"),
        output_errors(tmp_path),
        processes(1),
    ):
        pass


def test_an_array_that_finds_no_room_tells_why(tmp_path):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(OSError, match="File too large") as told:
            write_over(str(tmp_path / "a.npy"), np.zeros(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert told.value.errno == errno.EFBIG


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_an_array_crosses_as_it_is_and_takes_the_place_of_a_longer_one(shape, tmp_path):
    path = tmp_path / "a.npy"
    write_over(str(path), np.ones(99))
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape).T
    write_over(str(path), array)
    np.testing.assert_array_equal(np.load(path), array)
    np.save(tmp_path / "b.npy", np.ascontiguousarray(array).reshape(array.shape))
    assert path.read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_nothing_is_left_of_a_process(tmp_path):
    path = tmp_path / "parent.py"
    path.write_text(
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "def predict(frames): ...\n"
    )
    with entrant(str(path)) as found:
        assert found.card.name == "parent"
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        for _ in range(200):
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                raise ProcessLookupError
            time.sleep(0.02)


def test_a_killed_run_leaves_nothing_in_memory_for_long():
    code = (
        "import os, signal\nfrom fusbench.isolation.parent import Guest\n"
        "with Guest('x') as guest:\n"
        "    print(guest.folder, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    assert left.is_dir()
    sweep.cache_clear()  # as in the next process
    with Guest("x") as guest, Guest("y") as other:
        assert not left.exists()
        places = guest.folder, other.folder
        assert all(place.is_dir() for place in places)
    assert not any(place.exists() for place in places)


def test_a_hanging_card_is_stopped(tmp_path):
    path = tmp_path / "slow.py"
    path.write_text("import time; time.sleep(60)")
    with (
        pytest.raises(
            PluginError, match="gave no answer within 1 s and was stopped. If it is slow"
        ),
        entrant(str(path), limits=Limits(timeout_s=1)),
    ):
        pass
