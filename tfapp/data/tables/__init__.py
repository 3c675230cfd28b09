"""Tables: `csv:`, `parquet:` and `jsonl:` followed by a FILE, GLOB or FOLDER.

files.py finds the files and the splits they belong to, read_*.py turn one format each into Arrow
columns, kinds.py infers what each column is, features.py and labels.py choose inputs and label;
sources/table.py makes a Source of them. dialect.py, encoding.py, sniff.py, layout.py and numbers.py
detect how a CSV is written. Python touches no row unless something is wrong with it.
"""
