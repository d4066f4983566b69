"""Cards of the zoo in Torch, by their networks' names; imports no Torch."""

from fusbench.zoo.entries import cards

__getattr__ = cards(
    backend="torch", loader="fusbench_torch.model:load", learner="fusbench_torch.learner:learner"
)
