"""``python -m fusbench``."""

from fusbench.cli import main

if __name__ == "__main__":
    main()
