#!/usr/bin/env bats
# klog-check --against: two copies of a topic compared by digests.

load check
load replicate

# made TOPIC TEXT...: each text is a record of the same time.
made() {
	printf '%s\n' "${@:2}" |
		klog-produce --create -z none -t 2026-11-22T10:00:00Z "$1"
}

# tree FOLDER: what would show that something was written in it.
tree() {
	find "$1" -type f -exec stat -c '%n %s %y' {} + | sort
	find "$1" -type f -exec cksum {} + | sort
}

# answers HEX...: KLOG_RSH becomes a far side that says this, whatever it is
# asked, and then waits for the end.
answers() {
	printf '#!/bin/sh\nprintf "%s"\ncat >/dev/null\n' \
	    "klog-replicate 1\\n$(echo "$@" | tr -d ' \t\n' | sed 's/../\\x&/g')" \
	    >"$T/said"
	printf '#!/bin/sh\nexec bash %s/said\n' "$T" >"$T/rsh"
	chmod +x "$T/rsh"
	export KLOG_RSH=$T/rsh
}

@test "the same here and on another host" {
	far
	seq 10 | klog-produce --create -z zstd t
	mkdir copies
	klog-replicate t h:copies/
	check --against h:copies/t t
	is_status 0
	is_out ''
	is_err ''
	check -v --against h:copies/ t
	is_status 0
	is_out 't/0: offsets 0 to 9: same in both (10 records)'
	err_like '^klog-check: h:copies/t: [0-9]+ bytes read here, [0-9]+ bytes moved$'
	check --against copies/t t
	is_status 0
	is_out ''
	is_err ''
	check -v --against ./copies t
	is_out 't/0: offsets 0 to 9: same in both (10 records)'
	grep -qx h "$T/hosts"
}

@test "batches, segments and compression do not count" {
	seq 1000 | klog-produce --create -z none -t 2026-11-22T10:00:00Z t
	klog-topic create -q -c segment.bytes=4096 other
	for i in $(seq 0 99); do
		seq $((i * 10 + 1)) $((i * 10 + 10)) | klog-produce -z gzip \
		    -t 2026-11-22T10:00:00Z other
	done
	[ "$(find other/0 -name '*.log' | wc -l)" -gt 2 ]
	check -v --against other t
	is_status 0
	is_out 't/0: offsets 0 to 999: same in both (1000 records)'
	check -v --against t other
	is_status 0
	is_out 'other/0: offsets 0 to 999: same in both (1000 records)'
}

@test "the first record that differs, in what" {
	made t a b c d e
	made v a b X d Y
	check --against v t
	is_status 1
	is_err ''
	is_out 't/0: offset 2: differs: has the timestamp 1795341600000 here and in v, but not the same content'
	made k a b
	printf 'c\n' | klog-produce -t 2026-11-22T10:00:01Z k
	made k d e
	check --against k t
	is_status 1
	is_err ''
	is_out 't/0: offset 2: differs: has the timestamp 1795341600000 here, 1795341601000 in k'
	# A key, null or empty, and headers.
	made n1 x
	echo ':x' | klog-produce --create -K : -t 2026-11-22T10:00:00Z n2
	check --against n2 n1
	is_status 1
	echo x | klog-produce --create -H a=b -t 2026-11-22T10:00:00Z n3
	check --against n3 n1
	is_status 1
	check --json --against v t
	is_status 1
	is_err ''
	[ "$(head -n 1 "$OUT")" = '{"topic":"t","partition":0,"against":"v","same":false,"from":0,"end":5,"records":2,"compacted":0,"offset":2,"here":{"timestamp":1795341600000},"there":{"timestamp":1795341600000}}' ]
	tail -n 1 "$OUT" | jq -e '.partitions == 1 and .differing == 1'
}

