"""`python -m tfapp FLAGS`, which is `python main.py FLAGS` wherever tfapp is installed."""

from tfapp import cli

if __name__ == "__main__":
    cli.run()
