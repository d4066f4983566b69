"""Keras on TensorFlow, or a clear word why not. Imported before anything of Keras."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from fusbench.errors import PluginError


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Hold back what TensorFlow's C++ part writes to stderr while it starts."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.getLogger("tensorflow").setLevel(logging.ERROR)
with _without_chatter():
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.constant(0)

if keras.backend.backend() != "tensorflow":
    raise PluginError(
        f"needs Keras on TensorFlow, and Keras runs on {keras.backend.backend()} here",
        "fusbench-keras",
        "Set KERAS_BACKEND=tensorflow.",
    )
