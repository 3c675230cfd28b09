"""Exported models online: rows of JSON to features to answers, over HTTP."""
