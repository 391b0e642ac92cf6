#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2016
# klog-consume: which records are printed, and in which order.

load consume

# All values of holed, in order.
ALL=$'a\nb\nc\nd\ne\nf\ng\nh\ni'

@test "--help, --version; no operand" {
	consume --help
	is_status 0
	is_err ''
	out_like '^usage: klog-consume \[options\] TOPIC\.\.\.'
	consume --version
	is_status 0
	out_like '^klog-consume \(klog\) [0-9.]+$'
	refused 'TOPIC is missing'
	refused 'unknown option --frob' --frob t
}

# ---- -o ----

@test "-o: start and end" {
	holed
	prints "$ALL" h
	prints "$ALL" -o start h
	prints '' -o end h
	prints "$ALL" -o start:end h
}

@test "-o: offsets, in holes and behind the end too" {
	holed
	prints "$ALL" -o 0 h
	prints $'d\ne\nf\ng\nh\ni' -o 3 h
	prints $'e\nf\ng\nh\ni' -o 4 h
	prints $'h\ni' -o 13 h
	prints $'h\ni' -o 17 h
	prints i -o 22 h
	prints '' -o 23 h
	prints '' -o 100 h
	prints '' -o 9223372036854775807 h
}

@test "-o A:B, the end exclusive, either side left out or a word" {
	holed
	prints $'b\nc' -o 1:3 h
	prints $'d\ne' -o 3:11 h
	prints '' -o 4:10 h
	prints '' -o 2:2 h
	prints '' -o 13:21 h
	prints h -o 13:22 h
	prints $'a\nb\nc\nd\ne' -o :11 h
	prints $'a\nb' -o start:2 h
	prints $'h\ni' -o 13:end h
	prints "$ALL" -o :9223372036854775807 h
}

@test "-o +N counts offsets after the start, -N records before the end" {
	holed
	prints "$ALL" -o +0 h
	prints $'e\nf\ng\nh\ni' -o +4 h
	prints $'g\nh\ni' -o +12 h
	prints '' -o +9223372036854775807 h
	prints '' -o -0 h
	prints i -o -1 h
	prints $'h\ni' -o -2 h
	prints $'g\nh\ni' -o -3 h
	prints $'d\ne\nf\ng\nh\ni' -o -6 h
	prints "$ALL" -o -9 h
	prints "$ALL" -o -100 h
}

@test "-o -N is of each partition, -n of all" {
	numbers t 3 10
	consume -o -1 t
	is_status 0
	[ "$(sort -n <<<"$out" | paste -sd' ')" = '8 9 10' ]
	consume -o -2 -n 4 t
	is_status 0
	[ "$(wc -l <"$OUT")" -eq 4 ]
}

@test "-o @T: the first record, by offset, whose time is not earlier" {
	holed
	prints "$ALL" -o @1795341600 h
	prints $'c\nd\ne\nf\ng\nh\ni' -o @1795341601001 h
	prints $'e\nf\ng\nh\ni' -o @2026-11-22T10:00:04Z h
	prints $'h\ni' -o @2026-11-22T10:00:13Z h
	prints $'h\ni' -o @2026-11-22T10:00:13Z:end h
	prints $'c\nd' -o @2026-11-22T10:00:02Z:2026-11-22T10:00:10Z h
	prints $'c\nd' -o @1795341602:1795341610 h
	prints '' -o @2026-11-22T10:00:23Z h
	prints '' -o @2037-01-01 h
	prints "$ALL" -o @2000-01-01:2037-01-01 h
}

@test "-o @T with local times" {
	holed
	TZ=Asia/Kolkata prints $'h\ni' -o @2026-11-22T15:30:13 h
	TZ=Asia/Kolkata prints $'f\ng' \
		-o '@2026-11-22 15:30:11:2026-11-22 15:30:13' h
}

@test "-o @T: records out of time order are found as Kafka finds them" {
	python '
log = Log()
for ts, v in (10, "a"), (30, "b"), (20, "c"), (40, "d"):
    log.add(encode_batch([rec(log.next, v, T + ts)]))
write_topic("t", [log])'
	prints $'b\nc\nd' -o @$((T0 + 20)) t
	prints a -o "@$T0:$((T0 + 25))" t
}

