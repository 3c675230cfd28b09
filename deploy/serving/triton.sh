#!/bin/bash
# Makes a model repository for Triton of a run's exports: deploy/serving/triton.sh RUN REPOSITORY
#
#   deploy/serving/triton.sh runs/digits-mlp-1 models
#   docker run --rm -p 127.0.0.1:8000:8000 -v "$PWD/models:/models:ro" \
#       nvcr.io/nvidia/tritonserver:25.02-tf2-python-py3 tritonserver --model-repository=/models
#
# Its TensorFlow backend reads names, types and shapes from the SavedModel, so the configuration
# only has what Triton cannot know: that batches may have any size, and how long to wait for one.
# 25.02 is the last release of Triton with that backend; the ONNX backend of later ones reads what
# --export=onnx writes, which takes encoded features. A repository has every version that is there
# when this runs.
set -euo pipefail

if [ $# -ne 2 ] || ! ls -d "$1"/export/[0-9]* >/dev/null 2>&1; then
    echo "usage: $0 RUN REPOSITORY, where RUN/export holds a version" >&2
    exit 2
fi
NAME=$(basename "$(realpath "$1")")
mkdir -p "$2/$NAME"
for version in "$1"/export/[0-9]*; do
    number=$(basename "$version")
    mkdir -p "$2/$NAME/$number"
    cp -r "$version" "$2/$NAME/$number/model.savedmodel"
done
cat >"$2/$NAME/config.pbtxt" <<END
name: "$NAME"
platform: "tensorflow_savedmodel"
max_batch_size: 64
version_policy: { latest: { num_versions: 1 } }
dynamic_batching: { max_queue_delay_microseconds: 2000 }
END
