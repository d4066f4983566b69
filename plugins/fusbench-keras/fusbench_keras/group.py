"""The processes of a training in Keras, as ``TF_CONFIG`` tells them of each other.

They meet by ``tf.distribute.MultiWorkerMirroredStrategy``, and each is one of its replicas. What
they share is the sum of their values: of gradients, of a batch's statistics, and of what the first
process tells, to which the others add nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from fusbench.errors import ConfigError
from fusbench.training.group import LostError
from fusbench.training.place import Place
from fusbench_keras.quiet import without_chatter

with without_chatter():
    import tensorflow as tf
    from tensorflow.python.eager import context

VALIDATING_S = 86400.0
"""How long others wait for the first one's validations."""
FAILED = "fusbench/failed"
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)

Tensor = Any
Graph = Callable[..., Any]


def join(place: Place) -> KerasGroup:
    """Meet the other processes of ``TF_CONFIG``; each takes a card of its machine.

    Raises
    ------
    LostError
        If they do not come.
    ConfigError
        If TensorFlow was in use here before.
    """
    options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=VALIDATING_S)
    with told("the other processes of this training do not come"), without_chatter():
        try:
            cards = tf.config.list_physical_devices("GPU")
            if cards:
                mine = cards[place.local_rank % len(cards)]
                tf.config.set_visible_devices(mine, "GPU")
            strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
        except RuntimeError as error:
            what = "TensorFlow was in use here before, and can meet no others any more"
            fix = "Train in a process that does nothing else with it before."
            raise ConfigError(what, fix=fix) from error
    return KerasGroup(place, strategy)


class KerasGroup:
    """See `fusbench.training.group.Group`; `within` and `mean` are what a step needs beside."""

    def __init__(self, place: Place, strategy: Any) -> None:
        self.place, self.strategy = place, strategy
        (self.device,) = strategy.extended.worker_devices
        self._total = self.within(lambda value: self.sum([value])[0])

    def within(self, function: Graph) -> Graph:
        """A function as a graph in which sums and means can be asked for.

        Parameters
        ----------
        function : callable
            Of tensors.
        """

        def placed(*given: Tensor) -> Any:
            with tf.device(self.device):  # collectives go where their values are
                return function(*given)

        graph = tf.function(lambda *given: self.strategy.run(placed, given))

        def shared(*given: Tensor) -> Any:
            with told():
                return graph(*given)

        return shared

    def sum(self, values: Sequence[Tensor]) -> list[Tensor]:
        """The sums of all processes' values, of one type; the same bytes in each."""
        replica = tf.distribute.get_replica_context()
        here = [tf.identity(value) for value in values]  # arguments are on no device
        found: list[Tensor] = replica.all_reduce(tf.distribute.ReduceOp.SUM, here)
        return found

    def mean(self, values: Sequence[Tensor]) -> list[Tensor]:
        """The means of all processes' values, of one type."""
        return [total / self.place.size for total in self.sum(values)]

    def first(self, content: bytes) -> bytes:
        """What the first process gives, in every process."""
        given = content if self.place.leads else b""
        (size,) = self._total(tf.constant([len(given)], tf.int32)).numpy()
        words = np.zeros(-(-size // 4), np.int32)
        words.view(np.uint8)[: len(given)] = np.frombuffer(given, np.uint8)
        found: np.ndarray = self._total(tf.constant(words)).numpy()
        return found.tobytes()[:size]

    def tells(self) -> bool:
        """Whether this process is the first to end before its time."""
        try:
            context.context().set_config_key_value(FAILED, str(self.place.rank))
        except tf.errors.AlreadyExistsError:
            return False
        except (tf.errors.OpError, AttributeError):  # it lay with the first, which has ended
            return self.place.rank == 1
        return True

    def leave(self) -> None:
        """Nothing is to be ended: TensorFlow does it with the process."""


@contextmanager
def told(what: str = "another process of this training has ended") -> Iterator[None]:
    """TensorFlow's errors as one line."""
    try:
        yield
    except LOST as error:
        reason = str(error.message).strip().splitlines()[-1][:200]
        fix = "Its own line or its machine says why; --resume goes on from here."
        raise LostError(f"{what} ({reason})", fix=fix) from error
