"""Entry point: `python main.py --help`."""

from tfapp import cli

if __name__ == "__main__":
    cli.run()
