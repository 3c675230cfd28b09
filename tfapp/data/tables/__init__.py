"""Tables: `csv:`, `parquet:` and `jsonl:` with FILE, GLOB or FOLDER behind the colon.

files.py finds the files and the splits they belong to, one reader a format gives Arrow columns,
kinds.py says what each column is, labels.py what is learnt, source.py puts a Source together. No
row is touched by Python unless there is something wrong with it.
"""
