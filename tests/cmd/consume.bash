# Helpers of the tests of klog-consume.  A file begins with: load consume
#
# Topics are made by tests/interop/kafkawrite.py or klog-produce; what is
# expected is written out, or comes from coreutils, jq or kafkalog.py.

bats_require_minimum_version 1.5.0
load helper

T0=1795341600000		# 2026-11-22T10:00:00Z
LOG=00000000000000000000.log
export T0 LOG

# python CODE ARGUMENT...: with the modules of tests/interop, and a few words:
# rec(offset, value) made at T0 + offset seconds; batch(log, values...) adds a
# batch; raw does, whatever is in it.
python() {
	PYTHONPATH=$KLOG_TOP/tests/interop PYTHONDONTWRITEBYTECODE=1 \
		python3 -c "
import gzip, os, sys
import kafkalog
from kafkalog import Record
from kafkawrite import Log, encode_batch, encode_marker, write_topic
T = $T0
def rec(offset, value, ts=None, key=None, headers=()):
    if isinstance(value, str):
        value = value.encode()
    return Record(offset, T + offset * 1000 if ts is None else ts, key,
                  value, list(headers))
def batch(log, *values, **more):
    log.add(encode_batch([rec(log.next + i, v)
                          for i, v in enumerate(values)], **more))
def raw(log, *values, **more):
    log.segments[-1][1].extend(encode_batch(
        [rec(log.next + i, v) for i, v in enumerate(values)], **more))
    log.next += len(values)
$1" "${@:2}"
}

# holed: topic "h", one partition, what Kafka may leave.
# Segment 0: offsets 0-3 "a".."d"; a hole of 6; 10-12 "e".."g" with last offset
# 14 (compaction took 13 and 14); an empty batch 15-19; segment 20: a commit
# marker at 20; 21 "h", 22 "i" (gzip).  Times: T0 + offset seconds.
holed() {
	python '
log = Log()
batch(log, "a", "b", "c", "d")
log.skip(6)
log.add(encode_batch([rec(10, "e"), rec(11, "f"), rec(12, "g")], last=14))
log.add(encode_batch([], base=15, last=19, max_ts=T))
log.roll()
log.commit(7, 0, T + 20000)
batch(log, "h", "i", codec=1)
write_topic("h", [log])'
	# Only where something compacts are such holes no damage.
	echo cleanup.policy=compact >>h/topic.conf
}

# numbers TOPIC PARTITIONS N: values 1 to N, round robin, batches of one each
# second from T0 on, so that the order of times is that of the values.
numbers() {
	python '
topic, parts, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
logs = [Log() for _ in range(parts)]
for i in range(n):
    log = logs[i % parts]
    log.add(encode_batch([rec(log.next, str(i + 1), T + i * 1000)]))
write_topic(topic, logs)' "$@"
}

# consume ARGUMENT...: run3 klog-consume, for 60 s at most.
consume() {
	run3 timeout 60 klog-consume "$@"
}

# prints TEXT ARGUMENT...: klog-consume prints just TEXT, nothing on stderr.
prints() {
	consume "${@:2}"
	is_status 0 && is_err '' && is_out "$1"
}

# refused ERROR ARGUMENT...: status 2, the error, then the usage.
refused() {
	consume "${@:2}"
	is_status 2 && is_out '' && is_err "klog-consume: $1
usage: klog-consume [options] TOPIC..."
}

# committed TOPIC GROUP PARTITION: its committed offset, or "-".
committed() {
	python3 - "$1/groups/$2/offsets/$3" <<'EOF'
import os, sys
best = None
if os.path.exists(sys.argv[1]):
    for block in open(sys.argv[1], 'rb').read().decode().split('\n'):
        fields = block.strip('\0').split()
        if len(fields) == 5:
            best = max(best or [-1], [int(fields[3]), int(fields[0])])
print(best[1] if best else '-')
EOF
}

# is_committed OFFSET TOPIC GROUP [PARTITION]
is_committed() {
	local got

	got=$(committed "$2" "$3" "${4:-0}")
	[ "$got" = "$1" ] || { echo "committed is $got, not $1"; return 1; }
}
