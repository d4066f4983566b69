"""``fusbench predict``: densities and overlays for a user's own pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fusbench.cli import config_option, json_option


@click.command(
    epilog="Example: fusbench predict --model clstmunet-keras --video scan.mp4 --out out"
)
@click.option("--model", "name", required=True, help="A model's name.")
@click.option("--dataset", help="A data set's name or folder.")
@click.option("--split", default="test", show_default=True, help="Split of the data set.")
@click.option("--clip", "named", multiple=True, help="Only this clip of the split; repeatable.")
@click.option(
    "--video",
    type=click.Path(path_type=Path),
    help="A video file, a DICOM file, or a folder.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Weights of your own training.")
@click.option("--device", help="The framework's name of a device, such as cuda.")
@click.option("--live", is_flag=True, help="Follow the video as a live scan: frame by frame.")
@click.option("--no-overlay", is_flag=True, help="Write the densities only.")
@config_option
@json_option
def predict(
    name: str,
    dataset: str | None,
    split: str,
    named: tuple[str, ...],
    video: Path | None,
    out: Path,
    checkpoint: Path | None,
    device: str | None,
    live: bool,
    no_overlay: bool,
    as_json: bool,
) -> None:
    """Write a density (float32, sum 1) for every frame, and an overlay video to look at."""
    if (dataset is None) == (video is None):
        raise click.UsageError("Give either --dataset or --video.")
    if live and video is None:
        raise click.UsageError("--live needs --video.")
    from fusbench.cli.render import print_json, progress, show
    from fusbench.data.dataset import open_dataset
    from fusbench.doors.registry import load_model, model_card
    from fusbench.errors import ConfigError, unknown
    from fusbench.footage.open import frame_rate_hz, read_video
    from fusbench.predicting.stream import Stream
    from fusbench.predicting.videos import predict_clip, predict_live, predict_video
    from fusbench.zoo.weights import card_of_weights

    card = card_of_weights(model_card(name), checkpoint)
    if video is not None and card.sees != "frames":
        what = f"model '{name}' needs a data set, not a video alone"
        raise ConfigError(what, fix="Use --dataset.")
    written: list[Path] = []
    speed = 0.0
    if dataset is not None:
        with progress(f"making {dataset}") as update:
            data = open_dataset(dataset, (split,), update)
        clips = data.split(split)
        for clip_id in named:
            if clip_id not in (clip.clip_id for clip in clips):
                raise unknown("clip", clip_id, [clip.clip_id for clip in clips])
        clips = tuple(clip for clip in clips if not named or clip.clip_id in named)
        model = load_model(card, checkpoint=checkpoint, device=device, dataset=data)
        with progress(name, len(clips)) as update:
            for done, clip in enumerate(clips, start=1):
                written += predict_clip(model, card, clip, out, with_overlay=not no_overlay)
                update(done, note=clip.clip_id)
    elif video is not None:
        next(read_video(video))  # a fault of the video comes before the model is loaded
        how: dict[str, Any] = {
            "frame_rate_hz": frame_rate_hz(video),
            "with_overlay": not no_overlay,
        }
        if live:
            stream = Stream(card, checkpoint=checkpoint, device=device)
            with progress(name) as update:
                written, speed = predict_live(stream, video, out, report=update, **how)
        else:
            model = load_model(card, checkpoint=checkpoint, device=device)
            with progress(name) as update:
                written = predict_video(model, card, video, out, report=update, **how)
    if as_json:
        files = {"model": name, "files": [str(path) for path in written]}
        print_json(files | ({"frames_per_second": round(speed, 1)} if speed else {}))
        return
    show(f"{len(written)} files in {out}")
    if speed:
        show(f"live: {speed:.0f} frames a second")
