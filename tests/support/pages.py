"""The code blocks of a page: files to write and commands to run, in the page's order."""

import re
from pathlib import Path

import fusbench

DOCS = Path(fusbench.__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(page: str) -> list[tuple[str, str]]:
    """("file NAME", text) and ("run", command), one a line of each block without a language."""
    found = []
    for language, title, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if title:
            found.append((f"file {title}", text))
        elif not language:
            found += [("run", line) for line in text.splitlines() if line.strip()]
    return found


def follow(page: str, folder: Path, env: dict[str, str]) -> dict[str, str]:
    """Do what a page says, in a folder; what each command wrote to stdout."""
    import subprocess

    outputs = {}
    for kind, text in steps(page):
        if kind == "run":
            done = subprocess.run(
                text, shell=True, cwd=folder, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
            outputs[text] = done.stdout
        else:
            path = folder / kind.removeprefix("file ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return outputs
