"""Calls that may hang for ever, as those over a link that is cut do, with an end in time."""

import queue
import threading


class BoundedCalls:
    """Makes calls, one after the other, in a thread that can be left behind.

    One thread serves all calls until one of them does not return in time.
    """

    def __init__(self):
        self._start()

    def __call__(self, function, *args, seconds):
        """`function(*args)`; what it raises is raised here.

        Raises:
          TimeoutError: it has not returned after so many seconds.
        """
        self._calls.put((function, args))
        try:
            result, error = self._results.get(timeout=seconds)
        except queue.Empty:
            self._start()
            raise TimeoutError(f"no answer in {seconds:.0f} s") from None
        if error is not None:
            raise error
        return result

    def _start(self):
        self._calls, self._results = queue.SimpleQueue(), queue.SimpleQueue()
        thread = threading.Thread(target=_serve, args=(self._calls, self._results), daemon=True)
        thread.start()


def _serve(calls, results):
    while True:
        function, args = calls.get()
        try:
            results.put((function(*args), None))
        except Exception as error:
            results.put((None, error))
