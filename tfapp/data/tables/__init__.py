"""Tables: `csv:`, `parquet:` and `jsonl:` followed by a FILE, GLOB or FOLDER.

files.py finds the files and the splits they belong to, read_*.py turn one format each into Arrow
columns, kinds.py infers what each column is, features.py and labels.py choose inputs and label;
sources/table.py makes a Source of them. Python touches no row unless something is wrong with it.
"""
