# tfapp in a container:  docker build -t tfapp .  &&  docker run --rm --gpus all tfapp
# See docs/container.md.
ARG BASE_IMAGE=tensorflow/tensorflow:latest-gpu
# The user chooses the base and may pin it by digest: --build-arg BASE_IMAGE=...@sha256:...
# hadolint ignore=DL3006
FROM ${BASE_IMAGE}

# image: keep the TensorFlow of the base image.
# and-cuda: use tensorflow[and-cuda] of requirements-cuda.lock instead, with its own CUDA libraries:
#   for a base whose libraries are incomplete, or that has no TensorFlow (python:3.12).
ARG TENSORFLOW=image

# An arbitrary --user has no entry in /etc/passwd: programs find its name and home here.
ENV HOME=/home/tfapp \
    USER=tfapp \
    LOGNAME=tfapp \
    TFDS_DATA_DIR=/data \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    container=oci

# As in /tmp, any user may write there, but not remove the files of others. A folder mounted on /work
# hides the links, so that runs/ and data/ are then the ones in that folder.
RUN mkdir -p /app /work /home/tfapp /data /runs \
    && chmod 1777 /work /home/tfapp /data /runs \
    && ln -s /runs /work/runs \
    && ln -s /data /work/data

# In a virtual environment, the packages of the base are visible, and none is replaced or removed,
# whether pip or the distribution installed it.
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
        echo "this base has no TensorFlow that works: add --build-arg TENSORFLOW=and-cuda" >&2; exit 1; }; }
ENV PATH=/opt/tfapp/bin:${PATH}

VOLUME ["/data", "/runs"]
WORKDIR /work
USER 1000:1000

# Python is process 1 and handles the signal: it saves a checkpoint and exits with 143.
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "/app/main.py"]
HEALTHCHECK --interval=60s --timeout=30s --start-period=120s --retries=5 \
    CMD ["python", "/app/healthcheck.py"]
LABEL org.opencontainers.image.title="tfapp" \
      org.opencontainers.image.description="Trains a Keras model on your data and hands over a model that serves" \
      org.opencontainers.image.licenses="Apache-2.0"

# The code comes last, so that a code change rebuilds only these layers.
COPY --chmod=755 deploy/healthcheck.py main.py setup.cfg LICENSE /app/
COPY --chmod=755 tfapp /app/tfapp
