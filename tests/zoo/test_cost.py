"""Multiply-accumulates, counted from the description."""

import numpy as np
import pytest

from fusbench.doors.registry import load_model, model_card
from fusbench.zoo.checkpoint import network_of, read_metadata
from fusbench.zoo.clstmunet import clstmunet
from fusbench.zoo.cost import multiply_accumulates
from fusbench.zoo.unet import unet
from fusbench.zoo.weights import card_of_weights, checkpoint_path


def test_a_small_unet_by_hand():
    counts = (
        16 * 9 * 1 * 2, 16 * 9 * 2 * 2,  # encoder, 4 x 4 pixels
        4 * 9 * 2 * 4, 4 * 9 * 4 * 4,  # bottom, 2 x 2
        4 * 4 * 4 * 2, 16 * 9 * 4 * 2, 16 * 9 * 2 * 2, 16 * 2,  # up, decoder, head
    )  # fmt: skip
    assert multiply_accumulates(unet(base=2, levels=1, input_shape=(4, 4))) == sum(counts)


def test_a_longer_window_costs_its_further_steps_alone():
    """Each frame is encoded once; every further frame of a window is a step of the state."""
    sizes = {"base": 2, "levels": 1, "input_shape": (8, 8)}
    costs = [multiply_accumulates(clstmunet(length=n, **sizes)) for n in (1, 2, 6)]
    step = 4 * 4 * 9 * 4 * (4 * 4)  # 4 x 4 pixels, 3 x 3 kernel, 4 gates, 4 by 4 channels
    assert costs[1] - costs[0] == step
    assert costs[2] - costs[0] == 5 * step


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["unet", "unet-stacked", "clstmunet", "ema", "rsis", "mmunet", "salsac", "tsen"]
)
def test_torch_counts_the_same(name):
    flops = pytest.importorskip("torch.utils.flop_counter")
    card = card_of_weights(model_card(f"{name}-torch"))
    model = load_model(card)
    with flops.FlopCounterMode(display=False) as counter:
        model.predict_clip(np.zeros((12, *card.input_shape), np.uint8))
    network = network_of(read_metadata(checkpoint_path(card)))
    assert counter.get_total_flops() == 2 * 12 * multiply_accumulates(network)
