"""MetaImage and NRRD sequences, as PLUS and 3D Slicer write them."""

import gzip
import zlib
from fractions import Fraction

import numpy as np
import pytest

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.open import open_footage

HEIGHT, WIDTH, COUNT = 6, 8, 5
PIXELS = np.random.default_rng(0).integers(0, 255, (COUNT, HEIGHT, WIDTH), np.uint8)
STAMPS = (100.0, 100.04, 100.08, 100.2, 100.24)  # a pause of 120 ms


def mha(path, pixels=PIXELS, stamps=STAMPS, packed=False, local=True, **changes):
    data = pixels.tobytes()
    data = zlib.compress(data) if packed else data
    fields = {
        "ObjectType": "Image", "NDims": "3", "DimSize": f"{WIDTH} {HEIGHT} {COUNT}",
        "ElementType": "MET_UCHAR", "ElementNumberOfChannels": str(pixels[0, 0, 0].size),
        "CompressedData": str(packed), "UltrasoundImageOrientation": "MF", **changes,
    }  # fmt: skip
    fields |= {f"Seq_Frame{n:04}_Timestamp": str(t) for n, t in enumerate(stamps)}
    fields |= {f"Seq_Frame{n:04}_ImageStatus": "OK" for n in range(len(stamps))}
    lines = [f"{key} = {value}" for key, value in {**fields, **changes}.items()]
    other = path.with_suffix(".raw")
    lines.append(f"ElementDataFile = {'LOCAL' if local else other.name}")
    head = ("\n".join(lines) + "\n").encode()
    path.write_bytes(head + data if local else head)
    if not local:
        other.write_bytes(data)
    return path


def nrrd(path, sizes, kinds, pixels=PIXELS, encoding="raw", stamps=STAMPS, kind="unsigned char"):
    lines = [
        "NRRD0005", "# of PLUS", f"type: {kind}", f"dimension: {len(sizes.split())}",
        f"sizes: {sizes}", f"kinds: {kinds}", f"encoding: {encoding}", "endian: little",
        *(f"Seq_Frame{n:04}_Timestamp:={t}" for n, t in enumerate(stamps)),
    ]  # fmt: skip
    data = pixels.tobytes()
    path.write_bytes(
        ("\n".join(lines) + "\n\n").encode() + (gzip.compress(data) if encoding == "gzip" else data)
    )
    return path


def read(path, rate=None):
    footage = open_footage(path, rate)
    times, frames = zip(*footage.read(), strict=True)
    return footage, list(times), np.stack(frames)


@pytest.mark.parametrize(
    "write",
    [
        lambda p: mha(p / "a.mha"),
        lambda p: mha(p / "a.mha", packed=True),
        lambda p: mha(p / "a.mhd", local=False),
        lambda p: nrrd(p / "a.nrrd", "8 6 5", "domain domain list"),
        lambda p: nrrd(p / "a.seq.nrrd", "8 6 1 5", "domain domain domain list", encoding="gzip"),
    ],
)
def test_grey_sequences_with_their_own_times(tmp_path, write):
    footage, times, frames = read(write(tmp_path))
    np.testing.assert_array_equal(frames, PIXELS)
    assert times == [0, 40_000_000, 80_000_000, 200_000_000, 240_000_000]
    assert (footage.kind, footage.shape, footage.remarks) == ("sequence", (HEIGHT, WIDTH), [])


def test_colour_and_a_rate_in_place_of_times(tmp_path):
    colour = np.random.default_rng(1).integers(0, 255, (COUNT, HEIGHT, WIDTH, 3), np.uint8)
    for path in (
        mha(tmp_path / "c.mha", colour, stamps=()),
        nrrd(tmp_path / "c.nrrd", "3 8 6 5", "RGB-color domain domain list", colour, stamps=()),
    ):
        with pytest.raises(ConfigError, match="holds times of 0 of 5 frames. Give --frame-rate R"):
            open_footage(path)
        _, times, frames = read(path, Fraction(25))
        np.testing.assert_array_equal(frames, colour)
        assert times == [n * 40_000_000 for n in range(COUNT)]


def test_what_the_recorder_says_of_the_picture_is_told(tmp_path):
    path = mha(
        tmp_path / "a.mha", UltrasoundImageOrientation="UN", Seq_Frame0002_ImageStatus="INVALID"
    )
    told = [text for _, text in open_footage(path).remarks]
    assert told[0].startswith("the picture's orientation is UN, not MF")
    assert told[1] == "1 frame is marked as not OK by the recorder"


def test_one_picture_is_a_sequence_of_one(tmp_path):
    _, times, frames = read(mha(tmp_path / "a.mha", DimSize="8 6"))
    np.testing.assert_array_equal(frames, PIXELS[:1])
    assert times == [0]


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda p: mha(p, PIXELS[:3]), "ends after 3 of 5 frames"),
        (lambda p: mha(p, ElementType="MET_SHORT"), "values are of the type 'MET_SHORT'. Save it"),
        (lambda p: mha(p, DimSize="8 6 x"), "'8 6 x' are no sizes"),
        (lambda p: mha(p, DimSize="99999 99999 5"), "is no sequence of pictures"),
        (lambda p: mha(p, CompressedData="True"), "is damaged"),
        (
            lambda p: nrrd(p.with_suffix(".nrrd"), "5 8 6", "list domain domain"),
            "stores the frames as its fastest axis",
        ),
        (
            lambda p: nrrd(p.with_suffix(".nrrd"), "8 6 5", "domain domain list", encoding="bzip2"),
            "its encoding 'bzip2' is not read. Save it as raw or gzip.",
        ),
    ],
)
def test_damaged_sequences_are_one_line(tmp_path, write, words):
    path = write(tmp_path / "a.mha")
    with pytest.raises((DatasetError, ConfigError), match=words):
        read(path)


def test_pixels_that_another_file_holds_are_taken_from_beside_it_alone(tmp_path):
    path = mha(tmp_path / "a.mhd", local=False)
    path.write_bytes(path.read_bytes().replace(b"a.raw", b"../../etc/passwd"))
    with pytest.raises(DatasetError, match="its pixels, in passwd, are not here. Copy that file"):
        open_footage(path)
