"""fusbench's zoo in Keras 3 on TensorFlow.

>>> import fusbench_keras
>>> net = fusbench_keras.network("clstmunet", weights="bundled")  # a keras.Model
>>> net.get_layer("clstm").weight.shape
(3, 3, 64, 256)

`network` makes a network of the zoo, `kld` is the loss that it is trained with, `write_checkpoint`
writes it for ``fusbench evaluate``, and `WindowDataset` holds windows with their densities. Keras
is imported when one of them is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fusbench_keras.data import WindowDataset
    from fusbench_keras.module import kld, network, write_checkpoint

__all__ = ["WindowDataset", "kld", "network", "write_checkpoint"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'fusbench_keras' has no attribute '{name}'")
    home = "data" if name == "WindowDataset" else "module"
    return getattr(import_module(f"fusbench_keras.{home}"), name)


def __dir__() -> list[str]:
    return __all__
