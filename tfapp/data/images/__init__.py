"""How image files are found, measured and decoded."""
