"""Gaze in Parquet, in the HDF5 of ioHub and Titta, and in the XDF of LSL's recorder."""

import struct

import numpy as np
import pandas as pd
import pytest

from fusbench.errors import DatasetError
from fusbench.footage import apart
from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.recording import ReadOptions

h5py = pytest.importorskip("h5py")


def stream_chunks(number, name, kind, form, channels, rate, samples):
    """Header, samples and footer of one XDF stream; `samples` are (time, values)."""

    def chunk(tag, content):
        return struct.pack("<BIH", 4, len(content) + 2, tag) + content

    def value(item):
        if form == "string":
            text = item.encode()
            return struct.pack("<BB", 1, len(text)) + text
        return struct.pack("<f" if form == "float32" else "<i", item)

    labels = "".join(f"<channel><label>{label}</label></channel>" for label in channels)
    header = (
        f"<info><name>{name}</name><type>{kind}</type><channel_count>{len(channels)}"
        f"</channel_count><nominal_srate>{rate}</nominal_srate><channel_format>{form}"
        f"</channel_format><desc><channels>{labels}</channels></desc></info>"
    )
    of = struct.pack("<I", number)
    body = b"".join(
        struct.pack("<Bd", 8, time) + b"".join(map(value, values)) for time, values in samples
    )
    packed = of + struct.pack("<BI", 4, len(samples)) + body
    return chunk(2, of + header.encode()) + chunk(3, packed) + chunk(6, of + b"<info></info>")


@pytest.fixture
def xdf(tmp_path):
    pytest.importorskip("pyxdf")
    begin = struct.pack("<BIH", 4, len(b"<info/>") + 2, 1) + b"<info/>"
    gaze = [(100 + n / 64, (0.25 + n / 64, 0.5)) for n in range(32)]
    frames = [(100.125 + n / 32, (n,)) for n in range(12)]
    path = tmp_path / "rec.xdf"
    path.write_bytes(
        b"XDF:"
        + begin
        + stream_chunks(1, "Tracker", "Gaze", "float32", ("gx", "gy"), 0, gaze)
        + stream_chunks(2, "VideoFrame", "video", "int32", ("frame",), 32, frames)
        + stream_chunks(3, "Task", "Markers", "string", ("m",), 0, [(100.125, ("start",))])
    )
    return path


def test_xdf_gives_gaze_and_the_video_clock(xdf):
    columns = {"x": "gx", "y": "gy", "space": "normalised"}
    gaze = read_gaze(xdf, "lsl", ReadOptions(mapping=columns))
    assert gaze.time_ns.tolist() == [100_000_000_000 + n * 15_625_000 for n in range(32)]
    assert gaze.x.tolist() == [0.25 + n / 64 for n in range(32)]
    assert (100_125_000_000, "start") in gaze.events
    counted = [event for event in gaze.events if event[1].startswith("VideoFrame ")]
    assert counted == [(100_125_000_000 + n * 31_250_000, f"VideoFrame {n}") for n in range(12)]
    with pytest.raises(DatasetError, match="no column holds the gaze; .* has time_stamps, gx, gy"):
        read_gaze(xdf, "lsl", ReadOptions(mapping={"x": "a", "y": "b", "space": "screen"}))


def test_a_damaged_xdf_is_one_line(tmp_path, capfd):
    pytest.importorskip("pyxdf")
    path = tmp_path / "rec.xdf"
    path.write_bytes(b"XDF:" + b"<?xml" * 40)
    with pytest.raises(DatasetError, match=r"holds no stream|that cannot be read: ") as error:
        read_gaze(path, "lsl")
    assert "\n" not in str(error.value)
    assert capfd.readouterr().err == ""


def test_what_a_broken_off_xdf_lost_is_told(xdf, capfd):
    xdf.write_bytes(xdf.read_bytes()[:-30])
    columns = {"x": "gx", "y": "gy", "space": "normalised"}
    gaze = read_gaze(xdf, "lsl", ReadOptions(mapping=columns))
    assert len(gaze) == 32
    assert any("the file is damaged" in remark.text for remark in gaze.remarks)
    assert capfd.readouterr().err == ""


