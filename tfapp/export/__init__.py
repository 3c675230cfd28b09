"""From a trained model to what serves it."""
