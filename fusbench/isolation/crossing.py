"""Arrays that cross between a guest and its parent, as plain ``.npy`` files in memory.

Loaded by `guest.py`, as `witness.py` is, and imported on the other side.
"""

import os
from typing import Any


def write_over(path: str, array: Any) -> None:
    """Write an array into a file that may be there: the memory that it has is used again.

    NumPy's own writing tells no reason where the system refuses; this raises the system's error.
    """
    import numpy as np

    array = np.asarray(array)
    lines = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
    rest = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    with open(path, "r+b" if os.path.exists(path) else "xb", buffering=0) as stream:
        np.lib.format.write_array_header_1_0(stream, lines)
        while len(rest):
            rest = rest[stream.write(rest) :]
        stream.truncate()
