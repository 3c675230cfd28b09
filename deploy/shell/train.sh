#!/usr/bin/env bash
# Trains on several machines, without a scheduler: run it on each of them, with the same flags.
#
#   WORKERS=10.0.0.1:8888,10.0.0.2:8888 WORKER=0 bash train.sh --dataset=digits --model_dir=/shared/run
#
# WORKER is this machine's place in the list, from 0. After a loss (exit code 75, or a signal's) or a
# stop that nobody asked for here (143) the worker is started again and continues from the last
# checkpoint. See README.md in this folder.
set -uo pipefail
# Jobs get process groups of their own: Ctrl-C reaches this script alone, which passes it on once.
set -m

: "${WORKERS:?the workers, as HOST:PORT,HOST:PORT}"
: "${WORKER:?the place of this machine in WORKERS, from 0}"
RESTARTS=${RESTARTS:-20}  # at most
PAUSE=${PAUSE:-10}        # seconds before a restart: the others have to notice the loss, too
PYTHON=${PYTHON:-python}

child=
stopping=
interrupted=

# Lets the worker save and end. A second signal, two seconds later or more, ends it at once.
stop() {
    stopping=yes
    interrupted=yes
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap stop INT TERM HUP

say() {
    printf 'train.sh: worker %s %s\n' "$WORKER" "$1" >&2
}

# run FLAG...: runs the worker; its exit code is in $code.
run() {
    "$PYTHON" -m tfapp --strategy=multi_worker --workers="$WORKERS" --worker="$WORKER" "$@" &
    child=$!
    [ -z "$stopping" ] || stop # a signal that came before there was a worker
    while :; do
        interrupted=
        wait "$child"
        code=$?
        [ -n "$interrupted" ] || break # else a signal has ended the wait, not the worker
    done
    child=
}

for ((restart = 0; ; restart++)); do
    run "$@"
    [ "$code" -ne 0 ] || exit 0
    if [ -n "$stopping" ]; then
        say "stopped with code $code"
        exit "$code"
    fi
    if [ "$code" -ne 75 ] && [ "$code" -le 128 ]; then
        say "ended with code $code, which starting it again would not mend"
        exit "$code"
    fi
    if [ "$restart" -ge "$RESTARTS" ]; then
        say "ended with code $code after $RESTARTS restarts"
        exit "$code"
    fi
    say "ended with code $code: restart $((restart + 1)) of $RESTARTS in $PAUSE s"
    sleep "$PAUSE" &
    wait $!
    [ -z "$stopping" ] || exit 143
done
