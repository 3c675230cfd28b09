"""What the server counts, for Prometheus."""

import prometheus_client as prometheus

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """Counters of one server, in a registry of its own."""

    def __init__(self):
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        self._requests = prometheus.Counter(
            "tfapp_requests", "Requests, by what they ask for and the status of the answer.",
            ["request", "status"], registry=self._registry,
        )  # fmt: skip
        self._seconds = prometheus.Histogram(
            "tfapp_request_seconds", "From a request's headers to its answer.",
            ["request"], buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        powers = [2**i for i in range(11)]
        self._examples = prometheus.Histogram(
            "tfapp_batch_examples", "Examples in a call of the model, before they are padded.",
            buckets=powers, registry=self._registry,
        )  # fmt: skip
        self._joined = prometheus.Histogram(
            "tfapp_batch_requests", "Requests in a call of the model.",
            buckets=powers, registry=self._registry,
        )  # fmt: skip
        self._pending = prometheus.Gauge(
            "tfapp_pending_requests", "Requests that are read, wait or are answered.",
            registry=self._registry,
        )  # fmt: skip
        self._version = prometheus.Gauge(
            "tfapp_model_version", "Version that is served.", registry=self._registry
        )
        self._by_request = {}  # what a label stands for, found once

    def answered(self, request, status, seconds):
        """Counts an answer."""
        key = (request, status)
        if key not in self._by_request:
            counter = self._requests.labels(request, str(status))
            self._by_request[key] = counter, self._seconds.labels(request)
        counter, histogram = self._by_request[key]
        counter.inc()
        histogram.observe(seconds)

    def batch(self, examples, requests):
        """Counts a call of the model."""
        self._examples.observe(examples)
        self._joined.observe(requests)

    def pending(self, count):
        """Records how many requests are being answered."""
        self._pending.set(count)

    def version(self, number):
        """Records which version is served."""
        self._version.set(number)

    def text(self):
        """(content type, bytes) of all of them."""
        return prometheus.CONTENT_TYPE_LATEST, prometheus.generate_latest(self._registry)
