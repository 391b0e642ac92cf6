# Helpers of the tests of klog-replicate.  A file says: load replicate
# shellcheck disable=SC2016 # a shell in a shell

# What is confined can't be searched for leaks: /proc is closed to it.
export ASAN_OPTIONS=detect_leaks=0

# far: KLOG_RSH becomes a shell that runs the command here, as ssh would there.
far() {
	printf '#!/bin/sh\nhost=$1; shift\necho "$host" >>"%s/hosts"\n%s\n' \
	    "$T" 'exec sh -c "exec $*"' >"$T/rsh"
	chmod +x "$T/rsh"
	export KLOG_RSH=$T/rsh
}

# same_logs A B: all .log files of two topics hold the same bytes.
same_logs() {
	local f

	[ -e "$1/0" ] || return 1
	for f in "$1"/[0-9]*/*.log; do
		cmp "$f" "$2${f#"$1"}" || return 1
	done
}

# count_of TOPIC: its records, as a reader sees them.
count_of() {
	klog-consume -c "$1"
}

# has_records TOPIC N
has_records() {
	[ "$(count_of "$1" 2>/dev/null)" = "$2" ]
}

# of KEY: a number of the last line of --json on stdout.
of() {
	tail -n 1 "$OUT" | jq ".$1"
}

# ends PID: it is gone.
ends() {
	! kill -0 "$1" 2>/dev/null
}
