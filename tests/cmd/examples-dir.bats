#!/usr/bin/env bats
# What lies in examples/: every file there is run.
# shellcheck disable=SC2016,SC2153 # shells in shells; the helper sets KLOG_BIN

load helper
load examples

example() {
	local name=$1

	shift
	run3 "$KLOG_TOP/examples/$name" "$@"
}

# stand_in NAME SCRIPT: a program of that name, found before any other.
stand_in() {
	mkdir -p bin
	case $PATH in "$T/bin:"*) ;; *) PATH=$T/bin:$PATH ;; esac
	printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
	chmod 755 "bin/$1"
}

@test "every file in examples/ is run by a test here" {
	for file in "$KLOG_TOP"/examples/*; do
		case $file in
		*.service | *.timer | */authorized_keys) continue ;;
		esac
		[ -x "$file" ]
		grep -Eq "^	.*example ${file##*/}( |\$)" "$BATS_TEST_FILENAME"
	done
}

@test "demo" {
	mkdir tmp
	TMPDIR=$T/tmp example demo
	is_status 0
	is_err ''
	[ "$(grep -c '^= the same' "$OUT")" -eq 6 ]
	grep -qx 'read:    three' "$OUT"
	grep -qx 'on disk: three' "$OUT"
	grep -qx 'live 0 4' "$OUT"
	[ "$(tail -n 1 "$OUT")" = \
	    '# That was all: nothing was lost.  man klog tells the rest.' ]
	[ -z "$(ls tmp)" ]
}

@test "demo: a program that fails or loses something ends it" {
	mkdir tmp
	stand_in klog-produce 'exit 3'
	TMPDIR=$T/tmp example demo
	is_status 1
	is_err 'demo: that failed'
	rm bin/klog-produce
	stand_in klog-consume "$KLOG_BIN/klog-consume \"\$@\" | tail -n +2"
	TMPDIR=$T/tmp example demo
	is_status 1
	err_like '^demo: sha256sum differs: '
	[ -z "$(ls tmp)" ]
}

@test "cron-append" {
	example cron-append disk sh -c 'echo one; echo two; exit 1'
	is_status 0
	is_out ''
	is_err ''
	example cron-append disk echo three
	is_status 0
	run3 klog-consume -F '%k %h %s\n' disk
	host=$(uname -n)
	is_out "$host status=1 one
$host status=1 two
$host status=0 three"
	example cron-append
	[ "$status" -ne 0 ]
	example cron-append disk
	[ "$status" -ne 0 ]
	mkdir file
	example cron-append file echo x
	is_status 3
	err_like '^klog-produce: .*/file: is not a topic'
}

@test "failover.sh" {
	mkdir tmp
	TMPDIR=$T/tmp example failover.sh
	is_status 0
	# All that was acknowledged is there, whatever readers may see of it.
	grep -qx 'near 0 1000, far 0 1000' "$OUT"
	grep -Eqx '(near|far)/orders/0: leader epoch 1 from offset 1000 on' "$OUT"
	grep -q '^lost/orders/0: 3 records from offset 1000 on were cut off; ' "$OUT"
	[ "$(grep -c '^status 6$' "$OUT")" -eq 1 ]
	[ "$(tail -n 1 "$OUT")" = 'the same everywhere' ]
	[ -z "$(ls tmp)" ]
}

