#!/bin/bash
# Pick records by what is in their JSON values, and put them into another
# topic, with keys, headers and timestamps as they were.
#
#	json-pipeline.sh FROM TO [JQ-CONDITION]
#
# The condition is about the value, for example '.level == "error"', which is
# the default, or '.ms > 500'.  A value that is not JSON does not match.
# Needs jq.
set -euo pipefail
from=${1:?usage: json-pipeline.sh FROM TO [JQ-CONDITION]}
to=${2:?usage: json-pipeline.sh FROM TO [JQ-CONDITION]}
condition=${3:-.level == \"error\"}

klog-consume -J "$from" |
    jq -c "select(try (.value | fromjson | $condition) catch false)" |
    klog-produce -J --create "$to"
