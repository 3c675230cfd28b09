"""--mode=generate: texts that a run's exported language model continues."""