@test "--since and --until are -o @ in words" {
	holed
	prints $'h\ni' --since 2026-11-22T10:00:13Z h
	prints $'a\nb' --until 2026-11-22T10:00:02Z h
	prints b --since $((T0 + 1000)) --until 2026-11-22T10:00:02Z h
	seq 3 | klog-produce --create new
	prints $'1\n2\n3' --since -1h new
	prints '' --until -1h new
	prints $'1\n2\n3' --since yesterday new
	refused '--since: "soon" is not a time such as 2026-11-22T10:00, today, -2h, +7d or epoch milliseconds' \
		--since soon h
}

@test "-o: what is not a range is refused with the grammar" {
	local spec

	holed
	for spec in '' begining 0x10 1.5 -1:5 1:-5 +1:5 1:+5 : 5: ' 1' '1 ' @ \
		@soon @now:soon +-1 -+1 --1 99999999999999999999 1k end:start \
		@2026-02-30 2026-11-22; do
		refused "-o: \"$spec\" is not a range: start, end, N, A:B, :B, N:end, +N, -N, @T, @T1:T2 or @T:end" \
			-o "$spec" h
	done
	refused '-o: "7:3" ends before it starts' -o 7:3 h
	refused '-o: "@2026-11-23:2026-11-22" ends before it starts' \
		-o @2026-11-23:2026-11-22 h
}

@test "a start before the log's start: told once, and read from there" {
	seq 9 | klog-produce --create t
	printf '4\n' >t/0/log-start-offset
	prints $'5\n6\n7\n8\n9' t
	prints $'6\n7\n8\n9' -o +1 t
	consume -o 2:6 t
	is_status 0
	is_out $'5\n6'
	is_err "klog-consume: $T/t/0: skipped 2 offsets that are gone, going on at offset 4"
	consume -q -o 2:6 t
	is_err ''
	is_out $'5\n6'
}

# ---- pinned ends ----

@test "records that come while reading are not printed" {
	seq -f 'before %.0f' 30000 | klog-produce --create --batch-bytes 4k t
	mkfifo pipe
	timeout 60 klog-consume t >pipe &
	exec 9<pipe
	read -r first <&9
	[ "$first" = 'before 1' ]
	seq -f 'after %.0f' 1000 | klog-produce t
	{ echo "$first"; cat <&9; } >got
	wait $!
	seq -f 'before %.0f' 30000 | cmp - got
}

# ---- how many, which ----

@test "-n" {
	holed
	prints $'a\nb\nc' -n 3 h
	prints "$ALL" -n 100 h
	prints '' -n 0 h
	prints $'f\ng' -o 11 -n 2 h
	refused '-n: "x" is not a number from 0 on' -n x h
	refused '-n: "-1" is not a number from 0 on' -n -1 h
}

@test "-p" {
	numbers t 3 9
	prints $'1\n4\n7' -p 0 t
	prints $'3\n6\n9' -p 2 t
	consume -p 0,2 t
	[ "$(sort -n <<<"$out" | paste -sd' ')" = '1 3 4 6 7 9' ]
	consume -p 1-2,2 t
	[ "$(sort -n <<<"$out" | paste -sd' ')" = '2 3 5 6 8 9' ]
	refused "-p: $T/t has partitions 0 to 2" -p 3 t
	refused '-p: "1-" is not a list of partitions such as 0,2,5-7' -p 1- t
	refused '-p: "a" is not a list of partitions such as 0,2,5-7' -p a t
}

@test "all records of all partitions, order kept within each" {
	seq 20000 | klog-produce --create --partitions 7 \
		--partitioner roundrobin --batch-bytes 2k t
	klog-consume -F '%p %o %s\n' t >got
	cut -d' ' -f3 got | sort -n | cmp - <(seq 20000)
	for p in 0 1 2 3 4 5 6; do
		grep "^$p " got | cut -d' ' -f2 |
			awk '$1 != n++ { exit 1 } END { exit n == 0 }'
	done
}

@test "several topics" {
	numbers a 1 3
	numbers b 2 4
	consume -F '%t %s\n' a b
	is_status 0
	[ "$(sort "$OUT" | paste -sd,)" = 'a 1,a 2,a 3,b 1,b 2,b 3,b 4' ]
	consume -c a b
	is_out 7
}

@test "topics by path and --dir" {
	mkdir sub
	(cd sub && numbers t 1 2)
	prints $'1\n2' ./sub/t
	prints $'1\n2' "$T/sub/t"
	prints $'1\n2' --dir sub t
	KLOG_DIR=sub prints $'1\n2' t
}

