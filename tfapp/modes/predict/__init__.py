"""--mode=predict: answers of a run's exported model."""
