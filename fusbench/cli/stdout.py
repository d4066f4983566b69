"""Standard output as it comes: of an encoding that lacks our signs, full, or closed."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from fusbench.errors import OutputError

PLAIN = {
    "─": "-",
    "━": "-",
    "│": "|",
    "↓": "v",
    "↑": "^",
    "±": "+/-",
    "…": "...",
}
"""What stands for our own signs where an encoding, such as ASCII or cp1252, lacks them."""
HANDLER = "fusbench-plain"


def plainly(error: UnicodeError) -> tuple[str, int]:
    """What is written in place of signs that the output cannot show; other signs become '?'.

    Examples
    --------
    >>> codecs.register_error(HANDLER, plainly)
    >>> "KLD ↓ 1 ± 2, ü".encode("ascii", HANDLER)
    b'KLD v 1 +/- 2, ?'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(PLAIN.get(sign, "?") for sign in signs), error.end


class Output:
    """Standard output whose failures are errors in one line, as those of any other file.

    Parameters
    ----------
    stream : text file
        What it writes to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._failure: OutputError | None = None

    def write(self, text: str) -> int:
        """Write a text; `OutputError` where that is impossible."""
        with self._in_words():
            return self._stream.write(text)

    def flush(self) -> None:
        """Write what is still in the buffer; `OutputError` where that, or a write, has failed."""
        with self._in_words():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        if self._failure:  # a library may have swallowed it, as click does when it tries a stream
            raise self._failure
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            # what is left in the buffer would be tried again, and complained of, at the very end
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            what, fix = (
                f"cannot be written: {error.strerror}",
                "Free some space, or write elsewhere.",
            )
            self._failure = OutputError(what, "standard output", fix)
            raise self._failure from None


@contextmanager
def any_output() -> Iterator[None]:
    """While the block runs, standard output takes any text, and tells in words why it cannot."""
    codecs.register_error(HANDLER, plainly)
    stream = sys.stdout
    if stream is None:  # closed by who started this process
        stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - stays until the end
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=HANDLER)
    kept, sys.stdout = sys.stdout, cast(TextIO, Output(stream))
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout = kept
