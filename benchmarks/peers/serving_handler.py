"""A plain FastAPI handler, as one writes it: it calls model.predict, or the SavedModel.

    python benchmarks/peers/serving_handler.py saved_model --export=RUN/export/1 --port=8600 \
        --images=images.npy --expected=expected.npy

The Keras model is that of the default run, 64-128-10, with the run's weights. Before it listens,
it writes its own answers for --images, without HTTP, to --expected.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import fastapi
import keras
import numpy as np
import pydantic
import tensorflow as tf
import uvicorn


class Body(pydantic.BaseModel):
    """The request."""

    instances: list[list[list[list[int]]]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("predict", "saved_model"))
    for name in ("export", "images", "expected"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, required=True)
    flags = parser.parse_args()
    loaded = tf.saved_model.load(flags.export)
    answer = _predict(loaded) if flags.kind == "predict" else _saved_model(loaded)
    images = np.load(flags.images)
    np.save(flags.expected, answer(images))
    answer(images[:1])  # the size that requests have
    app = fastapi.FastAPI()

    @app.post("/predict")
    async def predict(body: Body):
        return {"probabilities": answer(np.array(body.instances, np.uint8)).tolist()}

    uvicorn.run(app, port=flags.port, log_level="error", access_log=False)


def _saved_model(loaded):
    serve = loaded.signatures["serving_default"]
    return lambda images: serve(image=tf.constant(images))["probabilities"].numpy()


def _predict(loaded):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 16),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.set_weights([weight.numpy() for weight in loaded.trainable_weights])
    return lambda images: model.predict(images, verbose=0)


if __name__ == "__main__":
    main()
