"""The command line in the test's own process, and a board."""

import pytest

from fusbench.cli import main


@pytest.fixture
def call(capsys):
    """The command line in this process: stdout, or the one line of an error."""

    def run(*arguments, code=0):
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        done = capsys.readouterr()
        assert stop.value.code == code, done.out + done.err
        return done.err if code == 1 and done.err else done.out

    return run


@pytest.fixture
def board(call, folder, tmp_path):
    call("leaderboard", "new", tmp_path / "board", "--dataset", folder, "--title", "Small")
    return tmp_path / "board"
