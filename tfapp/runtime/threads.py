"""Works on several columns at a time in threads: NumPy and Arrow release the GIL."""

from concurrent import futures

from tfapp.runtime.host import cores


def by_name(function, columns):
    """A dict from each name to function(name, column), in the order of the dict `columns`."""
    with futures.ThreadPoolExecutor(cores()) as pool:
        results = pool.map(function, columns.keys(), columns.values())
        return dict(zip(columns, results, strict=True))
