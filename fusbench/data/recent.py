"""Arrays that were used last, within a bound on what they take."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

import numpy as np

Size = Callable[[np.ndarray], int]
Key = TypeVar("Key", bound=Hashable)


class Recent:
    """Arrays by number or another key; those that were asked for last are kept.

    Threads may share it. A copy in another process, or out of a pickle, begins empty.

    Parameters
    ----------
    most : int
        Sum of the sizes of what is kept; the newest is kept even if it alone is larger.
    size : callable
        What an array takes, such as its bytes. A function of a module, so that it can be pickled.

    Examples
    --------
    >>> from operator import attrgetter
    >>> recent = Recent(100, attrgetter("nbytes"))
    >>> [len(recent.get(n, lambda n: np.zeros(40 + n, np.uint8))) for n in (0, 1, 2, 1)]
    [40, 41, 42, 41]
    >>> recent.kept
    (2, 1)
    """

    def __init__(self, most: int, size: Size) -> None:
        self.most, self.size = most, size
        self._arrays: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._taken = 0
        self._newest: tuple[Hashable, np.ndarray | None] = (-1, None)
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[Recent], tuple[int, Size]]:
        return Recent, (self.most, self.size)

    @property
    def kept(self) -> tuple[Hashable, ...]:
        """Numbers of the arrays that are kept, the newest last."""
        return tuple(self._arrays)

    def get(self, number: Key, make: Callable[[Key], np.ndarray]) -> np.ndarray:
        """The array of a number, made where it is not kept."""
        last, newest = self._newest  # most windows are of the clip of the one before
        if last == number and newest is not None:
            return newest
        with self._lock:
            if number in self._arrays:
                self._arrays.move_to_end(number)
                self._newest = (number, self._arrays[number])
                return self._arrays[number]
        array = make(number)
        with self._lock:
            if number not in self._arrays:  # unless another thread was faster
                self._arrays[number] = array
                self._taken += self.size(array)
            self._arrays.move_to_end(number)
            while self._taken > self.most and len(self._arrays) > 1:
                self._taken -= self.size(self._arrays.popitem(last=False)[1])
            array = self._arrays[number]
            self._newest = (number, array)
        return array
