"""The committed boards' files in the site: ``boards/NAME/``, as they are."""

from pathlib import Path

from mkdocs.structure.files import File

SHOWN = ("index.html", "leaderboard.csv", "leaderboard.json", "leaderboard.tex")


def on_files(files, config):
    folder = Path(config.config_file_path).parent / "leaderboards"
    for board in sorted(path.parent for path in folder.glob("*/board.toml")):
        for name in SHOWN:
            place = f"boards/{board.name}/{name}"
            files.append(File.generated(config, place, abs_src_path=str(board / name)))
    return files
