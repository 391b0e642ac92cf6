#!/usr/bin/env bats
# klog-replicate promote and follow: who leads, and what becomes of the rest.

load helper
load replicate

setup() {
	helper_setup
	HERE=$(uname -n)
	HERE=${HERE%%.*}:$T
	mkdir a b c
}

# produce TOPIC WORD...: a record each.
produce() {
	local topic=$1

	shift
	printf '%s\n' "$@" | klog-produce -q "$topic"
}

# A leader a/t with records 1 to 4 and its copies b/t and c/t; 5 and 6 are at
# the leader only.
three() {
	klog-topic create a/t
	produce a/t 1 2 3 4
	klog-replicate a/t b/t
	klog-replicate a/t c/t
	produce a/t 5 6
}

# has TOPIC TEXT: all values of it.
has() {
	run3 klog-consume "$1"
	is_status 0
	[ "$(tr '\n' ' ' <"$OUT")" = "$2 " ]
}

# until_lines FILE N: until it has so many, or the reader has ended.
until_lines() {
	while [ "$(wc -l <"$1")" -lt "$2" ] && kill -0 "$pid"; do :; done
}

# epochs TOPIC: its leader-epoch-checkpoint on one line.
epochs() {
	tail -n +3 "$1/0/leader-epoch-checkpoint" | tr '\n' ','
}

@test "promote: an epoch begins, then it leads" {
	three
	run3 klog-replicate promote b/t
	is_status 0
	is_err ''
	is_out 'b/t/0: leader epoch 1 from offset 4 on'
	[ "$(cat b/t/role)" = leader ]
	[ "$(epochs b/t)" = '0 0,1 4,' ]
	[ "$(wc -l <b/t/0/leader-epoch-origins)" -eq 2 ]
	produce b/t 7
	has b/t '1 2 3 4 7'
	run3 klog-check b/t
	is_status 0
}

@test "promote: who leads, was fenced or is sealed is refused" {
	three
	run3 klog-replicate promote a/t
	is_status 6
	is_out ''
	is_err 'klog-replicate: a/t: leads already'
	klog-topic seal a/t
	run3 klog-replicate promote a/t
	is_status 6
	is_err 'klog-replicate: a/t: leads already, and is sealed: klog-topic unseal opens it'
	echo 'fenced by epoch 7' >a/t/role
	run3 klog-replicate promote a/t
	is_status 6
	is_err 'klog-replicate: a/t: was fenced by epoch 7: another leads; klog-replicate follow makes this its replica'
	[ "$(epochs a/t)" = '0 0,' ]
	run3 klog-replicate promote none
	is_status 3
	is_err "klog-replicate: $T/none: no such topic"
}

@test "promote: a copy that knows that it lacks records" {
	three
	echo 6 >b/t/0/behind
	run3 klog-replicate promote b/t
	is_status 6
	is_out ''
	is_err 'klog-replicate: b/t/0: the leader had offsets 4 to 5 when it was last heard, which are not here
klog-replicate: b/t: records of the leader are missing here: nothing was changed; copy them first, or give them up with --force'
	[ "$(epochs b/t)" = '0 0,' ]
	run3 klog-replicate promote --force b/t
	is_status 0
	is_err 'klog-replicate: b/t/0: the leader had offsets 4 to 5 when it was last heard, which are not here: they are given up'
	[ ! -e b/t/0/behind ]
	echo 6 >c/t/0/behind
	run3 klog-replicate a/t c/t
	is_status 0
	[ ! -e c/t/0/behind ]
}

@test "promote: a copy of some partitions only" {
	klog-topic create -p 2 a/t
	klog-produce -q --partition 1 a/t <<<x
	klog-replicate -p 0 a/t b/t
	run3 klog-replicate promote b/t
	is_status 6
	is_out ''
	is_err 'klog-replicate: b/t/1: was never copied from the leader
klog-replicate: b/t: records of the leader are missing here: nothing was changed; copy them first, or give them up with --force'
	[ "$(epochs b/t)" = '0 0,' ]
	cp -r b/t c/t
	run3 klog-replicate promote --force c/t
	is_status 0
	is_err 'klog-replicate: c/t/1: was never copied from the leader: what it had there is given up'
	klog-replicate a/t b/t
	run3 klog-replicate promote b/t
	is_status 0
	is_out 'b/t/0: leader epoch 1 from offset 0 on
b/t/1: leader epoch 1 from offset 1 on'
}

