"""Keras on TensorFlow, or a clear word why not. Imported before anything of Keras."""

from __future__ import annotations

from fusbench.errors import PluginError
from fusbench_keras.quiet import without_chatter

with without_chatter():
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