@test "-k reads the partition the key hashes to, and only that" {
	seq 60 | sed 's/.*/k&:v&/' | klog-produce -K : --create --partitions 5 t
	for i in 1 17 42 60; do
		prints "v$i" -k "k$i" t
	done
	prints '' -k nobody t
	prints '' -k '' t
	# Elsewhere it is only found with -p.
	echo elsewhere | klog-produce -k k1 -p 0 t
	echo elsewhere | klog-produce -k k1 -p 1 t
	consume -k k1 t
	[ "$(grep -c . "$OUT")" -le 2 ]
	consume -k k1 -p 0-4 -F '%s\n' t
	[ "$(sort "$OUT" | paste -sd' ')" = 'elsewhere elsewhere v1' ]
	# What lies in the others is not looked at.
	python '
import kafkalog
home = [p for p, segments in enumerate(kafkalog.read_topic("t"))
        for b in kafkalog.batches_of(segments) for r in b.records
        if r.key == b"k42" ][0]
for p in range(5):
    if p != home:
        os.rename("t/%d" % p, "gone-%d" % p)'
	prints v42 -k k42 t
}

@test "-k: an empty key and a null one differ" {
	printf ':empty\nnull\nx:full\n' | klog-produce -K : --create t
	prints empty -k '' t
	prints full -k x t
}

@test "-e" {
	printf '%s\n' apple banana cherry 'café' '' | klog-produce --create t
	prints $'banana\ncherry' -e '^(b|c.*y$)' t
	prints 'café' -e 'f.{2}$' t
	prints $'apple\nbanana\ncherry\ncafé\n' -e '' t
	prints '' -e xyz t
	prints banana -e '(an)\1' t
	printf 'a\0b' | klog-produce --whole t
	consume -c -e 'a\x00b' t
	is_out 1
	refused '-e: "(": column 2: missing closing parenthesis' -e '(' t
}

@test "-e does not match null" {
	printf 'k:\nk:x\n' | klog-produce -Z -K : --create t
	consume -c -e '' t
	is_out 1
	consume -c t
	is_out 2
}

@test "-e on bytes that are not UTF-8; -e that never ends" {
	printf 'a\377z\n' | klog-produce --create t
	consume -c -e 'a\xffz' t
	is_out 1
	printf '%0100d\n' 0 | tr 0 a | klog-produce --create u
	consume -e '^(a+)+[bc]$' u
	is_status 3
	is_out ''
	err_like '^klog-consume: -e: matching failed at offset 0'
}

@test "--header" {
	echo one | klog-produce --create -H a=1 t
	echo two | klog-produce -H a=2 -H b=x=y t
	echo three | klog-produce -H a -H a=1 t
	echo four | klog-produce t
	prints $'one\ntwo\nthree' --header a t
	prints $'one\nthree' --header a=1 t
	prints two --header b=x=y t
	prints two --header a --header b t
	prints '' --header a=1 --header a=2 t
	prints '' --header a= t
	prints '' --header c t
}

@test "-c" {
	holed
	numbers t 3 10
	prints 9 -c h
	prints 3 -c -o 10:13 h
	prints 4 -c -n 4 h
	prints 0 -c -o end h
	prints 10 -c t
	prints 2 -c -e '^1' t
	prints 5 -c --last 5 t
	prints 9 -c --reverse h
	prints 9 -c --merge h
}

@test "--fail-empty" {
	holed
	consume --fail-empty h
	is_status 0
	is_out "$ALL"
	consume --fail-empty -o end h
	is_status 1
	is_out ''
	is_err ''
	consume --fail-empty -c -e nothing h
	is_status 1
	is_out 0
	consume --fail-empty --whole d -o end h
	is_status 1
}

@test "the log has a thousand segments" {
	klog-produce --create t </dev/null
	python '
log = Log()
for i in range(1000):
    batch(log, str(i))
    log.roll()
batch(log, "last")
log.write("new")'
	mv t/0 old && mv new t/0
	{ seq 0 999 && echo last; } >want
	consume t
	is_status 0
	cmp want "$OUT"
	prints $'998\n999\nlast' -o 998 t
	prints $'998\n999\nlast' -o -3 t
	prints '500' -o 500:501 t
	prints $'last\n999' --reverse -n 2 t
}
