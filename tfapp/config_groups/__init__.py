"""The fields of `tfapp.config.Config`, one group of --help a file."""
