"""One file a verb of the command line; each has main(config)."""
