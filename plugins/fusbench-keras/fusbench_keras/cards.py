"""Cards of the zoo in Keras, by their networks' names; imports no Keras."""

from fusbench.zoo.entries import cards

__getattr__ = cards(
    backend="keras", loader="fusbench_keras.model:load", learner="fusbench_keras.learner:learner"
)