@pytest.fixture
def iohub(tmp_path):
    path = tmp_path / "events.hdf5"
    eyes = [("session_id", "u4"), ("time", "f8"), ("left_gaze_x", "f4"), ("left_gaze_y", "f4")]
    eyes += [("right_gaze_x", "f4"), ("right_gaze_y", "f4"), ("status", "u1")]
    rows = [(1, 5 + n / 64, -0.5, 0.25, 0.5, 0.25, (0, 20, 2, 22)[n % 4]) for n in range(8)]
    with h5py.File(path, "w") as file:
        file["data_collection/events/eyetracker/BinocularEyeSampleEvent"] = np.array(rows, eyes)
        file["data_collection/events/eyetracker/MonocularEyeSampleEvent"] = np.empty(
            0, [("time", "f8")]
        )
        file["data_collection/events/experiment/MessageEvent"] = np.array(
            [(5.25, b"VIDEO_START")], [("time", "f8"), ("text", "S32")]
        )
    return path


def test_iohub_eyes_by_their_status(iohub):
    gaze = read_gaze(iohub, "iohub", ReadOptions(space="psychopy-height"))
    expected = [0.0, 0.5, -0.5, np.nan] * 2  # both, right alone, left alone, none
    np.testing.assert_array_equal(gaze.x, expected)
    assert gaze.time_ns.tolist() == [5_000_000_000 + n * 15_625_000 for n in range(8)]
    assert gaze.events == ((5_250_000_000, "VIDEO_START"),)
    assert gaze.space == "psychopy-height"


def titta_frame(file, name, table):
    """A frame in pandas' form "fixed", as PyTables writes it."""
    group = file.create_group(name)
    group.attrs["pandas_type"] = np.bytes_(b"frame")
    group["axis0"] = np.array(table.columns, "S")
    group["axis1"] = np.arange(len(table))
    for number, kind in enumerate(("int64", "float64")):
        part = table.select_dtypes(kind)
        group[f"block{number}_items"] = np.array(part.columns, "S")
        group[f"block{number}_values"] = part.to_numpy()


def test_titta_in_hdf5_and_parquet_are_logs_of_the_sdk(tmp_path):
    area = "gaze_point_on_display_area"
    table = pd.DataFrame({
        "device_time_stamp": np.arange(6) * 16_667,
        "system_time_stamp": 10**15 + np.arange(6) * 16_667,
        f"left_{area}_x": np.linspace(0.1, 0.6, 6), f"left_{area}_y": 0.5,
        "left_gaze_point_validity": [1, 1, 0, 1, 1, 1],
        f"right_{area}_x": np.linspace(0.3, 0.8, 6), f"right_{area}_y": 0.5,
        "right_gaze_point_validity": [1, 0, 0, 1, 1, 1],
    })  # fmt: skip
    stored = tmp_path / "sub.h5"
    with h5py.File(stored, "w") as file:
        titta_frame(file, "gaze", table)
        titta_frame(file, "eye_image", table[["system_time_stamp", f"left_{area}_x"]])
    gaze = read_gaze(stored, "tobii-4c")
    assert gaze.time_ns.tolist() == [10**18 + n * 16_667_000 for n in range(6)]
    np.testing.assert_allclose(gaze.x, [0.2, 0.2, np.nan, 0.5, 0.6, 0.7])
    pytest.importorskip("pyarrow")
    table.to_parquet(tmp_path / "sub.parquet")
    same = read_gaze(tmp_path / "sub.parquet", "tobii-4c")
    np.testing.assert_array_equal(same.x, gaze.x)
    np.testing.assert_array_equal(same.time_ns, gaze.time_ns)


