"""One format a file: what is there, and its splits."""
