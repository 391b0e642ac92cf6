#!/usr/bin/env bats
# klog-replicate -f: copies that stay up to date.

load helper
load replicate

setup() {
	helper_setup
	mkdir here there
	unset KLOG_DIR
	far
}

# follow ARG...: in the background, until teardown or stop.
follow() {
	klog-replicate -f "$@" >out 2>err 3>&- &
	follower=$!
}

# stop: ask it to end; its status is in $status.
stop() {
	kill -TERM "$follower"
	status=0
	wait "$follower" || status=$?
	follower=
}

group_is_at() {
	[ "$(klog-group export -g g there/a 2>/dev/null)" = "$1" ]
}

@test "records, groups, partitions and settings as they come" {
	klog-topic create here/a
	follow "h:$T/here/a" there/a
	until_true has_records there/a 0
	seq 5 | klog-produce here/a
	until_true has_records there/a 5
	klog-consume -n 3 -g g here/a >/dev/null
	until_true group_is_at "$(klog-group export -g g here/a)"
	klog-consume -n 1 -g g here/a >/dev/null
	until_true group_is_at "$(klog-group export -g g here/a)"
	klog-topic alter -q -p 2 -c retention.ms=1h here/a
	echo x | klog-produce -p 1 here/a
	until_true has_records there/a 6
	cmp here/a/topic.conf there/a/topic.conf
	same_logs here/a there/a
	klog-topic trim -o 2 -p 0 here/a >/dev/null
	until_true has_records there/a 4
	stop
	[ "$status" = 143 ]
	[ ! -s err ]
}

@test "offsets that groups had committed before" {
	seq 5 | klog-produce --create here/a
	klog-consume -n 3 -g g here/a >/dev/null
	for to in "here/a there/a" "h:$T/here/a there/a" "here/a h:$T/there/a"; do
		# shellcheck disable=SC2086 # two words
		follow $to
		until_true group_is_at "$(klog-group export -g g here/a)"
		stop
		rm -r there/a
	done
}

# later SRC DST: a topic that is made when all others are copied comes too; one
# that does not match does not.
later() {
	follow "$1" "$2"
	until_true has_records there/a 1
	echo x | klog-produce --create here/other
	seq 3 | klog-produce --create here/also
	until_true has_records there/also 3
	seq 4 | klog-produce here/also
	until_true has_records there/also 7
	[ ! -e there/other ]
	stop
	is_status 143
	[ ! -s err ]
	rm -r here/also there
	mkdir there
}

@test "topics that are made later" {
	echo x | klog-produce --create here/a
	later "here/a*" there/
	later "h:$T/here/a*" there/
	later "here/a*" "h:$T/there/"
}

