from dataclasses import dataclass, field

import pytest

from fusbench.errors import ConfigError, DatasetError
from fusbench.records import read_record


@dataclass(frozen=True, kw_only=True)
class Leaf:
    name: str
    share: float = 0.5

    def __post_init__(self):
        if self.share > 1:
            raise ConfigError(f"share {self.share} is above 1", fix="Use 0 to 1.")


@dataclass(frozen=True, kw_only=True)
class Tree:
    height: int
    leaf: Leaf | None = None
    first: Leaf = field(default_factory=lambda: Leaf(name="bud"))
    leaves: tuple[Leaf, ...] = ()
    size: tuple[float, float] | None = None
    counts: dict[str, int] = field(default_factory=dict)
    old: bool = False


def test_plain_values_become_a_record_of_records():
    told = {
        "height": 3,
        "first": {"name": "a"},
        "leaves": [{"name": "b", "share": 1}],
        "size": [1, 2.5],
        "counts": {"x": 2},
    }
    tree = read_record(Tree, told, "tree.toml", ConfigError)
    assert tree == Tree(
        height=3,
        first=Leaf(name="a"),
        leaves=(Leaf(name="b", share=1),),
        size=(1.0, 2.5),
        counts={"x": 2},
    )
    assert isinstance(tree.leaves[0].share, int)  # as it was told


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({}, "tree.toml: the key 'height' is missing. Plant it."),
        ({"hieght": 3}, "tree.toml: the key 'hieght' is unknown. Did you mean 'height'?"),
        ({"height": 3.0}, "height = 3.0 is a number, not a whole number. Correct it."),
        ({"height": True}, "height = True is true or false, not a whole number."),
        ({"height": 1, "old": 1}, "old = 1 is a whole number, not true or false."),
        ({"height": 1, "size": [1]}, "size = [1] cannot be: Expected `array` of length 2, got 1."),
        ({"height": 1, "size": 1}, "size = 1 is a whole number, not a list or nothing."),
        ({"height": 1, "counts": {"a": "b"}}, "counts = {'a': 'b'} holds a text, not a whole n"),
        ({"height": 1, "first": 1}, "first = 1 is a whole number, not a table."),
        ({"height": 1, "first": {"nam": ""}}, "tree.toml, first: the key 'nam' is unknown."),
        ({"height": 1, "leaves": [{"share": 0}]}, "leaves[0]: the key 'name' is missing."),
        (
            {"height": 1, "first": {"name": "a", "share": 2}},
            "tree.toml, first: share 2 is above 1. Use 0 to 1.",
        ),
        ({"height": "9" * 100}, "height = '" + "9" * 59 + "... is a text, not a whole number."),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(told, line):
    with pytest.raises(DatasetError) as error:
        read_record(Tree, told, "tree.toml", DatasetError, "Plant it.")
    assert line in str(error.value)
