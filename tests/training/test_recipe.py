"""Recipes: those that come with fusbench, and those of files."""

import re
from dataclasses import replace

import pytest

from fusbench.errors import ConfigError
from fusbench.training.optimiser import learning_rate
from fusbench.training.recipe import RECIPES, changed, recipe


def test_recipes_are_read_from_files(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('like = "patient"\noptimiser = "adamw"\nweight_decay = 0.01\n')
    mine = recipe(str(path))
    assert mine == replace(RECIPES["patient"], name="mine", optimiser="adamw", weight_decay=0.01)
    for text, words in (
        ('like = "fats"', "like = 'fats' is no recipe. Use fast"),
        ('like = "fast"\nlearning_rat = 1', "Did you mean 'learning_rate'"),
        ('like = "fast"\nbatch_size = 0', "batch_size = 0 is outside 1 to"),
        ('like = "fast"\noptimiser = "adan"', "optimiser = 'adan' is unknown. Did you mean 'adam'"),
        ('like = "fast"\nweight_decay = 0.1', 'Use optimiser = "adamw"'),
        ("max_steps = 3", "the key 'learning_rate' is missing. Add it, or begin with like"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(ConfigError, match=re.escape(words)):
            recipe(str(path))


def test_a_short_budget_has_a_curve_and_the_same_patience():
    short = changed(RECIPES["patient"], {"max_steps": 600})
    assert (short.validate_every, short.patience) == (60, 10)  # 600 steps of waiting, as before
    assert short.slow_patience == 30  # 1,800
    assert changed(RECIPES["patient"], {"max_steps": 20_000}).validate_every == 300
    told = changed(RECIPES["patient"], {"max_steps": 600, "validate_every": 200})
    assert (told.validate_every, told.patience) == (200, 2)


def test_what_checkpoints_told_before_is_told_as_before():
    """Seeds of one recipe are known by it, whichever version trained them."""
    told = RECIPES["patient"].told()
    assert not {"optimiser", "weight_decay", "loss"} & set(told)
    assert replace(RECIPES["fast"], optimiser="sgd").told()["optimiser"] == "sgd"


def test_recipes_and_the_paper():
    paper = RECIPES["paper"]
    assert (paper.learning_rate, paper.batch_size, paper.beta1) == (1e-4, 16, 0.01)
    assert RECIPES["paper-norm-momentum"].beta1 == 0.9
    fast = RECIPES["fast"]
    assert learning_rate(fast, int(fast.warm_up * fast.max_steps)) == pytest.approx(1e-3)
    assert learning_rate(fast, fast.max_steps) == pytest.approx(0, abs=1e-12)
