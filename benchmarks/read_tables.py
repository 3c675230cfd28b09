"""How fast a table is read, from the file to the first batch, compared with pyarrow and pandas.

    python benchmarks/read_tables.py [--rows=1000000] [--rounds=3] [--pandas]

Makes a CSV of numbers, categories and a label in a temporary folder. In turn, and --rounds times:
  tfapp     the file to the first batch: read it, infer kinds and label, hold out splits, fit
            statistics and vocabularies, encode strings, gather the rows of a step
  pyarrow   `pyarrow.csv.read_csv` with its defaults, and nothing else
  batches   tfapp, every batch of an epoch after the first one, including the compilation of the
            graph that gathers them
  pandas    `pandas.read_csv` and a keras.utils.PyDataset that looks up categories and yields
            batches: the time of an epoch, because it has no advantage at the first batch
Prints medians and their ratios, or one JSON object with --json.
"""

import json
import pathlib
import statistics
import tempfile
import time

import command_line
import numpy as np
import pyarrow as pa
import pyarrow.csv

BATCH = 1024
TOWNS = [f"town {i}" for i in range(200)]
KINDS = ["good", "fair", "bad", "unknown"]


def make_table(path, rows):
    """Writes six columns of numbers, three of categories, and a label of two classes."""
    random = np.random.default_rng(0)
    columns = {f"number_{i}": random.normal(100, 30, rows).round(3) for i in range(6)}
    columns["town"] = np.array(TOWNS, object)[random.integers(0, len(TOWNS), rows)]
    columns["kind"] = np.array(KINDS, object)[random.integers(0, len(KINDS), rows)]
    columns["month"] = np.array([f"m{i:02}" for i in range(12)], object)[
        random.integers(0, 12, rows)
    ]
    columns["label"] = np.where(columns["number_0"] > 100, "above", "below")
    pyarrow.csv.write_csv(pa.table(columns), path)


def read_tfapp(path):
    """(function from a step to its batch, number of examples)."""
    from tfapp.data import open_source, preprocessing
    from tfapp.data.pipeline import order
    from tfapp.data.splits.holdout import with_all_splits

    source = with_all_splits(open_source(f"csv:{path}", label="label"), fraction=0.1, seed=0)
    preprocess = preprocessing.fit(source.spec, source.splits["train"])
    train = preprocess.encode_source(source).splits["train"]

    def batch(step):
        indices = order.batch_indices(
            step, num_examples=train.num_examples, batch_size=BATCH, seed=0
        )
        return preprocess(train.fetch(indices))

    return batch, train.num_examples


def time_tfapp(path):
    """(seconds to the first batch, seconds for the rest of the epoch)."""
    import tensorflow as tf

    begin = time.perf_counter()
    batch, examples = read_tfapp(path)
    batch(tf.constant(0, tf.int64))
    first = time.perf_counter() - begin
    begin = time.perf_counter()
    steps = tf.constant(examples // BATCH, tf.int64)

    def add_batch(step, total):  # sums everything, so that nothing is pruned as unused
        values = [tf.reduce_sum(tf.cast(v, tf.float32)) for v in batch(step).values()]
        return step + 1, total + tf.add_n(values)

    @tf.function(autograph=False)
    def epoch():  # in a graph, as in training
        return tf.while_loop(
            lambda step, _: step < steps, add_batch, (tf.constant(1, tf.int64), tf.constant(0.0))
        )

    epoch()
    return first, time.perf_counter() - begin


def time_pyarrow(path):
    begin = time.perf_counter()
    pyarrow.csv.read_csv(path)
    return time.perf_counter() - begin


def time_pandas(path):
    """`pandas.read_csv` and a generator in the style of Keras's guides, for one epoch."""
    import keras
    import pandas

    class Batches(keras.utils.PyDataset):
        def __init__(self, table):
            super().__init__()
            self.table = table
            self.order = np.random.default_rng(0).permutation(len(table))
            self.names = {
                name: {value: i for i, value in enumerate(sorted(table[name].unique()))}
                for name in ("town", "kind", "month", "label")
            }

        def __len__(self):
            return len(self.table) // BATCH

        def __getitem__(self, index):
            rows = self.table.iloc[self.order[index * BATCH : (index + 1) * BATCH]]
            numbers = rows[[f"number_{i}" for i in range(6)]].to_numpy(np.float32)
            ids = [
                np.array([ids[v] for v in rows[name]], np.int32) for name, ids in self.names.items()
            ]
            return {"numbers": numbers, "ids": np.stack(ids[:3], -1)}, ids[3]

    begin = time.perf_counter()
    batches = Batches(pandas.read_csv(path))
    for index in range(len(batches)):
        batches[index]
    return time.perf_counter() - begin


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--rows", type=command_line.above_zero(int), default=1_000_000)
    parser.add_argument("--rounds", type=command_line.above_zero(int), default=3)
    parser.add_argument("--pandas", action="store_true", help="measure pandas too")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.pandas:
        command_line.needs("pandas")
    times = {"tfapp": [], "pyarrow": [], "batches": [], "pandas": []}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "table.csv")
        make_table(path, 2000)
        time_tfapp(path)  # imports and warms up
        make_table(path, args.rows)
        time_pyarrow(path)  # fills the page cache
        for _ in range(args.rounds):
            first, rest = time_tfapp(path)
            times["tfapp"].append(first)
            times["batches"].append(rest)
            times["pyarrow"].append(time_pyarrow(path))
            if args.pandas:
                times["pandas"].append(time_pandas(path))
    report(args, {name: statistics.median(values) for name, values in times.items() if values})


def report(args, medians):
    """Prints medians in seconds and their ratios."""
    ratios = {"first batch / pyarrow": medians["tfapp"] / medians["pyarrow"]}
    if "pandas" in medians:
        whole = medians["tfapp"] + medians["batches"]
        ratios["pandas / tfapp, one epoch"] = medians["pandas"] / whole
    if args.json:
        print(json.dumps({"rows": args.rows, "seconds": medians, "ratios": ratios}))
        return
    for name, seconds in medians.items():
        print(f"{name:<28} {seconds:8.3f} s")
    for name, ratio in ratios.items():
        print(f"{name:<28} {ratio:8.2f}")


if __name__ == "__main__":
    main()
