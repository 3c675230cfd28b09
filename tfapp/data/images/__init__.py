"""How image files are listed, measured and decoded."""
