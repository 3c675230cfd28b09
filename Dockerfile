# tfapp in a container:  docker build -t tfapp .  &&  docker run --rm --gpus all tfapp
# See docs/container.md.
ARG BASE_IMAGE=tensorflow/tensorflow:latest-gpu
# The base is the user's to choose and to pin by digest: --build-arg BASE_IMAGE=...@sha256:...
# hadolint ignore=DL3006
FROM ${BASE_IMAGE}

# image: the TensorFlow of the base image stays as it is.
# and-cuda: tensorflow[and-cuda] of requirements-cuda.lock, with CUDA libraries of its own, takes
#   its place: for a base whose libraries are incomplete, or that has no TensorFlow (python:3.12).
ARG TENSORFLOW=image

# Any --user has no entry in /etc/passwd: what asks for a name or a home finds them here.
ENV HOME=/home/tfapp \
    USER=tfapp \
    LOGNAME=tfapp \
    TFDS_DATA_DIR=/data \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    container=oci

# Any user may write there, as in /tmp; nobody may remove what is another's. A folder mounted on
# /work takes the links' place, so that runs/ and data/ are then the ones in that folder.
RUN mkdir -p /app /work /home/tfapp /data /runs \
    && chmod 1777 /work /home/tfapp /data /runs \
    && ln -s /runs /work/runs \
    && ln -s /data /work/data

# A virtual environment: what the base has is seen through it, and nothing of it is replaced or
# removed, whether pip or the distribution has installed it.
COPY deploy/*.lock /app/
RUN --mount=type=cache,target=/root/.cache/pip \
    case "${TENSORFLOW}" in \
        image) lock=requirements.lock; see=--system-site-packages ;; \
        and-cuda) lock=requirements-cuda.lock; see= ;; \
        *) echo "TENSORFLOW=${TENSORFLOW}: must be image or and-cuda" >&2; exit 2 ;; \
    esac \
    && python -m venv --without-pip ${see} /opt/tfapp \
    && python -m pip --python /opt/tfapp/bin/python install --cache-dir /root/.cache/pip \
        --no-deps --require-hashes -r "/app/${lock}" \
    && { /opt/tfapp/bin/python -c 'import tensorflow_datasets, tensorflow' || { \
        echo "no TensorFlow that works in this base: add --build-arg TENSORFLOW=and-cuda" >&2; exit 1; }; }
ENV PATH=/opt/tfapp/bin:${PATH}

VOLUME ["/data", "/runs"]
WORKDIR /work
USER 1000:1000

# Python is process 1 and takes the signal itself: it saves a checkpoint and ends with 143.
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "/app/main.py"]
HEALTHCHECK --interval=60s --timeout=30s --start-period=120s --retries=5 \
    CMD ["python", "/app/healthcheck.py"]
LABEL org.opencontainers.image.title="tfapp" \
      org.opencontainers.image.description="Trains a Keras model on your data and hands over a model that serves" \
      org.opencontainers.image.licenses="Apache-2.0"

# The code last: a change of it rebuilds these layers alone.
COPY --chmod=755 deploy/healthcheck.py main.py setup.cfg LICENSE /app/
COPY --chmod=755 tfapp /app/tfapp