@test "ssh-ship.sh: only what is new, and all of it" {
	mkdir far
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nKLOG_DIR=$PWD/far exec sh -c "$1"\n' >rsh
	chmod 755 rsh
	export RSH=$T/rsh
	klog-topic create -p 3 log
	seq 1 50 | sed 's/.*/&=&/' | klog-produce -K = -H a=b log
	for more in 0 30 0; do
		seq 1 "$more" | sed 's/.*/&=more &/' | klog-produce -K = log
		example ssh-ship.sh host log
		is_status 0
		is_err ''
		klog-consume --merge --framed log >here
		klog-consume --merge --framed far/log >there
		cmp here there
	done
	[ "$(klog-consume -c far/log)" -eq 80 ]
	# What was cut off in the middle goes on where it was.
	seq 1 9 | klog-produce -p 1 log
	klog-consume --framed -p 1 --last 9 log | head -c 100 |
	    klog-produce -q --framed -p 1 far/log 2>/dev/null || :
	example ssh-ship.sh host log
	is_status 0
	klog-consume --merge --framed log | cmp - \
	    <(klog-consume --merge --framed far/log)
	RSH=false example ssh-ship.sh host log
	is_status 1
	example ssh-ship.sh host nothing
	[ "$status" -ne 0 ]
	err_like '^klog-topic: .*/nothing: no such topic'
}

@test "json-pipeline.sh" {
	printf '%s\n' 'a={"level":"error","n":1}' 'b={"level":"info","n":2}' \
	    'c=no JSON' 'd={"level":"error","n":3}' '=[1]' |
	    klog-produce --create -K = -H h=v -t 1700000000000 in
	example json-pipeline.sh in out
	is_status 0
	is_err ''
	run3 klog-consume -F '%k %h %T %s\n' out
	is_out 'a h=v 1700000000000 {"level":"error","n":1}
d h=v 1700000000000 {"level":"error","n":3}'
	example json-pipeline.sh in large '.n >= 2'
	is_status 0
	run3 klog-consume -F '%k\n' large
	is_out $'b\nd'
	example json-pipeline.sh nothing out
	is_status 3
}

@test "alerts.sh" {
	klog-topic create log
	printf 'fine\nERROR: first\nfine too\nan ERROR: second\n' |
	    klog-produce -t 1700000000000 log
	ALERT='echo alert' example alerts.sh log ERROR -o start -n 2
	is_status 0
	is_err ''
	is_out 'alert log/0/1 2023-11-14T22:13:20.000Z ERROR: first
alert log/0/3 2023-11-14T22:13:20.000Z an ERROR: second'
	# One that comes later.
	ALERT='echo alert' "$KLOG_TOP/examples/alerts.sh" log '^late' \
	    -o 4 -n 1 >got &
	printf 'early\nlate\n' | klog-produce -t 1700000000000 log
	wait "$!"
	[ "$(cat got)" = 'alert log/0/5 2023-11-14T22:13:20.000Z late' ]
	ALERT=false example alerts.sh log '^late' -o start -n 1
	is_status 0
	is_err 'alerts.sh: lost: log/0/5 2023-11-14T22:13:20.000Z late'
	example alerts.sh log '('
	is_status 2
}

@test "lag-alert" {
	klog-topic create orders
	seq 20 | klog-produce orders
	echo '0 20 0' | klog-group import -g billing orders
	example lag-alert memory --lag-warn 5 orders
	is_status 0
	is_out ''
	is_err ''
	klog-group reset -g billing --to 3 orders >/dev/null
	example lag-alert memory --lag-warn 5 orders
	is_status 0
	out_like '^KLOG WARNING - orders/billing: lag 17 \(partition 0\), age [0-9a-z.]+ \(partition 0\)$'
	example lag-alert memory --lag-warn 5 orders
	is_status 0
	is_out ''
	klog-group reset -g billing --to end orders >/dev/null
	example lag-alert memory --lag-warn 5 orders
	is_status 0
	is_out 'KLOG OK - groups: 1, largest lag 0, highest age 0ms'
	example lag-alert memory --lag-warn 5 gone
	is_out "KLOG UNKNOWN - $T/gone: no such topic"
	example lag-alert memory --lag-warn x orders
	is_status 2
	is_out ''
	err_like '^klog-group: --lag-warn: "x" is not a number'
	example lag-alert memory
	[ "$status" -ne 0 ]
}

