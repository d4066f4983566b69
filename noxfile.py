"""What a contributor runs, by name: ``pip install nox``, then ``nox -s fast`` and so on.

Each session installs what it needs into an environment of its own, which is kept and used again.
"""

import nox

nox.options.sessions = ["fast", "lint", "types"]
nox.options.reuse_existing_virtualenvs = True
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
PLUGINS = [f"--editable=plugins/fusbench-{name}" for name in ("torch", "keras", "onnx", "centre")]
SIDE_BY_SIDE = ["-n", "2", "--dist", "loadfile"]
QUICK = [*SIDE_BY_SIDE, "tests", "fusbench", "-m", "not slow and not bench and not browser"]


def install(session, *what, constraints="constraints.txt"):
    """Install the core with extras, and further packages."""
    session.install("-c", constraints, *what)


@nox.session
def fast(session):
    """The quick tests of the core."""
    install(session, "-e", ".[test]", "-e", "plugins/fusbench-centre")
    session.run("pytest", *QUICK, *session.posargs)


@nox.session(python=PYTHONS)
def pythons(session):
    """The quick tests on each Python that is there."""
    install(session, "-e", ".[test]", "-e", "plugins/fusbench-centre")
    session.run("pytest", *QUICK, *session.posargs)


@nox.session
def full(session):
    """All tests, with both backends."""
    install(session, "-e", ".[test]", *PLUGINS)
    session.run("pytest", *SIDE_BY_SIDE, "-m", "not bench", *session.posargs)
    session.run("pytest", "-m", "bench", *session.posargs)


@nox.session(python="3.11")
def oldest(session):
    """The quick tests with the oldest dependencies that are declared."""
    what = ("-e", ".[test]", "-e", "plugins/fusbench-centre")
    install(session, *what, constraints="constraints-oldest.txt")
    session.run("pytest", *QUICK, *session.posargs)


@nox.session
def lint(session):
    """Lint and format."""
    install(session, "ruff>=0.14")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session):
    """Types of the core, the plug-ins, and of what a user's script sees, for mypy and pyright."""
    install(session, "-e", ".[test,lint]", *PLUGINS, "pyright[nodejs]")
    session.run("mypy")
    session.run("pytest", "tests/test_typed.py")


@nox.session
def docs(session):
    """The documentation; a broken link fails."""
    install(session, "-e", ".[docs]")
    session.run("mkdocs", "build", "--strict", "--site-dir", session.create_tmp())


@nox.session
def bench(session):
    """Speed."""
    install(session, "-e", ".[test]", *PLUGINS)
    session.run("pytest", "-m", "bench", *session.posargs)


@nox.session
def figures(session):
    """Speed, written to the page of benchmarks in docs/reference."""
    install(session, "-e", ".[test]", *PLUGINS)
    session.run("python", "tests/benchmarks/page.py", *session.posargs)
