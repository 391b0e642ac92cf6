# Helpers of the tests of klog-check.  A file begins with: load check
#
# Both kinds of topic have batches of 5 records of 10 bytes behind a header of
# 61: 111 bytes each, "v00" to "v19", 222 bytes a segment.

load consume

S0=00000000000000000000
S10=00000000000000000010
export S0 S10

# still: topic "t" as Kafka leaves it, without a state: segments 0 and 10 of
# two batches each, one epoch a segment.
still() {
	python '
log = Log()
for i in range(4):
    if i == 2:
        log.roll()
    log.add(encode_batch([rec(n, "v%02d" % n, T)
                          for n in range(5 * i, 5 * i + 5)], epoch=i // 2))
write_topic("t", [log], index_interval_bytes=100)'
}

# live: topic "t" by klog-produce, 4 batches in one segment, the state valid.
live() {
	local i

	for i in 0 5 10 15; do
		seq -f 'v%02g' "$i" $((i + 4)) | klog-produce -z none \
		    --create -t 2026-11-22T10:00:00Z t || return 1
	done
	[ "$(stat -c %s t/0/$S0.log)" -eq 444 ]
}

# check ARGUMENT...: run3 klog-check, for 60 s at most; $T is left out of what
# it prints, times in names of files are TIME.
check() {
	run3 timeout 60 klog-check "$@"
	sed -i -E "s,$T/,,g; s/\\.[0-9]{13}\\>/.TIME/g" "$OUT" "$ERR"
	out=$(cat "$OUT")
	err=$(cat "$ERR")
	export err
}

# finds TEXT KINDS [N]: klog-check t prints TEXT, N (1) problems, and that
# KINDS mend them.
finds() {
	local n=${3:-1} s=s

	[ "$n" -ne 1 ] || s=
	check t
	is_status 4 && is_out "$1" && is_err \
	    "klog-check: t: $n problem$s; to mend: --repair=$2"
}

# good: klog-check --deep t finds nothing.
good() {
	check -q --deep t
	is_status 0 && is_out '' && is_err ''
}

# mends TEXT ARGUMENT...: after what was found klog-check ARGUMENT prints TEXT
# and how good all is; then all is good.
mends() {
	local before last

	check t
	before=$out
	check "${@:2}" t
	is_status 0 && is_err '' || return 1
	last=$(tail -n 1 "$OUT")
	[[ $last == 't: good: '* ]] || return 1
	sed -i '$d' "$OUT"
	is_out "$before${1:+$'\n'$1}" && good
}

# poke FILE POSITION HEX: these bytes there.
poke() {
	python '
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2]))
    f.write(bytes.fromhex(sys.argv[3]))' "$@"
}

# values LIST...: "OFFSET vOFFSET" of each, as show prints them.
values() {
	local n

	for n in $(printf '%s\n' "$@" | sed -E 's/(.*)-(.*)/seq \1 \2/e'); do
		printf '%d v%02d\n' "$n" "$n"
	done
}

# holds LIST...: klog-consume prints the records of these offsets, such as
# 0-4 10-19, and nothing on stderr.
holds() {
	prints "$(values "$@")" -F '%o %s\n' t
}

# taken FILE FROM SIZE FILE2: FILE2 holds just these bytes of FILE.
taken() {
	tail -c +$(($2 + 1)) "$1" | head -c "$3" | cmp - "$4"
}
