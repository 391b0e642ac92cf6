#!/bin/bash
# Run a command for each new record that matches, as soon as it is there.
#
#	alerts.sh TOPIC RE [klog-consume option...]
#
# The line that ALERT gets as its last argument has place, time and value.
# Without ALERT it goes to the system's log.  More options choose what is
# read: "-o start" what is there already, "-n 1" ends after the first.
set -uo pipefail
topic=${1:?usage: alerts.sh TOPIC RE [klog-consume option...]}
re=${2:?usage: alerts.sh TOPIC RE [klog-consume option...]}
shift 2
read -ra alert <<<"${ALERT:-logger -t klog -p user.warning --}"

klog-consume -f -o end -e "$re" -F '%t/%p/%o %d %s\0' "$@" "$topic" |
    while IFS= read -r -d '' line; do
	"${alert[@]}" "$line" </dev/null || echo "alerts.sh: lost: $line" >&2
    done
