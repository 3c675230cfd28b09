"""Work on several columns at a time: NumPy and Arrow let go of the interpreter while they work."""

from concurrent import futures

from tfapp.runtime.host import cores


def by_name(function, columns):
    """name -> function(name, column), in the order of the dict `columns`."""
    with futures.ThreadPoolExecutor(cores()) as pool:
        results = pool.map(function, columns.keys(), columns.values())
        return dict(zip(columns, results, strict=True))
