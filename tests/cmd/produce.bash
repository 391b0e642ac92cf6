# Helpers of the tests of klog-produce.  A file begins with: load produce
#
# What was stored is read by tests/interop/kafkalog.py, never by klog itself.

bats_require_minimum_version 1.5.0
load helper

# topic NAME PARTITIONS [key=value]...: a new topic with these settings.
topic() {
	klog-produce --create --partitions "$2" "$1" </dev/null || return 1
	[ "$#" -lt 3 ] || printf '%s\n' "${@:3}" >>"$1/topic.conf"
}

# log EXPRESSION TOPIC: print what EXPRESSION yields for each record r in
# batch b of partition p, after checking every byte of the topic.
log() {
	PYTHONPATH=$KLOG_TOP/tests/interop PYTHONDONTWRITEBYTECODE=1 \
		python3 - "$1" "$2" <<-'END'
		import sys
		import kafkalog
		import prim

		def text(data):
		    return "null" if data is None else ascii(data)[1:]

		def headers(r):
		    return " ".join("%s=%s" % (text(n), text(v))
		                    for n, v in r.headers)

		show = compile(sys.argv[1], "EXPRESSION", "eval")
		topic = sys.argv[2]
		count = int(kafkalog.read_conf(topic)["partitions"])
		for p, segments in enumerate(kafkalog.read_topic(topic)):
		    for b in kafkalog.batches_of(segments):
		        for r in b.records:
		            print(eval(show))
	END
}

# stored TOPIC: "PARTITION OFFSET KEY VALUE" of each record.
stored() {
	log 'f"{p} {r.offset} {text(r.key)} {text(r.value)}"' "$1"
}

# is_stored TOPIC TEXT: stored prints just TEXT.
is_stored() {
	stored "$1" >"$T/.run3/stored" || return 1
	same "$1" "$T/.run3/stored" "$2"
}

# is_log EXPRESSION TOPIC TEXT
is_log() {
	log "$1" "$2" >"$T/.run3/stored" || return 1
	same "$1 of $2" "$T/.run3/stored" "$3"
}

# values TOPIC: the values as bytes, one a line, partition by partition.
values() {
	log 'r.value.decode()' "$1"
}

# input TEXT: the file "in" with printf escapes; a test reads it as stdin.
input() {
	# The format is the point: escapes are meant.
	# shellcheck disable=SC2059
	printf "$1" >"$T/in"
}

# produce ARGUMENT...: run3 klog-produce, with the file "in" as stdin.
produce() {
	run3 klog-produce "$@" <"$T/in"
	unexport
}

# What was printed may be too long for the environment of the next command.
unexport() {
	export -n out err
}