@test "one of them is shorter" {
	made t a b c d e
	made s a b c
	check --against s t
	is_status 1
	is_err ''
	is_out 't/0: s is 2 records behind, and the same up to there (offsets 0 to 2)'
	check --against t s
	is_status 1
	is_err ''
	is_out 's/0: is 2 records behind t, and the same up to there (offsets 0 to 2)'
	check --json --against t s
	head -n 1 "$OUT" >one
	is_status 1
	run3 cat one
	is_out '{"topic":"s","partition":0,"against":"t","same":false,"from":0,"end":3,"records":3,"compacted":0,"behind":"here","by":2}'
	klog-topic create -q e
	check --against e t
	is_status 1
	is_out 't/0: e is 5 records behind, and nothing is in both'
	check -v --against e e
	is_status 0
	is_out 'e/0: same in both (0 records)'
}

@test "where a log starts is no difference" {
	made t a b c d e
	made s a b c d e
	klog-topic trim -o 3 s >/dev/null
	check -v --against s t
	is_status 0
	is_out 't/0: offsets 3 to 4: same in both (2 records)'
	check -v --against t s
	is_status 0
	is_out 's/0: offsets 3 to 4: same in both (2 records)'
	klog-topic trim -o 5 s >/dev/null
	check -v --against t s
	is_status 0
	is_out 's/0: same in both (0 records)'
}

@test "up to the high watermark" {
	made t a b c
	made s a b c
	klog-topic alter -q -c min.insync.replicas=2 s
	echo d | klog-produce --acks 1 s
	[ "$(klog-consume -c s)" = 3 ]
	check -v --against s t
	is_status 0
	is_out 't/0: offsets 0 to 2: same in both (3 records)'
	echo d | klog-produce t
	check --against s t
	is_status 1
	is_out 't/0: s is 1 record behind, and the same up to there (offsets 0 to 2)'
}

# keyed TOPIC: 300 records of 100 keys on a compacted topic, in 3 segments.
keyed() {
	klog-topic create -q -c cleanup.policy=compact -c segment.ms=12h "$1"
	for day in 1 2 3; do
		seq -f "k%g:$day" 0 99 | klog-produce -K : -z none \
		    -t "2026-01-0$day" "$1"
	done
}

@test "compacted on one side, or on both" {
	keyed t
	klog-replicate -q t copies/
	klog-clean -q t
	[ "$(cat t/0/cleaner-checkpoint)" = 200 ]
	check -v --against copies/ t
	is_status 0
	is_out 't/0: offsets 0 to 299: same in both (200 records; 100 in one, compacted in the other)'
	check -v --against t copies/t
	is_status 0
	is_out 'copies/t/0: offsets 0 to 299: same in both (200 records; 100 in one, compacted in the other)'
	klog-clean -q copies/t
	check -v --against copies/ t
	is_status 0
	is_out 't/0: offsets 0 to 299: same in both (200 records)'
	# What is not said to be compacted is missing.
	keyed u
	echo 50 >t/0/cleaner-checkpoint
	check --against u t
	is_status 1
	is_out 't/0: offset 50: is missing here, has the timestamp 1767225600000 in u'
	check --against t u
	is_status 1
	is_out 'u/0: offset 50: has the timestamp 1767225600000 here, is missing in t'
	check --json --against t u
	head -n 1 "$OUT" | jq -e '.offset == 50 and .there == null and
		.compacted == 50 and .here.timestamp == 1767225600000'
	# Nor is another value excused below it.
	keyed w
	klog-clean -q w
	seq -f 'k%g:1' 0 149 | klog-produce --create -K : -t 2026-01-01 x
	check --against w x
	is_status 1
	out_like '^x/0: offset [0-9]+: '
}

@test "several topics, and partitions" {
	far
	made a x y
	made b x y
	klog-replicate -q a copies/
	klog-replicate -q b copies/
	check -v --against h:copies/ a b
	is_status 0
	is_out 'a/0: offsets 0 to 1: same in both (2 records)
b/0: offsets 0 to 1: same in both (2 records)'
	check --against h:copies a b
	is_status 0
	made a z
	made c x
	check --against h:copies/ a b c
	is_status 3
	is_out 'a/0: h:copies/a is 1 record behind, and the same up to there (offsets 0 to 1)'
	is_err 'klog-check: h: c: no such topic'
	klog-topic alter -q -p 3 a
	check -p 1,2 --against h:copies/ a
	is_status 1
	is_out 'a/1: is missing in h:copies/a
a/2: is missing in h:copies/a'
	check --against a copies/a
	is_status 1
	is_out 'copies/a/0: is 1 record behind a, and the same up to there (offsets 0 to 1)
copies/a/1: is missing here, but not in a
copies/a/2: is missing here, but not in a'
	check --json --against a copies/a
	sed -n 2p "$OUT" | jq -e '.partition == 1 and .missing == "here"'
	check -p 7 --against a copies/a
	is_status 3
	is_err 'klog-check: copies/a: has no partition 7; the last is 0'
}

