"""Which examples a step sees, and how they reach the device: the order and the input engines."""
