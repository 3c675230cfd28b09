"""Where metrics are written: one backend a file."""
