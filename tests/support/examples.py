"""Examples on a page: run, and held against what stands under them.

``python -m support.examples FILE`` prints the page with its outputs written anew.
"""

import io
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<shown>.*?)^```\n)?", re.M | re.S
)


def run(page):
    """Each block's match and what it prints, all blocks of a page in one namespace."""
    names = {"__name__": "page"}
    for match in BLOCK.finditer(page):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(match["code"], "page", "exec"), names)
        yield match, printed.getvalue()


def rewritten(page):
    """A page with the outputs that its blocks print now."""
    text = page
    for match, printed in list(run(page)):
        if match["shown"] is not None:
            lines = "".join(line.rstrip() + "\n" for line in printed.splitlines())
            old = match.group()
            head = old[: old.index("```text\n") + len("```text\n")]
            text = text.replace(old, f"{head}{lines}```\n", 1)
    return text


if __name__ == "__main__":
    sys.stdout.write(rewritten(Path(sys.argv[1]).read_text(encoding="utf-8")))
