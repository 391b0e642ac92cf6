# Helpers of the command tests.  A file begins with: load helper
#
# Every test has a private folder $T, is in it, finds topics under it
# ($KLOG_DIR) and the programs first in PATH.  $T goes at the end.
#
#	run3 klog-topic list
#	is_status 0
#	is_out 'orders'
#	is_err ''

KLOG_TOP=${KLOG_TOP:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
KLOG_BIN=${KLOG_BIN:-$KLOG_TOP/build/bin}
export KLOG_TOP KLOG_BIN

# What is traced can't be searched for leaks.
strace() {
	ASAN_OPTIONS=detect_leaks=0 command strace "$@"
}

# A file that has a setup of its own calls this first.
helper_setup() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/klog-test.XXXXXXXX")
	cd "$T" || return 1
	unset KLOG_RSH KLOG_ACKS KLOG_COMPRESSION NO_COLOR
	export T KLOG_DIR=$T PATH=$KLOG_BIN:$PATH LC_ALL=C.UTF-8 TZ=UTC
	mkdir "$T/.run3"
}

# With its background jobs, a process $stray that is no child, and a file
# system that it had at $T/small.
helper_teardown() {
	local p

	for p in $(jobs -pr; jobs -ps) ${stray:-}; do
		{ kill -KILL "$p"; wait "$p"; } 2>/dev/null || :
	done
	! mountpoint -q "$T/small" || umount "$T/small"
	cd / && rm -rf "$T"
}

# ends STATUS: the background process $pid does, with that status.
ends() {
	local code=0

	wait "$pid" || code=$?
	pid=
	[ "$code" -eq "$1" ] && return 0
	echo "status $code, not $1"
	cat err
	return 1
}

# unprivileged COMMAND...: as nobody.  Anyone can reach $T then.
unprivileged() {
	chmod 755 "$T"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# on_terminal TEXT COMMAND...: TEXT is typed; its output to the terminal, and
# its status.
on_terminal() {
	python3 - "$@" <<-'PY'
		import os, pty, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[2], sys.argv[2:])
		os.write(fd, sys.argv[1].encode())
		try:
		    while True:
		        data = os.read(fd, 4096)
		        if not data:
		            break
		        sys.stdout.write(data.decode())
		except OSError:
		    pass
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	PY
}

setup() {
	helper_setup
}

teardown() {
	helper_teardown
}

# run3 COMMAND...: its stdout in $out and file $OUT, stderr in $err and file
# $ERR, exit status in $status.  Never fails itself.  The files hold the
# exact bytes; the variables lack trailing newlines and NULs.
run3() {
	OUT=$T/.run3/out
	ERR=$T/.run3/err
	status=0
	"$@" >"$OUT" 2>"$ERR" || status=$?
	out=$(tr -d '\0' <"$OUT")
	err=$(tr -d '\0' <"$ERR")
	# For a test that looks at them.
	export out err status OUT ERR
}

# same NAME FILE TEXT: FILE holds just TEXT (and a newline if TEXT has any).
same() {
	local want=$T/.run3/want

	if [ -n "$3" ]; then
		printf '%s\n' "$3" >"$want"
	else
		: >"$want"
	fi
	cmp -s "$want" "$2" && return 0
	echo "$1 is not what was expected (-expected, +got); status $status:"
	diff -u --label expected --label got "$want" "$2" | cat -A
	[ "$1" != stdout ] || [ ! -s "$ERR" ] || sed 's/^/stderr: /' "$ERR"
	return 1
}

# is_out TEXT, is_err TEXT: exactly TEXT, all lines ended by a newline.
is_out() {
	same stdout "$OUT" "$1"
}

is_err() {
	same stderr "$ERR" "$1"
}

# out_like RE, err_like RE: matches the extended regular expression.
out_like() {
	[[ $out =~ $1 ]] && return 0
	printf 'stdout does not match %s:\n%s\n' "$1" "$out"
	return 1
}

err_like() {
	[[ $err =~ $1 ]] && return 0
	printf 'stderr does not match %s:\n%s\n' "$1" "$err"
	return 1
}

is_status() {
	[ "$status" -eq "$1" ] && return 0
	echo "status is $status, not $1"
	sed 's/^/stderr: /' "$ERR"
	return 1
}

# until_true COMMAND...: try until it succeeds; after 20 s give up.
until_true() {
	local end=$((SECONDS + 20))

	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "never became true: $*"
			return 1
		fi
		sleep 0.01
	done
}
