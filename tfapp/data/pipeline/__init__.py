"""Which examples a step trains on, and how they reach the device: the order and the engines."""
