"""Cards of the zoo in ONNX, by their networks' names; imports no ONNX."""

from fusbench.zoo.entries import cards

__getattr__ = cards(backend="onnx", loader="fusbench_onnx.model:load", learner=None)
