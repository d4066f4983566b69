"""fusbench's zoo in Torch.

>>> import fusbench_torch
>>> net = fusbench_torch.network("clstmunet", weights="bundled")  # a torch.nn.Module
>>> net.clstm.weight.shape
torch.Size([256, 64, 3, 3])

`network` makes a network of the zoo, `write_checkpoint` writes it for ``fusbench evaluate``, and
`WindowDataset` holds windows with their densities. Torch is imported when one of them is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fusbench_torch.data import WindowDataset
    from fusbench_torch.module import ZooNetwork, network, write_checkpoint

__all__ = ["WindowDataset", "ZooNetwork", "network", "write_checkpoint"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'fusbench_torch' has no attribute '{name}'")
    home = "data" if name == "WindowDataset" else "module"
    return getattr(import_module(f"fusbench_torch.{home}"), name)


def __dir__() -> list[str]:
    return __all__