@test "a leader that is an old backup: what its copies have more is not mixed with what comes" {
	three
	cp -a a/t backup
	produce a/t 7 8
	klog-replicate a/t b/t
	rm -r a/t
	cp -a backup a/t
	produce a/t 7x
	produce a/t 8x
	produce a/t 9x
	[ "$(epochs a/t)" = '0 0,1 6,' ]
	run3 klog-replicate a/t b/t
	is_status 3
	is_err "klog-replicate: b/t/0: can't be cut back to offset 6: all below 8 is on enough copies (high watermark); --force cuts it all the same, and keeps what goes in cut/"
	run3 klog-replicate --force a/t b/t
	is_status 0
	has b/t '1 2 3 4 5 6 7x 8x 9x'
	run3 klog-dump --records b/t/0/cut/*
	is_status 0
	grep -q 8 "$OUT"
}

@test "promote: some partitions were promoted by a run that was killed" {
	klog-topic create -p 2 a/t
	klog-produce -q --partition 0 a/t <<<x
	klog-replicate a/t b/t
	printf '0\n2\n0 0\n1 1\n' >b/t/0/leader-epoch-checkpoint
	run3 klog-replicate a/t b/t
	is_status 6
	run3 klog-replicate promote b/t
	is_status 0
	is_out 'b/t/0: leader epoch 2 from offset 1 on
b/t/1: leader epoch 1 from offset 0 on'
	[ "$(epochs b/t)" = '0 0,2 1,' ]
}

@test "follow: killed before epochs beyond the cut are gone, no damage" {
	local size

	three
	klog-replicate promote b/t
	rm a/t/0/state
	echo 'replica of x:elsewhere' >a/t/role
	klog-replicate promote --force a/t
	[ "$(epochs a/t)" = '0 0,1 6,' ]
	size=$(stat -c %s a/t/0/*.log)
	run3 strace -qq -o strace.log -e inject=renameat:signal=KILL:when=4 \
	    klog-replicate follow --force a/t b/t
	is_status 137
	[ "$(epochs a/t)" = '0 0,1 6,' ]
	[ "$(stat -c %s a/t/0/*.log)" -lt "$size" ]
	run3 klog-check -q a/t
	is_status 0
	is_err ''
	run3 klog-replicate follow a/t b/t
	is_status 0
	[ "$(epochs a/t)" = '0 0,' ]
	has a/t '1 2 3 4'
}

@test "a copy killed between an epoch and its records is no damage" {
	three
	rm a/t/0/state
	echo 'replica of x:elsewhere' >a/t/role
	klog-replicate promote --force a/t
	cp a/t/0/leader-epoch-* b/t/0
	[ "$(epochs b/t)" = '0 0,1 6,' ]
	run3 klog-check -q b/t
	is_status 0
	is_err ''
	klog-replicate a/t b/t
	same_logs a/t b/t
	[ "$(epochs b/t)" = '0 0,1 6,' ]
}

@test "promote: the role comes after all epochs" {
	klog-topic create -p 2 a/t
	klog-replicate a/t b/t
	rm b/t/1/leader-epoch-origins
	mkdir b/t/1/leader-epoch-origins
	run3 klog-replicate promote b/t
	is_status 3
	out_like '^b/t/0: leader epoch [0-9]+ from offset 0 on$'
	grep -q '^replica of ' b/t/role
	run3 klog-produce b/t <<<x
	is_status 6
	rmdir b/t/1/leader-epoch-origins
	run3 klog-replicate promote b/t
	is_status 0
	klog-produce -q b/t <<<x
}

@test "an old leader that pushes to the new one is fenced" {
	three
	klog-replicate promote b/t -q
	run3 klog-replicate a/t b/t
	is_status 6
	[ "$(cat a/t/role)" = 'fenced by epoch 1' ]
	run3 klog-produce a/t <<<8
	is_status 6
	is_err 'klog-produce: a/t: was fenced by epoch 1: another leads now; klog-replicate follow makes this its replica; 0 records are safe; go on from line 1 of stdin'
	run3 klog-replicate a/t c/t
	is_status 6
	is_err 'klog-replicate: a/t: was fenced by epoch 1: another leads now: copy that one; klog-replicate follow makes this its replica'
	has b/t '1 2 3 4'
}

@test "follow: an old leader comes back" {
	three
	klog-replicate promote b/t -q
	produce b/t 7
	run3 klog-replicate follow a/t b/t
	is_status 0
	is_err ''
	is_out "a/t/0: 2 records from offset 4 on were cut off; 1 file keeps them in a/t/0/cut
a/t: is a replica of $HERE/b/t; to copy what that has: klog-replicate b/t a/t"
	[ "$(cat a/t/role)" = "replica of $HERE/b/t" ]
	has a/t '1 2 3 4'
	run3 klog-dump --records a/t/0/cut/*
	[ "$(grep -c 'payload: [56]$' "$OUT")" -eq 2 ]
	run3 klog-produce a/t <<<8
	is_status 6
	run3 klog-replicate b/t a/t
	is_status 0
	is_err ''
	cmp a/t/0/00000000000000000000.log b/t/0/00000000000000000000.log
	cmp a/t/0/leader-epoch-checkpoint b/t/0/leader-epoch-checkpoint
	cmp a/t/0/leader-epoch-origins b/t/0/leader-epoch-origins
	has a/t '1 2 3 4 7'
	run3 klog-check a/t b/t
	is_status 0
	# And back again.
	klog-replicate promote -q a/t
	run3 klog-replicate follow -c b/t a/t
	is_status 0
	is_out ''
	[ "$(epochs b/t)" = '0 0,1 4,2 5,' ]
}

@test "a copy that still follows an old leader when that becomes a replica goes with it" {
	three
	far
	klog-replicate -q -f --force --timeout 5s "x:$T/a/t" c/t 3>&- 4>&- 2>"$T/c.err" &
	pid=$!
	while ! klog-replicate status a/t | grep -q 'yes  *yes'; do :; done
	produce a/t 7 8
	while [ "$(klog-consume -c c/t)" != 8 ]; do :; done
	klog-replicate promote -q b/t
	produce b/t 5x
	run3 klog-replicate follow -c a/t b/t
	is_status 0
	produce b/t 6x 7x 8x 9x 10x
	klog-replicate b/t a/t
	while kill -0 "$pid" && [ "$(klog-consume -c c/t)" != 10 ]; do :; done
	kill "$pid"
	wait "$pid" || true
	has c/t '1 2 3 4 5x 6x 7x 8x 9x 10x'
	has a/t '1 2 3 4 5x 6x 7x 8x 9x 10x'
}

@test "follow: one that does not lead, or is older, is refused" {
	three
	run3 klog-replicate follow a/t b/t
	is_status 6
	is_out ''
	is_err 'klog-replicate: a/t/0: b/t: knows no newer leader epoch, so it does not lead: promote it first; nothing was changed (--force follows it all the same)'
	[ ! -e a/t/role ]
	has a/t '1 2 3 4 5 6'
	klog-replicate promote -q b/t
	run3 klog-replicate follow b/t a/t
	is_status 6
	is_err 'klog-replicate: b/t/0: a/t: this copy knows a newer leader epoch: that one should follow this one; nothing was changed (--force follows it all the same)'
	[ "$(cat b/t/role)" = leader ]
	klog-topic create other
	run3 klog-replicate follow a/t other
	is_status 3
	err_like '^klog-replicate: a/t: is another topic: its id is .*, the source.s .*$'
	run3 klog-replicate follow a/t none
	is_status 3
	run3 klog-replicate follow none b/t
	is_status 3
	is_err "klog-replicate: $T/none: no such topic"
}

@test "two were promoted: seen by their origins, and the way out" {
	three
	klog-replicate promote -q b/t
	klog-replicate promote -q c/t
	produce b/t 7 8
	produce c/t 9
	[ "$(epochs b/t)" = "$(epochs c/t)" ]
	printf 'replica of x:/t\n' >c/t/role
	rm c/t/0/state
	run3 klog-replicate b/t c/t
	is_status 6
	is_err 'klog-replicate: b/t/0: the copy has another leader epoch 1: both have led; klog-replicate follow on the one whose records from offset 4 on may go'
	echo leader >c/t/role
	rm c/t/0/state
	run3 klog-replicate follow -c c/t b/t
	is_status 0
	is_out 'c/t/0: 1 records from offset 4 on were cut off; 1 file keeps them in c/t/0/cut'
	has c/t '1 2 3 4 7 8'
	cmp b/t/0/leader-epoch-origins c/t/0/leader-epoch-origins
}

@test "follow: a larger number alone does not make a leader" {
	three
	klog-replicate promote -q b/t
	produce b/t 7
	# The old one was restarted twice meanwhile.
	printf '0\n2\n0 0\n2 6\n' >a/t/0/leader-epoch-checkpoint
	printf '2 00000000000000aa\n' >>a/t/0/leader-epoch-origins
	run3 klog-replicate follow -c a/t b/t
	is_status 0
	[ "$(epochs a/t)" = '0 0,1 4,' ]
	has a/t '1 2 3 4 7'
}

@test "follow: over many segments and partitions" {
	klog-topic create -p 3 a/t -c segment.bytes=4096
	for i in $(seq 10 19); do
		seq "${i}00" "${i}99" | klog-produce -q -z none --partition 1 a/t
	done
	klog-replicate a/t b/t
	for i in $(seq 20 29); do
		seq "${i}00" "${i}99" | klog-produce -q -z none --partition 1 a/t
	done
	klog-replicate promote -q b/t
	seq 3000 3009 | klog-produce -q --partition 1 b/t
	run3 klog-replicate follow a/t b/t
	is_status 0
	out_like '^a/t/1: 1000 records from offset 1000 on were cut off; [0-9]+ files keep them in a/t/1/cut'
	run3 klog-check a/t
	is_status 0
	klog-replicate b/t a/t
	klog-consume -p 1 b/t >want
	run3 klog-consume -p 1 a/t
	cmp want "$OUT"
}

@test "groups: who read what is gone is set back, and told" {
	three
	klog-consume -g billing a/t >/dev/null
	klog-consume -g slow -n 3 a/t >/dev/null
	klog-replicate promote -q b/t
	produce b/t 7 8 9
	run3 klog-replicate follow -c --no-groups a/t b/t
	is_status 0
	is_out "a/t/0: 2 records from offset 4 on were cut off; 1 file keeps them in a/t/0/cut
a/t/0: group billing: set back from offset 6 to 4: 2 records that it read are gone"
	run3 klog-consume -g billing a/t
	is_status 0
	is_out '7
8
9'
	is_err ''
	run3 klog-consume -g slow a/t
	is_out '4
7
8
9'
}

# split: both a/t and b/t begin an epoch of the same number, a/t by a restart;
# and a/t's group has read what is there only.
split() {
	three
	rm a/t/0/state
	echo "00000000-0000-0000-0000-000000000000 $(printf %020d 6)" \
		>a/t/0/recovery-point
	echo 7 | klog-produce -q a/t
	[ "$(epochs a/t)" = '0 0,1 6,' ]
	klog-replicate promote -q b/t
	klog-consume -g billing a/t >/dev/null
	produce b/t 17 18 19 20
	[ "$(epochs b/t)" = '0 0,1 4,' ]
}

@test "groups: both led in an epoch of the same number" {
	split
	run3 klog-replicate follow -c --force a/t b/t
	is_status 0
	run3 klog-consume -g billing a/t
	is_status 0
	is_out '17
18
19
20'
	is_err ''
}

@test "groups: a target that cuts itself back sets them back" {
	split
	printf 'replica of x:/t\n' >a/t/role
	rm a/t/0/state
	klog-replicate promote -q c/t
	produce c/t x
	klog-replicate follow -c -q b/t c/t --force
	klog-replicate promote -q b/t
	produce b/t 21
	run3 klog-replicate b/t a/t
	is_status 0
	is_out ''
	err_like '^klog-replicate: [0-9]+ bytes that the source does not have were cut off, and kept in cut/
klog-replicate: groups were set back, 3 records that they had read are gone$'
	run3 klog-consume -g billing a/t
	is_status 0
	is_out 'x
21'
}

@test "a reader that stays is told of a cut in an epoch of the same number" {
	split
	timeout 30 klog-consume -f -o start a/t >got 2>told &
	pid=$!
	until_lines got 7
	klog-replicate follow -c -q --force a/t b/t
	until_lines got 11
	cat got told
	kill "$pid"
	wait "$pid" || :
	[ "$(tr '\n' ' ' <got)" = '1 2 3 4 5 6 7 17 18 19 20 ' ]
	grep -q 'cut the log off at offset 4: ' told
}

@test "groups: offsets that were copied go on at the promoted one" {
	klog-topic create a/t
	produce a/t 1 2 3 4
	klog-consume -g billing a/t -n 3 >/dev/null
	klog-replicate a/t b/t
	klog-replicate promote -q b/t
	produce b/t 5
	run3 klog-consume -g billing b/t
	is_status 0
	is_out '4
5'
	is_err ''
}

@test "a reader that stays is told of the cut" {
	three
	timeout 30 klog-consume -f -o start a/t >got 2>told &
	pid=$!
	until_lines got 6
	klog-replicate promote -q b/t
	produce b/t 7 8
	klog-replicate follow -c -q a/t b/t
	until_lines got 8
	cat got told
	kill "$pid"
	wait "$pid" || :
	[ "$(tr '\n' ' ' <got)" = '1 2 3 4 5 6 7 8 ' ]
	[ "$(cat told)" = 'klog-consume: a/t/0: a recovery cut the log off at offset 4: what was read from there on is gone, other records follow' ]
}