@test "lag-alert: what it says of Nagios and Prometheus runs" {
	klog-topic create orders
	mkdir node-exporter
	line=$(sed -n 's/^#.*command_line  //p' \
	    "$KLOG_TOP/examples/lag-alert")
	run3 bash -c "${line/\$ARG1\$/orders}"
	is_status 0
	is_out 'KLOG OK - groups: 0, largest lag 0, highest age 0ms'
	line=$(sed -n 's/^#	\* \* \* \* \*  //p' \
	    "$KLOG_TOP/examples/lag-alert")
	line=${line//\/var\/lib\/prometheus/$T}
	run3 bash -c "${line//\/var\/lib\/klog/$T}"
	is_status 0
	is_out ''
	is_err ''
	grep -qx 'klog_log_end_offset{topic="orders",partition="0"} 0' \
	    node-exporter/klog.prom
}

@test "job-queue.sh" {
	# shellcheck disable=SC2016 # for a shell of its own
	job='read -r job; [ "$job" != bad ] && echo "$job" >>out'
	{ seq 20; echo bad; seq 21 30; } >list
	for done in 1 2; do
		example job-queue.sh q 3 "$job" <list
		is_status 1
		out_like '^dead: bad \(klog\.error=exit status 1,klog\.source=jobs/[0-9]+/[0-9]+,klog\.attempts=3\)$'
		is_err ''
		diff <(sort out) <(for _ in $(seq $done); do seq 30; done |
			sort)
	done
	[ -z "$(ls q/jobs/groups/workers/members)" ]
	seq 3 >list
	example job-queue.sh fine 1 'cat >>out' <list
	is_status 0
	is_out ''
	is_err ''
	example job-queue.sh q
	[ "$status" -ne 0 ]
}

@test "cron-consume" {
	seq 5 | klog-produce --create --partitions 2 --partitioner roundrobin t
	example cron-consume digest t 'sort -n; exit 4'
	is_status 4
	is_out "$(seq 5)"
	err_like '^klog-consume: .*/t/[01]: offsets? .* not acknowledged$'
	example cron-consume digest t 'sort -n'
	is_status 0
	is_out "$(seq 5)"
	is_err ''
	example cron-consume digest t 'echo nothing new'
	is_status 0
	is_out ''
	seq 6 7 | klog-produce t
	example cron-consume digest t 'sort -n'
	is_status 0
	is_out $'6\n7'
	example cron-consume digest t
	[ "$status" -ne 0 ]
	# The line for cron.
	stand_in mail 'echo "$@"; cat'
	line=$(sed -n 's/^#	0 7 \* \* \*  //p' \
	    "$KLOG_TOP/examples/cron-consume")
	mv t errors
	PATH=$KLOG_TOP/examples:$PATH run3 \
	    bash -c "${line//\/var\/lib\/klog/$T}"
	is_status 0
	is_out ''
	echo 8 | klog-produce errors
	PATH=$KLOG_TOP/examples:$PATH run3 \
	    bash -c "${line//\/var\/lib\/klog/$T}"
	is_out $'-s errors root\n8'
}

@test "klog-worker@.service" {
	unit=$KLOG_TOP/examples/klog-worker@.service
	klog-topic create -p 16 jobs
	klog-topic create dead
	# shellcheck disable=SC2016
	stand_in do-job 'read -r job; [ "$job" != bad ] && echo "$job" >>out'
	printf 'one\nbad\ntwo\n' | klog-produce jobs
	line=$(sed -n 's/^ExecStart=//p' "$unit")
	line=${line//\/usr\/local\/bin\/do-job/$T/bin/do-job}
	line=${line//\/usr\/local\/bin/$KLOG_BIN}
	# shellcheck disable=SC2086
	${line/1s/1ms} >got 2>&1 &
	worker=$!
	until_true klog-group wait -g workers jobs 2>/dev/null
	kill "$worker"
	code=0
	wait "$worker" || code=$?
	[ "$code" -eq "$(sed -n 's/^SuccessExitStatus=//p' "$unit")" ]
	[ "$(sort out)" = $'one\ntwo' ]
	run3 klog-consume -F '%s %h\n' dead
	out_like '^bad klog\.error=exit status 1,.*klog\.attempts=4$'
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
	sed "s|^ExecStart=.*|ExecStart=$line|" "$unit" >"klog-worker@.service"
	run3 systemd-analyze verify "./klog-worker@.service"
	is_status 0
	is_out ''
	is_err ''
}

@test "klog-format(5): the bytes that it shows are those that are written" {
	examples_run klog-format.5
	# The first column of the worked example, in quotation marks.
	want=$(sed -n 's/^\.Li "\([0-9a-f ]*\)".*/\1/p' \
	    "$KLOG_TOP/man/klog-format.5" | tr -d ' \n')
	got=$(od -An -v -tx1 one/0/00000000000000000000.log | tr -d ' \n')
	[ ${#want} -eq 146 ]
	[ "$want" = "$got" ]
}

# blocks LANGUAGE: what README.md says in blocks of that language.
blocks() {
	sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d;p;}" "$KLOG_TOP/README.md"
}

@test "README.md: the pipelines run" {
	mkdir far
	# shellcheck disable=SC2016
	stand_in ssh 'shift; cd far && KLOG_DIR=. exec sh -c "$*"'
	stand_in kcat "echo '{\"topic\":\"clicks\",\"partition\":0,\"offset\":7,\
\"tstype\":\"create\",\"ts\":1700000000000,\"broker\":1,\"key\":\"bob\",\
\"headers\":[\"a\",\"b\"],\"payload\":\"kcat\"}'"
	printf 'fine\nERROR: no\n' >app.log
	printf '{"user":"%s","ms":%d,"ts":1700000000}\n' ann 600 bob 7 \
	    ann 501 >clicks.json
	# Following ends when nothing comes.
	blocks sh | sed -n '/^# Make a topic/,$p' |
	    sed 's/^klog-consume -f/& --timeout 200ms/' >script
	[ "$(grep -c '^[^#]*klog-' script)" -eq 21 ]
	run3 timeout 60 bash -eo pipefail script
	is_status 0
	is_err ''
	[ "$(sed -n '1,5{/30$/p;}' "$OUT" | wc -l)" -eq 2 ]
	grep -qx ' *2 ann' "$OUT"
	grep -qx 'ERROR: no' "$OUT"
	[ "$(grep '^bill: ' "$OUT" | sort)" = $'bill: 10\nbill: 20\nbill: 30' ]
	[ "$(grep -cx 'mail to ann' "$OUT")" -eq 2 ]
	grep -qE '^[0-9-]+T[0-9:.]+Z ERROR: no$' "$OUT"
	[ "$(tail -n 3 "$OUT")" = $'2\napp 0 4\napp 0 5' ]
	run3 klog-consume --last 1 -F '%k %h %s\n' -k bob -e kcat clicks
	is_out 'bob a=b kcat'
	run3 klog-consume -c far/app
	is_out 2
	run3 klog-consume -c copy
	is_out 3
}

@test "README.md: the line for cron runs" {
	line=$(blocks crontab)
	[[ $line == '*/5 * * * *  '* ]]
	line=${line#'*/5 * * * *  '}
	mkdir klog
	run3 bash -eo pipefail -c "${line//\/var\/lib/$T}"
	is_status 0
	is_out ''
	is_err ''
	run3 klog-consume -n 1 klog/disk
	out_like '^Filesystem '
}

@test "archive-segment" {
	klog-topic create -c retention.ms=1h t
	for day in 01 09 17; do
		echo "day $day" | klog-produce -z none -t "2026-01-$day" t
	done
	mkdir kept "with ' space"
	cp -r t before
	run3 klog-clean --before-delete \
		"'$KLOG_TOP/examples/archive-segment' kept %f" t
	is_status 0
	is_err ''
	is_out "$T/t: removed 3 segments, 222: 3 by time"
	to=kept/t-$(sed -n 's/^id=//p' t/topic.conf)
	cmp "$to/topic.conf" t/topic.conf
	[ "$(find "$to/0" -type f | wc -l)" -eq 3 ]
	for log in before/0/*.log; do
		zstdcat "$to/0/${log##*/}.zst" | cmp - "$log"
	done
	# Twice is as good as once; another content is not.
	example archive-segment "with ' space" before/0/00000000000000000001.log
	is_status 0
	example archive-segment "with ' space" before/0/00000000000000000001.log
	is_status 0
	[ "$(find "with ' space" -name '*.zst' | wc -l)" -eq 1 ]
	echo more >>before/0/00000000000000000001.log
	example archive-segment "with ' space" before/0/00000000000000000001.log
	is_status 1
	# What is not whole has no name.
	stand_in zstd 'echo x; exit 1'
	mkdir full
	example archive-segment full before/0/00000000000000000002.log
	is_status 1
	[ -z "$(find full -type f)" ]
	example archive-segment
	[ "$status" -ne 0 ]
}

@test "cron-clean" {
	mkdir topics
	export KLOG_DIR=$T/topics
	for t in a b; do
		klog-topic create -c retention.ms=1h "$t"
		echo old | klog-produce -t 2026-01-01 "$t"
	done
	mkdir topics/no-topic
	run3 flock topics/a/0/clean.lock \
		"$KLOG_TOP/examples/cron-clean" topics --keep-unread
	is_status 0
	is_out ''
	is_err ''
	[ "$(klog-consume a b)" = old ]
	example cron-clean topics
	is_status 0
	is_out ''
	[ -z "$(klog-consume a b)" ]
	echo old | klog-produce -t 2026-01-01 b
	example cron-clean topics --before-delete false
	is_status 3
	out_like '^klog-clean: topics/b/0/0{19}1\.log: stays, and so does what follows: --before-delete: exit status 1$'
	# A busy partition hides no failure of another.
	klog-topic alter -q -p 2 b
	echo old | klog-produce -p 1 -t 2026-01-01 b
	run3 flock topics/b/0/clean.lock \
		"$KLOG_TOP/examples/cron-clean" topics --before-delete false
	is_status 3
	out_like '^klog-clean: topics/b/1/0{20}\.log: stays, and so does what follows: --before-delete: exit status 1$'
	example cron-clean
	[ "$status" -ne 0 ]
}

@test "klog-clean.service, klog-clean.timer" {
	unit=$KLOG_TOP/examples/klog-clean
	klog-topic create -c retention.ms=1h t
	echo old | klog-produce -t 2026-01-01 t
	line=$(sed -n 's/^ExecStart=//p' "$unit.service")
	line=${line//\/usr\/local\/share\/doc\/klog/$KLOG_TOP}
	mkdir stray
	run3 bash -c "${line//\/var\/lib\/klog/$T}"
	is_out ''
	is_err ''
	is_status 0
	[ "$(find t/0 -name '*.log')" = "t/0/00000000000000000001.log" ]
	echo x >t/0/log-start-offset
	run3 bash -c "${line//\/var\/lib\/klog/$T}"
	is_status 4
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
	sed "s|^ExecStart=.*|ExecStart=$line|" "$unit.service" \
		>klog-clean.service
	cp "$unit.timer" .
	run3 systemd-analyze verify --man=no ./klog-clean.timer ./klog-clean.service
	is_out ''
	is_status 0
	run3 systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' "$unit.timer")"
	is_status 0
}

@test "cron-pull" {
	mkdir a
	echo 1 | klog-produce -q --create a/one
	echo 2 | klog-produce -q --create a/two
	example cron-pull a/ b/
	is_status 0
	is_out ''
	is_err ''
	run3 klog-consume b/two
	is_out 2
	# Another run is at work.
	echo 3 | klog-produce -q a/two
	exec 8<b
	flock 8
	example cron-pull a/ b/
	is_status 0
	exec 8<&-
	run3 klog-consume b/two
	is_out 2
	example cron-pull a/ b/ --bwlimit 1M
	is_status 0
	run3 klog-consume b/two
	is_out '2
3'
	example cron-pull none/ b/
	is_status 3
	err_like '^klog-replicate: '
}

@test "notify-promote" {
	klog-topic create a
	echo 1 | klog-produce -q a
	klog-replicate -q a b
	example notify-promote b INSTANCE klog MASTER 100
	is_status 0
	[ "$(cat b/role)" = leader ]
	example notify-promote b INSTANCE klog MASTER 100
	is_status 0
	example notify-promote b INSTANCE klog BACKUP 50
	is_status 0
	run3 klog-produce b <<<2
	is_status 6
	example notify-promote b INSTANCE klog FAULT 50
	is_status 0
	example notify-promote b INSTANCE klog MASTER 100
	is_status 0
	echo 2 | klog-produce -q b
	echo 9 >c
	klog-replicate follow -q a b
	echo 2 >a/0/behind
	example notify-promote a INSTANCE klog MASTER 100
	is_status 6
	err_like '^klog-replicate: .*/a/0: the leader had offsets 1 to 1 '
	example notify-promote a INSTANCE klog UP 100
	is_status 2
	is_err 'notify-promote: UP: is no state'
}

@test "klog-replicate@.service" {
	unit=$KLOG_TOP/examples/klog-replicate@.service
	mkdir a
	klog-topic create a/orders
	seq 3 | klog-produce -q a/orders
	mkdir b
	line=$(sed -n 's/^ExecStart=//p' "$unit")
	line=${line//\/usr\/local\/bin/$KLOG_BIN}
	run=${line//%i/orders}
	run=${run//%H/host}
	run=${run/ -f / }
	run=${run/'${KLOG_SOURCE}:/var/lib/klog'/a}
	run3 bash -c "${run/\/var\/lib\/klog/b}"
	is_status 0
	run3 klog-consume b/orders
	is_out '1
2
3'
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
	sed "s|^ExecStart=.*|ExecStart=$line|" "$unit" >klog-replicate@.service
	run3 systemd-analyze verify --man=no ./klog-replicate@.service
	is_out ''
	is_status 0
}

@test "authorized_keys: what each line allows" {
	mkdir root
	klog-topic create root/t
	echo 1 | klog-produce -q root/t
	mkdir copies
	sed -n 's/^restrict,command="\([^"]*\)" ssh-ed25519 .*/\1/p' \
		"$KLOG_TOP/examples/authorized_keys" >lines
	[ "$(wc -l <lines)" -eq 3 ]
	[ "$(grep -c '^restrict' "$KLOG_TOP/examples/authorized_keys")" -eq 3 ]
	n=0
	while read -r line; do
		n=$((n + 1))
		line=${line/\/var\/lib\/klog/$T/root}
		printf '#!/bin/sh\nexec %s\n' "${line/\/srv\/copies/$T/copies}" \
			>"rsh$n"
		chmod 755 "rsh$n"
	done <lines
	run3 klog-replicate --rsh ./rsh1 --name me host:t one
	is_status 0
	run3 klog-replicate status --json root/t
	out_like '"name":"me"'
	run3 klog-replicate --rsh ./rsh2 --name spy host:t two
	is_status 0
	run3 klog-replicate status --json root/t
	! grep -q spy "$OUT" || false
	run3 klog-replicate --rsh ./rsh2 root/t host:t
	[ "$status" -ne 0 ]
	run3 klog-replicate --rsh ./rsh3 root/t host:t
	is_status 0
	run3 klog-consume copies/t
	is_out 1
	run3 klog-replicate --rsh ./rsh3 host:t three
	[ "$status" -ne 0 ]
}