@test "nothing is written, for whomever the far side is" {
	mkdir root
	made root/t a b c
	made t a b X
	for only in --read-only --append-only ''; do
		printf '#!/bin/sh\nexec klog-replicate --serve --root %s %s\n' \
		    "$T/root" "$only" >rsh
		chmod +x rsh
		tree root >before
		tree t >>before
		KLOG_RSH=$T/rsh check --against h:/etc/t t
		is_status 1
		is_err ''
		is_out 't/0: offset 2: differs: has the timestamp 1795341600000 here and in h:/etc/t, but not the same content'
		tree root >after
		tree t >>after
		cmp before after
	done
	ln -s "$T/t" root/link
	KLOG_RSH=$T/rsh check --against h:link t
	is_status 3
	is_err 'klog-check: h: link: is not a topic: not a directory, or a symbolic link'
}

@test "a replica, a fenced and a sealed topic can be compared" {
	made t a b
	klog-replicate -q t copies/
	klog-topic seal -q t
	check --against copies/ t
	is_status 0
	is_out ''
	is_err ''
	echo 'fenced by epoch 7' >copies/t/role
	check --against t copies/t
	is_status 0
	is_out ''
	is_err ''
}

@test "kilobytes find the first difference in megabytes" {
	far
	seq -f '%0999.0f' 24000 | klog-produce --create -z none \
	    -t 2026-11-22T10:00:00Z t
	seq -f '%0999.0f' 24000 | sed '20124s/.$/X/;20125s/.$/X/' |
		klog-produce --create -z none -t 2026-11-22T10:00:00Z h
	check --json --against x:t h
	is_status 1
	head -n 1 "$OUT" | jq -e '.offset == 20123'
	tail -n 1 "$OUT" | jq -e '.bytes > 20e6 and .bytes < 48e6'
	tail -n 1 "$OUT" | jq -e '.sent < 2000 and .received < 50000'
	check --json --against x:t t
	is_status 0
	tail -n 1 "$OUT" | jq -e '.bytes > 24e6'
	tail -n 1 "$OUT" | jq -e '.sent < 300 and .received < 1000'
}

@test "damage on either side" {
	still
	cp -r t bad
	poke "bad/0/$S10.log" 61 00
	check --against bad t
	is_status 4
	is_out ''
	is_err 'klog-check: bad: bad/0/00000000000000000010.log: position 0: offset 10: checksum mismatch or damaged header'
	check --against t bad
	is_status 4
	is_out ''
	is_err 'klog-check: bad/0/00000000000000000010.log: position 0: offset 10: checksum mismatch or damaged header'
}

# The frames of a far side that has topic t of one partition with offsets 0 to
# 2: TOPIC, and EXTENT for the first question.
TOPIC='02 00000027 00000000 4142434445464748494a4b4c4d4e4f505152535455 56
	0001 74 0000 00000001 00000000'
LOOK='11 00000024 00000001 0000000000000003 0000000000000000
	ffffffffffffffff 0000000000000000'
ASKED='11 00000024 00000002 0000000000000003 0000000000000000
	ffffffffffffffff 0000000000000000'
SUM='0000000000000000 0000000000000000 0000000000000000 0000000000000000'

