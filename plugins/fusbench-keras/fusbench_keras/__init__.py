"""fusbench's zoo in Keras 3 on TensorFlow."""
