"""Entry point: `python main.py --help`."""

import sys

from tfapp import cli

if __name__ == "__main__":
    sys.exit(cli.main(sys.argv))
