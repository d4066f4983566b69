"""Children of a command: nothing of the working folder is run by them, and they end with it."""

import signal
import subprocess
import sys
import time

import pytest

from fusbench.child import WATCH, command

STRANGER = "raise SystemExit('a stranger was run')\n"
NAMES = ("click.py", "numpy.py", "tempfile.py", "random.py", "rich.py", "fusbench.py")


@pytest.fixture
def strange_folder(tmp_path, monkeypatch):
    for name in NAMES:
        (tmp_path / name).write_text(STRANGER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_command_in_a_strangers_folder_runs_nothing_of_it(strange_folder):
    names = [row["name"] for row in command(["dataset", "list"])[0]]
    assert "phantom-tiny" in names


def test_a_pool_in_a_strangers_folder_runs_nothing_of_it(strange_folder):
    script = (
        "import sys; from fusbench.pools import processes\n"
        "import statistics\n"
        "if __name__ == '__main__':\n"
        "    with processes(1) as pool: print(pool.submit(statistics.mean, [1, 3]).result())\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout == "2\n", done.stderr


@pytest.mark.parametrize("interrupts", ["default_int_handler", "SIG_IGN"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_child_ends_with_its_parent(number, interrupts, tmp_path):
    """In place of Python, `command` starts a script that would sleep for a minute."""
    shim, told = tmp_path / "python", tmp_path / "pid"
    shim.write_text(
        f"#!{sys.executable}\n"
        "import os, pathlib, time\n"
        "from fusbench.child import end_with_parent\n"
        "end_with_parent()\n"
        f"part = pathlib.Path({str(told)!r} + '.part')\n"
        "part.write_text(str(os.getpid()))\n"
        "part.rename(part.with_suffix(''))\n"
        "time.sleep(60)\n"
    )
    shim.chmod(0o755)
    script = (
        "import signal, sys; from fusbench.child import command\n"
        f"signal.signal(signal.SIGINT, signal.{interrupts})\n"
        f"sys.executable = {str(shim)!r}\n"
        "command(['dataset', 'list'])\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    assert wait_for(told.exists, 40)
    child = int(told.read_text())
    assert is_running(child)
    parent.send_signal(number)
    parent.wait()
    assert wait_for(lambda: not is_running(child))


def test_an_interrupt_that_woke_nobody_comes_again(monkeypatch):
    """One that arrives just before a wait begins leaves it be: here the first is dropped."""
    monkeypatch.setenv(WATCH, "1")
    script = (
        "import os, time\n"
        "from fusbench.child import end_with_parent\n"
        "sent, kill = [], os.kill\n"
        "os.kill = lambda *what: sent.append(what) if not sent else kill(*what)\n"
        "end_with_parent()\n"
        "try: time.sleep(60)\n"
        "except KeyboardInterrupt: print(len(sent), 'dropped')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input="", capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "1 dropped\n", done.stderr


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(found, seconds=20):
    end = time.monotonic() + seconds
    while not (value := found()) and time.monotonic() < end:
        time.sleep(0.05)
    return value