def test_hdf5_that_leaves_the_table_open_is_asked_for(tmp_path):
    path = tmp_path / "two.h5"
    table = pd.DataFrame({"t": np.arange(3), "x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0]})
    with h5py.File(path, "w") as file:
        titta_frame(file, "one", table)
        titta_frame(file, "two", table.assign(x=9.0))
    columns = {"time": "t", "time_unit": "s", "x": "x", "y": "y", "space": "screen"}
    with pytest.raises(DatasetError, match="holds 2 tables: one, two. Choose the one of the gaze"):
        read_gaze(path, "table", ReadOptions(mapping=columns))
    gaze = read_gaze(path, "table", ReadOptions(mapping=columns, recording="two"))
    assert gaze.x.tolist() == [9.0] * 3
    with h5py.File(path, "w") as file:
        file["numbers"] = np.arange(3)
    with pytest.raises(DatasetError, match="holds no table of numbers"):
        read_gaze(path, "table", ReadOptions(mapping=columns))


COLUMNS = {"time": "t", "time_unit": "s", "x": "x", "y": "y", "space": "screen"}
HANGS = """
import ctypes, os, sys
import h5py
h5py.File = lambda *_: ctypes.PyDLL(None).sleep(60)
from fusbench.footage.decoder import Answers, serve
stdin = os.fdopen(0, "rb")
serve(stdin, Answers(stdin, os.fdopen(1, "wb"), int(sys.argv[1])))
"""


def test_a_few_bytes_that_declare_more_than_memory_are_one_line(tmp_path):
    """A file of kilobytes that would be 240 GB."""
    path = tmp_path / "bomb.h5"
    eyes = [("time", "f8"), ("left_gaze_x", "f8"), ("left_gaze_y", "f8")]
    with h5py.File(path, "w") as file:
        place = "data_collection/events/eyetracker/BinocularEyeSampleEvent"
        file.create_dataset(place, (10**10,), eyes, chunks=(1000,))
    assert path.stat().st_size < 20_000
    with pytest.raises(DatasetError, match="bomb.h5: needs more than 1 GB of memory to be decoded"):
        read_gaze(path, "iohub", ReadOptions(space="psychopy-height"))


def test_a_library_that_hangs_is_one_line(iohub, monkeypatch):
    apart.end_idle()
    monkeypatch.setattr(apart, "COMMAND", ("-P", "-c", HANGS))
    monkeypatch.setenv(apart.STEP_S, "3")
    with pytest.raises(DatasetError, match="one step of decoding it took more than 3 s"):
        read_gaze(iohub, "iohub", ReadOptions(space="psychopy-height"))


@pytest.mark.parametrize("way", ["link", "storage", "virtual"])
def test_hdf5_takes_nothing_from_other_files(tmp_path, way):
    table = pd.DataFrame({"t": np.arange(3.0), "x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0]})
    with h5py.File(tmp_path / "private.h5", "w") as file:
        titta_frame(file, "gaze", table)
    (tmp_path / "private.txt").write_bytes(bytes(72))
    path = tmp_path / "sent.h5"
    with h5py.File(path, "w") as file:
        if way == "link":
            file["gaze"] = h5py.ExternalLink("private.h5", "gaze")
        else:
            titta_frame(file, "gaze", table)
            del file["gaze/block1_values"]
        if way == "storage":
            external = [(str(tmp_path / "private.txt"), 0, 72)]
            file.create_dataset("gaze/block1_values", (3, 3), "f8", external=external)
        if way == "virtual":
            layout = h5py.VirtualLayout((3, 3), "f8")
            layout[:] = h5py.VirtualSource("private.h5", "gaze/block1_values", (3, 3))
            file.create_virtual_dataset("gaze/block1_values", layout)
    with pytest.raises(DatasetError, match=r"sent.h5: takes data from other files\."):
        read_gaze(path, "table", ReadOptions(mapping=COLUMNS))


def test_a_long_table_comes_in_parts(tmp_path):
    """More rows than a part has, and words among them."""
    pytest.importorskip("pyarrow")
    n = 60_000
    words = ["a line\nand a tab\t"] * n
    table = pd.DataFrame({"t": np.arange(n) / 1000, "x": np.arange(n) * 0.5, "y": 1.0, "w": words})
    table.to_parquet(tmp_path / "long.parquet")
    gaze = read_gaze(tmp_path / "long.parquet", "table", ReadOptions(mapping=COLUMNS))
    np.testing.assert_array_equal(gaze.x, table["x"])
    np.testing.assert_array_equal(gaze.time_ns, np.arange(n) * 1_000_000)


def test_times_that_pandas_kept_as_an_index_are_a_column(tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]}, index=pd.Index([5, 16], name="t"))
    table.to_parquet(tmp_path / "g.parquet")
    columns = {"time": "t", "time_unit": "ms", "x": "x", "y": "y", "space": "pixel"}
    gaze = read_gaze(tmp_path / "g.parquet", "table", ReadOptions(mapping=columns))
    assert gaze.time_ns.tolist() == [5_000_000, 16_000_000]
    assert (gaze.x.tolist(), gaze.y.tolist()) == ([1, 2], [3, 4])