@test "a far side that lies is not believed" {
	made t a b c
	nonsense='klog-check: h: gave an answer that makes no sense'
	# An answer to nothing; an end before the start; a share that is empty,
	# that is beyond the end, of elsewhere; records in place of a digest.
	for said in "$ASKED" \
	    "11 00000024 00000001 0000000000000003 0000000000000004
		ffffffffffffffff 0000000000000000" \
	    "$LOOK $ASKED 12 0000003c 00000002 0000000000000000
		0000000000000000 0000000000000000 $SUM" \
	    "$LOOK $ASKED 12 0000003c 00000002 0000000000000000
		0000000000000004 0000000000000000 $SUM" \
	    "$LOOK $ASKED 12 0000003c 00000002 0000000000000001
		0000000000000003 0000000000000000 $SUM" \
	    "$LOOK $ASKED 13 00000014 00000002 0000000000000000
		0000000000000003"; do
		answers "$TOPIC $said"
		check --against h:t t
		is_status 3
		is_out ''
		is_err "$nonsense"
	done
	# A digest of another log, and then a list that is cut short, or is out
	# of order.
	differs="$LOOK $ASKED 12 0000003c 00000002 0000000000000000
		0000000000000003 0000000000000003 $SUM ${ASKED/00000002/00000003}"
	entry="0000000000000001 0000000000000000 ${SUM:0:33}"
	for list in '13 00000013 00000003 0000000000000000 00000000000003' \
	    "13 00000054 00000003 0000000000000000 0000000000000003
		$entry $entry" \
	    "13 00000034 00000003 0000000000000000 0000000000000001
		$entry"; do
		answers "$TOPIC $differs $list"
		check --against h:t t
		is_status 3
		is_out ''
	done
	# Too many partitions, and a message that is too large.
	answers "${TOPIC/0000 00000001/0000 7fffffff}"
	check --against h:t t
	is_status 3
	is_err 'klog-check: h: did not say what topic it has'
	answers "$TOPIC 13 7fffffff"
	check --against h:t t
	is_status 3
	is_err 'klog-check: h: a message of type 19 with 2147483647 bytes came: too large'
}

@test "a far side that is gone, or silent" {
	made t a
	printf '#!/bin/sh\nexit 7\n' >rsh
	chmod +x rsh
	KLOG_RSH=$T/rsh check --against h:t t
	is_status 3
	is_err 'klog-check: h: klog-replicate did not answer there (exit status 7)'
	KLOG_RSH=$T/none check --against h:t t
	is_status 3
	is_err 'klog-check: can'\''t run the remote shell: none: No such file or directory
klog-check: h: no connection'
	answers "$TOPIC"
	check --timeout 1s --against h:t t
	is_status 5
	is_err 'klog-check: h: nothing was heard for 1s'
	check --rsh "$T/rsh" --against none/ t
	is_status 3
}

@test "who asks for what can't be is told so" {
	made t a b
	hello='01 0000000b 03 00 0000 00000003 000174'
	for ask in '10 0000001d 00000001 00000001 00000000 00
			0000000000000000 0000000000000000' \
	    '10 0000001d 00000001 00000000 00000001 00
			0000000000000000 0000000000000000' \
	    '10 0000001d 00000001 00000000 00000000 00
			0000000000000000 0000000000000003' \
	    '06 00000010 00000000 00000000 0000000000000007'; do
		printf '%b' "klog-replicate 1\\n$(echo "$hello $ask" |
			tr -d ' \t\n' | sed 's/../\\x&/g')" >said
		run3 timeout 20 klog-replicate --serve --root . --read-only <said
		[ "$status" = 3 ] || is_status 5
		out_like "(not offered|has no partition 1|goes from 0 to 2 now; try again|type 6 came that no comparison sends)\$"
	done
}

@test "called wrongly" {
	made t a
	for option in --deep '--since 2020-01-01' --repair; do
		# shellcheck disable=SC2086
		check --against t $option t
		is_status 2
		is_out ''
		[ "$(head -n 1 "$ERR")" = \
		    "klog-check: ${option%% *} does not go with --against" ]
	done
	check --rsh x t
	is_status 2
	is_err 'klog-check: --rsh goes with --against only
usage: klog-check [options] TOPIC...
       klog-check --against COPY [options] TOPIC...'
	check --against 'h:..' t
	is_status 2
	check --against none t
	is_status 3
	is_out ''
	is_err 'klog-check: none: none: no such topic'
}
