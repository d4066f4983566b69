"""A new plug-in is short, installs, and keeps every rule at once."""

import subprocess

import pytest
from support.command import error_of, run
from support.environments import sees_all, variables

from fusbench.models.template import BACKENDS, plugin_files


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_template_has_at_most_40_lines(backend):
    files = plugin_files("my-net", backend)
    code = [text for path, text in files.items() if path.endswith((".py", ".toml"))]
    lines = [line for text in code for line in text.splitlines() if line.strip()]
    assert len(code) == 4
    assert len(lines) <= 40


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new")
    env = variables(sees_all(folder / "venv"))

    def call(command):
        done = subprocess.run(
            command, shell=True, cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


@pytest.mark.parametrize("backend", ["numpy", "keras"])  # torch's is the how-to page's
def test_it_keeps_every_rule_right_after_its_installation(shell, backend):
    pytest.importorskip({"numpy": "numpy", "keras": "fusbench_keras"}[backend])
    name = f"try-{backend}"
    said = shell(f"fusbench model new {name} --backend {backend} {name}")
    assert f"fusbench model check {name}" in said
    shell(f"pip install --quiet ./{name}")
    assert f"{name} keeps every rule." in shell(f"fusbench model check {name}")
    if backend == "numpy":
        assert "17 passed, 2 skipped" in shell(f"pytest {name}")
        assert name in shell(f"fusbench evaluate --model {name} --dataset phantom-tiny")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("My_Net", "the name is not lower-case letters, digits and single hyphens. Use a name"),
        ("uniform", "the name is taken by fusbench 0.1.0. Choose another one."),
        ("json", "Python has a module json already, which the plug-in would hide"),
        ("class", "Python has a module class already"),
        ("numpy", "Python has a module numpy already"),
    ],
)
def test_names_that_cannot_be_used(tmp_path, name, words):
    assert words in error_of("model", "new", name, tmp_path / "new", cwd=tmp_path)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    assert "is there already, and not empty. Name a folder" in error_of(
        "model", "new", "my-net", tmp_path
    )
    assert (tmp_path / "mine.txt").read_text() == "precious"
    run("model", "new", "my-net", tmp_path / "a" / "b", "--json")
    assert (tmp_path / "a" / "b" / "my_net" / "model.py").is_file()
