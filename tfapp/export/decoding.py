"""Signatures of a language model that keeps what it has read: `prefill` and `decode`.

prefill takes ids, int32 [batch, window], and the position of each context's last token; decode
takes one token more of each, its position, and the cache. Both give the logits of the token that
comes next, and the cache: cache_0, cache_1, ... They need no strings, and their shapes are fixed
but for the batch.
"""

import tensorflow as tf

PREFILL, DECODE = "prefill", "decode"
IDS, POSITIONS, LOGITS, CACHE = "ids", "positions", "logits", "cache_"


def decoding_signatures(servable):
    """Signature -> tf.ConcreteFunction; none for a model without a cache."""
    if not servable.decodes:
        return {}
    (window,) = servable.spec.label.shape
    vector = tf.TensorSpec([None], tf.int32)
    ids = tf.TensorSpec([None, window], tf.int32, name=IDS)
    positions = tf.TensorSpec(vector.shape, vector.dtype, name=POSITIONS)

    def prefill(**arguments):
        logits, cache = servable.read(arguments[IDS])
        return _named(tf.gather(logits, arguments[POSITIONS], batch_dims=1), cache)

    prefill = tf.function(prefill, autograph=False).get_concrete_function(
        **{IDS: ids, POSITIONS: positions}
    )
    cache = {
        name: tf.TensorSpec([None, *spec.shape[1:]], spec.dtype, name=name)
        for name, spec in prefill.structured_outputs.items()
        if name != LOGITS
    }

    def decode(**arguments):
        kept = tuple(arguments[f"{CACHE}{i}"] for i in range(len(cache)))
        return _named(*servable.step(arguments[IDS], arguments[POSITIONS], kept))

    one = tf.TensorSpec(vector.shape, vector.dtype, name=IDS)
    decode = tf.function(decode, autograph=False).get_concrete_function(
        **{IDS: one, POSITIONS: positions, **cache}
    )
    return {PREFILL: prefill, DECODE: decode}


def _named(logits, cache):
    names = {f"{CACHE}{i}": part for i, part in enumerate(cache)}
    return {LOGITS: tf.cast(logits, tf.float32), **names}
