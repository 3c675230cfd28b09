"""State, step, placement, loop and the trainer that runs them."""
