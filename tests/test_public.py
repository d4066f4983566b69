"""The public names resolve, and none of them costs anything before it is used."""

import subprocess
import sys

import pytest

import fusbench


@pytest.mark.parametrize("name", sorted(fusbench.PUBLIC))
def test_every_public_name_is_what_its_module_calls_so(name):
    value = getattr(fusbench, name)
    assert value.__name__ == name
    assert value.__module__ == fusbench.PUBLIC[name]


def test_metrics_are_reached_from_the_package():
    assert fusbench.metrics.kld.__name__ == "kld"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'kdl'"):
        _ = fusbench.kdl


def test_importing_fusbench_imports_nothing_heavy():
    code = "import sys, fusbench; print(sorted({'numpy', 'pandas', 'cv2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