@test "an idle follower uses no CPU" {
	[[ $KLOG_BIN != */valgrind/* ]] || skip "valgrind is slow"
	klog-topic create here/a
	echo x | klog-produce here/a
	follow here/a there/a
	until_true has_records there/a 1
	run3 timeout 3 strace -f -c -o calls -p "$follower"
	total=$(awk '$NF == "total" { print $(NF - 1) }' calls)
	[ "${total:-0}" -lt 40 ] || { cat calls; false; }
}

@test "a push that follows" {
	klog-topic create here/a
	follow here/a "h:$T/there/a"
	until_true has_records there/a 0
	seq 10 | klog-produce here/a
	until_true has_records there/a 10
	stop
	[ "$status" = 143 ]
}

@test "the connection is made again, and goes on where it was" {
	klog-topic create here/a
	seq 10 | klog-produce here/a
	follow "h:$T/here/a" there/a
	until_true has_records there/a 10
	pkill -KILL -P "$follower"
	seq 10 | klog-produce here/a
	until_true has_records there/a 20
	[ "$(wc -l <hosts)" = 2 ]
	grep -q 'h: the connection ended (killed by signal 9); what was acknowledged is safe; trying again in about 1 s' err
	[ "$(tail -n 1 err)" = 'klog-replicate: h: connected again' ]
	same_logs here/a there/a
	stop
	[ "$status" = 143 ]
}

@test "--acks all waits for it, and it counts" {
	klog-topic create -c min.insync.replicas=2 here/a
	echo x >x
	run3 klog-produce --acks all --timeout 100ms here/a x
	is_status 5
	follow "h:$T/here/a" there/a
	until_true grep -q . here/a/0/in-sync
	run3 klog-produce --acks all --timeout 10s here/a x
	is_status 0
	# What is acknowledged is there.
	has_records here/a 1
	until_true has_records there/a 1
	stop
}

@test "killed at any moment, what is there is good and it goes on" {
	klog-topic create -p 2 -c segment.bytes=1M here/a
	for _ in 1 2 3 4 5 6; do
		seq 20000 | klog-produce -z none --batch-bytes 4k here/a
	done
	for after in 0.01 0.02 0.03 0.05 0.08; do
		timeout -s KILL $after klog-replicate here/a there/a || :
		[ ! -e there/a ] || klog-check -q there/a
	done
	run3 klog-replicate here/a there/a
	is_status 0
	run3 klog-check --deep -q there/a
	is_status 0
	[ "$(count_of there/a)" = 120000 ]
	klog-consume here/a | sort >x
	klog-consume there/a | sort | cmp - x
}

@test "refused for good is not tried again" {
	klog-topic create here/a
	klog-topic create there/a
	run3 timeout 20 klog-replicate -f here/a there/a
	is_status 3
	err_like 'is another topic'
}

# in_sync N: so many have all of loghost's.
in_sync() {
	[ "$(klog-replicate status --json loghost/klog/orders |
	    jq '.in_sync | length')" = "$1" ]
}

# Each host's /var is a directory here.
@test "README.md: the copies are made, and lead" {
	mkdir -p loghost/klog here/klog backup/klog
	ln -s here newhost
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nhost=$1; shift\nexec sh -c "$(%s)"\n' \
	    "printf %s \"\$*\" | sed \"s|/var|$T/\$host|\"" >rsh
	chmod +x rsh
	export KLOG_RSH=$T/rsh
	seq 3 | klog-produce -q --create loghost/klog/orders
	seq 4 5 >in
	# shellcheck disable=SC2016
	sed -n '/^```shell$/,/^```$/s/^klog-/&/p' "$KLOG_TOP/README.md" |
	    sed "s| /var| $T/here|g" >script
	mapfile -t lines <script
	[ "${#lines[@]}" -eq 8 ]
	run3 bash -ec "${lines[0]}; ${lines[1]}"
	is_status 0
	is_err ''
	same_logs loghost/klog/orders backup/klog/orders
	bash -c "exec ${lines[2]}" 3>&- &
	follower=$!
	until_true in_sync 1
	KLOG_DIR=loghost/klog run3 bash -ec "${lines[3]}"
	is_status 0
	KLOG_DIR=loghost/klog run3 bash -ec "${lines[4]}; ${lines[5]}"
	is_status 0
	is_err ''
	stop
	KLOG_DIR=here/klog run3 bash -ec "${lines[6]}"
	is_status 0
	KLOG_DIR=loghost/klog run3 bash -ec "${lines[7]/-f/-c}"
	is_status 0
	same_logs here/klog/orders loghost/klog/orders
	has_records loghost/klog/orders 5
}

is_in_sync() {
	klog-replicate status --json "$1" |
	    jq -se --arg n "$2" '.[0].in_sync | index($n) != null' >/dev/null
}

@test "forget: a copy that is gone is not waited for, nor shown" {
	klog-topic create -p 2 -c replica.lag.time.max.ms=1h here/a
	klog-replicate --name 'of no more' "h:$T/here/a" there/b
	follow --name c "h:$T/here/a" there/a
	until_true is_in_sync here/a c
	run3 klog-replicate forget here/a c
	is_status 5
	is_out ''
	is_err 'klog-replicate: here/a: the copy c is connected: nothing was changed'
	stop
	# Alone it would be waited for an hour.
	echo x >x
	run3 klog-produce --acks all --timeout 100ms here/a x
	is_status 5
	run3 klog-replicate forget here/a c
	is_status 0
	is_out ''
	is_err ''
	run3 klog-produce --acks all --timeout 5s here/a x
	is_status 0
	run3 klog-replicate forget here/a c
	is_status 3
	is_err 'klog-replicate: here/a: has no copy c: klog-replicate status shows their names'
	run3 klog-replicate forget here/a 'of no more'
	is_status 0
	run3 klog-replicate status --json here/a
	[ "$(jq -c '[.in_sync, .followers]' "$OUT" | sort -u)" = '[[],[]]' ]
	run3 klog-replicate forget here/a
	is_status 2
	[ "$(head -n 1 "$ERR")" = 'klog-replicate: NAME is missing after here/a' ]
	# It may come again.
	follow --name c "h:$T/here/a" there/a
	until_true is_in_sync here/a c
	until_true has_records there/a 2
}
