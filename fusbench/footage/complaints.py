"""What FFmpeg complains of while it decodes: the lines that it writes on standard error.

Only a decoder's process hears them, whose standard error nobody else reads. FFmpeg's threads
write there by themselves: were they to call into Python, as PyAV's own logging has them do, a
damaged file could have them wait for this thread, and this thread for them.
"""

from __future__ import annotations

import os

from fusbench.footage.slots import new_memory

_state = {"heard": -1}
STANDARD_ERROR = 2


def hear() -> None:
    """Gather from now on what this process writes on standard error."""
    _state["heard"] = new_memory()
    os.dup2(_state["heard"], STANDARD_ERROR)


def begin() -> None:
    """A file is opened: have FFmpeg write its errors where they are heard, or else nothing."""
    import av

    if _state["heard"] < 0:
        av.logging.set_level(None)
        return
    av.logging.restore_default_callback()
    av.logging.set_libav_level(av.logging.ERROR)


def count() -> int:
    """How many lines FFmpeg wrote since the last call; 0 where they are not heard."""
    heard = _state["heard"]
    if heard < 0 or not (size := os.fstat(heard).st_size):
        return 0
    text = os.pread(heard, size, 0)
    os.ftruncate(heard, 0)
    os.lseek(heard, 0, os.SEEK_SET)
    return sum(line.startswith(b"[") for line in text.splitlines())
