"""The command line in a process of its own."""

import subprocess
import sys


def run(*arguments, code=0, **kwargs):
    command = [sys.executable, "-m", "fusbench", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == code, done.stderr
    return done


def error_of(*arguments, **kwargs):
    """The one line on stderr of a command that fails with exit code 1."""
    done = run(*arguments, code=1, **kwargs)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    return lines[0]
