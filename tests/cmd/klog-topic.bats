#!/usr/bin/env bats
# klog-topic: every verb, option and refusal.

load helper
load examples

# Ids are random.
ID='[A-Za-z0-9_-]{22}'
KEYS='cleanup.policy compression.gzip.level compression.type compression.zstd.level delete.retention.ms flush.messages flush.ms index.interval.bytes max.compaction.lag.ms max.message.bytes message.timestamp.after.max.ms message.timestamp.type min.cleanable.dirty.ratio min.compaction.lag.ms min.insync.replicas replica.lag.time.max.ms retention.bytes retention.ms segment.bytes segment.index.bytes segment.ms'

# written: topic "written", id fixed, epochs 3 and 4.
# Partition 0: 10 records a second apart from offset 100, in batches of 5 (one
# of them gzip) and two segments, a commit marker, a hole of 9 offsets, one
# record more at offset 120.  Partition 1: nothing.
written() {
	PYTHONPATH=$KLOG_TOP/tests/interop python3 - <<-'PY'
		from kafkalog import Record
		from kafkawrite import Log, encode_batch, encode_marker, write_topic
		T = 1795341600000
		log = Log(100)
		raw = 0
		def batch(first, n, codec=0, **more):
		    global raw
		    recs = [Record(first + i, T + (first - 100 + i) * 1000,
		        None, b"v" * 100, []) for i in range(n)]
		    raw += len(encode_batch(recs))
		    return encode_batch(recs, codec, **more)
		log.add(batch(100, 5, epoch=3))
		log.roll()
		log.add(batch(105, 5, epoch=4, codec=1))
		raw += len(encode_marker(log.next, True, 7, 0, T))
		log.commit(7, 0, T + 60000)
		log.skip(9)
		log.add(batch(120, 1, epoch=4))
		write_topic("written", [log, Log()], retention_ms="86400000",
		    cleanup_policy="compact")
		print(raw, file=open("raw", "w"))
	PY
}

# json_is FILTER WANT: what jq makes of each line of stdout.
json_is() {
	local got

	got=$(jq -c "$1" "$OUT")
	[ "$got" = "$2" ] && return 0
	printf '%s is not %s but:\n%s\n' "$1" "$2" "$got"
	return 1
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to be somebody else"
}

# first_err TEXT: the first line of stderr.
first_err() {
	head -n 1 "$ERR" >first
	same 'first line of stderr' first "$1"
}

usage_of() {
	echo "usage: klog-topic $1"
}

# ---- the program ----

@test "no verb, an unknown verb, a near one" {
	run3 klog-topic
	is_status 2
	is_out ''
	first_err "klog-topic: a command is missing: one of create, list, describe, alter, delete, trim, offsets, seal, unseal, snapshot, wait, config"
	run3 klog-topic frobnicate
	is_status 2
	first_err "klog-topic: unknown command frobnicate; there are create, list, describe, alter, delete, trim, offsets, seal, unseal, snapshot, wait, config"
	run3 klog-topic crate
	is_status 2
	first_err "klog-topic: unknown command crate; did you mean create?"
}

@test "--help and --version of the program and of each verb" {
	run3 klog-topic --version
	is_status 0
	is_err ''
	out_like '^klog-topic \(klog\) [0-9.]+$'
	run3 klog-topic -h
	is_status 0
	is_err ''
	for verb in create list describe alter delete trim offsets seal unseal snapshot wait config; do
		out_like "klog-topic $verb"
	done
	for verb in create list describe alter delete trim offsets seal unseal snapshot wait config; do
		run3 klog-topic "$verb" --help
		is_status 0
		is_err ''
		out_like "^usage: klog-topic $verb "
	done
}

@test "unknown options and missing operands" {
	for verb in create describe alter offsets seal unseal snapshot wait; do
		run3 klog-topic "$verb"
		is_status 2
		is_out ''
		first_err "klog-topic: TOPIC is missing"
	done
	for verb in create list describe alter delete trim offsets seal unseal snapshot wait config; do
		run3 klog-topic "$verb" --frob t
		is_status 2
		first_err "klog-topic: unknown option --frob"
	done
	run3 klog-topic alter -p 2 a b
	is_status 2
	is_err "klog-topic: unexpected operand: b
$(usage_of 'alter [options] TOPIC')"
	run3 klog-topic list a b
	is_status 2
	run3 klog-topic config a
	is_status 2
}

# ---- create ----

@test "create: silent, one partition, all defaults" {
	run3 klog-topic create orders
	is_status 0
	is_out ''
	is_err ''
	run3 sed 's/^id=.*/id=X/' orders/topic.conf
	is_out $'version=1\nid=X\npartitions=1'
	run3 ls orders/0
	out_like '00000000000000000000.log'
}

@test "create: -p, -c, several topics, -v" {
	run3 klog-topic create -v -p 3 -c retention.ms=1h -c segment.bytes=1M \
	    -c retention.ms=2h --config compression.type=lz4 a b
	is_status 0
	is_out ''
	is_err "klog-topic: $T/a: made, partitions: 3
klog-topic: $T/b: made, partitions: 3"
	run3 sed 1,2d b/topic.conf
	is_out $'partitions=3\ncompression.type=lz4\nretention.ms=7200000\nsegment.bytes=1048576'
	[ "$(sed -n 2p a/topic.conf)" != "$(sed -n 2p b/topic.conf)" ]
	run3 ls b
	is_out $'0\n1\n2\ntopic.conf'
}

@test "create: one that is there; --if-not-exists" {
	klog-topic create a
	cp a/topic.conf before
	run3 klog-topic create a b
	is_status 3
	is_err "klog-topic: $T/a: is there already (--if-not-exists leaves it as it is)"
	[ -d b ]
	run3 klog-topic create --if-not-exists -p 7 a c
	is_status 0
	is_err ''
	cmp before a/topic.conf
	[ -d c/6 ]
	run3 klog-topic create -v --if-not-exists a
	is_status 0
	is_err "klog-topic: $T/a: is there"
}

@test "create: a file, a link or a plain directory has the name" {
	mkdir dir
	: >file
	ln -s nowhere link
	for name in file link; do
		run3 klog-topic create "$name"
		is_status 3
		is_err "klog-topic: $T/$name: File exists"
		run3 klog-topic create --if-not-exists "$name"
		is_status 3
		is_err "klog-topic: $T/$name: is not a topic: not a directory, or a symbolic link"
	done
	run3 klog-topic create --if-not-exists dir
	is_status 3
	is_err "klog-topic: $T/dir: is not a topic: it has no topic.conf"
	[ -z "$(ls -A dir)" ]
}

@test "create: bad names touch nothing, not even the good ones" {
	for bad in . .. '' 'a b' 'a:b' 'a*' $'a\nb' é "$(printf '%0250d' 0)"; do
		run3 klog-topic create good "$bad"
		is_status 2
		is_out ''
		err_like '^klog-topic: '
		err_like 'usage: klog-topic create \[options\] TOPIC...$'
	done
	run3 klog-topic create 'a b'
	is_err "klog-topic: \"a b\" is not a topic's name: only A-Z a-z 0-9 . _ - may be in it
$(usage_of 'create [options] TOPIC...')"
	[ -z "$(klog-topic list)" ]
	run3 klog-topic create "$(printf '%0249d' 0)" ...
	is_status 0
}

@test "create: bad numbers and settings touch nothing" {
	for n in 0 -1 +1 1x '' 100001 1e3 99999999999999999999 ' 1'; do
		run3 klog-topic create -p "$n" a
		is_status 2
		is_err "klog-topic: -p: \"$n\" is not a number from 1 to 100000
$(usage_of 'create [options] TOPIC...')"
	done
	run3 klog-topic create -c retention.mss=1 a
	is_status 2
	is_err "klog-topic: retention.mss: no such setting; there are $KEYS
$(usage_of 'create [options] TOPIC...')"
	run3 klog-topic create -c retention.ms a
	is_status 2
	is_err "klog-topic: -c: \"retention.ms\" is not key=value
$(usage_of 'create [options] TOPIC...')"
	for bad in retention.ms=1y retention.ms= retention.ms=-2 segment.bytes=1 \
	    compression.type=rar 'cleanup.policy=compact,' =1 \
	    min.cleanable.dirty.ratio=2 max.message.bytes=2G; do
		run3 klog-topic create -c "$bad" a
		is_status 2
		is_out ''
	done
	run3 klog-topic create -c compression.type=rar a
	is_err "klog-topic: compression.type: \"rar\" is not one of none, gzip, snappy, lz4, zstd, producer
$(usage_of 'create [options] TOPIC...')"
	run3 klog-topic create -c segment.bytes=1M -c max.message.bytes=2M a
	is_status 2
	is_err "klog-topic: max.message.bytes: larger than segment.bytes (1048576)
$(usage_of 'create [options] TOPIC...')"
	[ -z "$(ls)" ]
}

@test "create: no such directory, a file in the way, no permission" {
	need_root
	: >file
	mkdir closed
	run3 klog-topic create gone/a
	is_status 3
	is_err "klog-topic: gone/a: directory gone/: No such file or directory"
	run3 klog-topic create file/a
	is_status 3
	is_err "klog-topic: file/a: directory file/: Not a directory"
	run3 unprivileged klog-topic create closed/a
	is_status 3
	is_err "klog-topic: closed/a: Permission denied"
	[ -z "$(ls -A closed)" ]
}

@test "create: a file system without known locks; --unsafe-fs" {
	# procfs is none of those on which locks hold; nothing can be made there.
	run3 klog-topic create /proc/a
	is_status 3
	is_err "klog-topic: /proc/a: is on a file system whose locks and syncs are not known to hold; --unsafe-fs writes all the same"
	run3 klog-topic create --unsafe-fs /proc/a
	is_status 3
	is_err "klog-topic: /proc/a: No such file or directory"
	run3 klog-topic create --unsafe-fs a
	is_status 0
}

@test "create: a full disk leaves nothing behind" {
	mkdir small
	mount -t tmpfs -o size=64k,nr_inodes=40 none small 2>/dev/null ||
	    skip "tmpfs can't be mounted here"
	run3 klog-topic create -p 100 small/a
	left=$(ls -A small)
	umount small
	is_status 3
	err_like '^klog-topic: small/a.*: No space left on device$'
	[ -z "$left" ]
}

# ---- where topics are ----

@test "a name is looked up under --dir, else \$KLOG_DIR, else here" {
	mkdir x y
	(cd y && env -u KLOG_DIR klog-topic create here)
	(cd y && KLOG_DIR='' klog-topic create empty)
	KLOG_DIR=$T/x klog-topic create env
	KLOG_DIR=$T/x klog-topic create --dir y option
	KLOG_DIR=$T/x klog-topic --dir y create before
	KLOG_DIR=$T/x klog-topic create --dir y ./path/../y/path 2>/dev/null ||
	    klog-topic create y/path
	run3 ls x y
	is_out $'x:\nenv\n\ny:\nbefore\nempty\nhere\noption\npath'
	(cd y && KLOG_DIR=. run3 klog-topic describe gone; is_err \
	    'klog-topic: gone: no such topic')
	run3 klog-topic describe --dir y/// gone
	is_err 'klog-topic: y/gone: no such topic'
	run3 klog-topic describe --dir / gone
	is_err 'klog-topic: /gone: no such topic'
}

# ---- list ----

@test "list: names in order, topics only" {
	klog-topic create b a B c.d
	mkdir dir .hidden
	: >file
	ln -s a link
	run3 klog-topic list
	is_status 0
	is_out $'B\na\nb\nc.d'
	is_err ''
	run3 klog-topic list dir
	is_status 0
	is_out ''
	cd dir
	run3 klog-topic list ..
	is_out $'B\na\nb\nc.d'
	run3 klog-topic list --dir ..
	is_out $'B\na\nb\nc.d'
}

@test "list --json" {
	klog-topic create -p 2 a
	klog-topic create b
	run3 klog-topic list --json
	is_status 0
	[[ $out =~ ^\{\"topic\":\"a\",\"id\":\"$ID\",\"partitions\":2,\"role\":\"leader\"\}$'\n'\{\"topic\":\"b\",\"id\":\"$ID\",\"partitions\":1,\"role\":\"leader\"\}$ ]]
	echo broken >a/topic.conf
	run3 klog-topic list --json
	is_status 4
	is_err "klog-topic: $T/a/topic.conf: line 1: is not key=value"
	[ "$(jq -r .topic <<<"$out")" = b ]
}

@test "list: no such directory, a file, no permission" {
	need_root
	: >file
	mkdir -m 700 closed
	run3 klog-topic list gone
	is_status 3
	is_out ''
	is_err 'klog-topic: gone: No such file or directory'
	run3 klog-topic list file
	is_status 3
	is_err 'klog-topic: file: Not a directory'
	run3 unprivileged klog-topic list closed
	is_status 3
	is_err 'klog-topic: closed: Permission denied'
}

# ---- describe ----

@test "describe: an empty topic" {
	klog-topic create -p 2 -c retention.ms=1h a
	run3 klog-topic describe a
	is_status 0
	is_err ''
	out=$(sed -E "1s/id=$ID /id=X /" <<<"$out")
	[ "$out" = "$T/a  id=X  partitions=2  retention.ms=3600000
PARTITION  START  END  HIGH-WATERMARK  RECORDS<=  BYTES  SEGMENTS  FIRST  LAST  EPOCH  ROLE
        0      0    0               0          0      0         1  -      -         -  leader
        1      0    0               0          0      0         1  -      -         -  leader" ]
}

@test "describe: what another writer left" {
	written
	bytes=$(cat written/0/*.log | wc -c)
	run3 klog-topic describe written
	is_status 0
	is_err ''
	is_out "$T/written  id=MDEyMzQ1Njc4OWFiY2RlZg  partitions=2  cleanup.policy=compact  retention.ms=86400000
PARTITION  START  END  HIGH-WATERMARK  RECORDS<=  BYTES  SEGMENTS  FIRST                     LAST                      EPOCH  ROLE
        0    100  121             121         21    $bytes         2  2026-11-22T10:00:00.000Z  2026-11-22T10:00:20.000Z      4  leader
        1      0    0               0          0      0         1  -                         -                             -  leader"
}

@test "describe --ratio counts records and raw bytes" {
	written
	raw=$(cat raw)
	bytes=$(cat written/0/*.log | wc -c)
	run3 klog-topic describe --ratio -p 0 written
	is_status 0
	is_err ''
	ratio=$(awk -v a="$raw" -v b="$bytes" 'BEGIN { printf "%.2f", a / b }')
	is_out "$T/written  id=MDEyMzQ1Njc4OWFiY2RlZg  partitions=2  cleanup.policy=compact  retention.ms=86400000
PARTITION  START  END  HIGH-WATERMARK  RECORDS  BYTES  SEGMENTS  FIRST                     LAST                      EPOCH  ROLE     RAW  RATIO
        0    100  121             121       11    $bytes         2  2026-11-22T10:00:00.000Z  2026-11-22T10:00:20.000Z      4  leader  $raw   $ratio"
	run3 klog-topic describe --json --ratio -p 0 written
	is_status 0
	json_is '[.records, .records_exact, .stored_bytes, .raw_bytes]' \
	    "[11,true,$bytes,$raw]"
	run3 klog-topic describe -q --progress --ratio -p 1 written
	is_status 0
	is_err ''
	out_like ' leader    0      -$'
}

@test "describe --json: one object a partition" {
	written
	bytes=$(cat written/0/*.log | wc -c)
	run3 klog-topic describe --json written
	is_status 0
	is_err ''
	is_out '{"topic":"written","id":"MDEyMzQ1Njc4OWFiY2RlZg","partition":0,"log_start":100,"log_end":121,"high_watermark":121,"records":21,"records_exact":false,"bytes":'"$bytes"',"segments":2,"first_timestamp":1795341600000,"last_timestamp":1795341620000,"leader_epoch":4,"role":"leader","in_sync":[],"followers":[],"settings":{"cleanup.policy":"compact","retention.ms":86400000}}
{"topic":"written","id":"MDEyMzQ1Njc4OWFiY2RlZg","partition":1,"log_start":0,"log_end":0,"high_watermark":0,"records":0,"records_exact":false,"bytes":0,"segments":1,"first_timestamp":null,"last_timestamp":null,"leader_epoch":null,"role":"leader","in_sync":[],"followers":[],"settings":{"cleanup.policy":"compact","retention.ms":86400000}}'
}

@test "describe: the log begins within a batch" {
	written
	echo 103 >written/0/log-start-offset
	run3 klog-topic describe --json --ratio -p 0 written
	is_status 0
	json_is '[.log_start, .records, .first_timestamp]' \
	    '[103,8,1795341603000]'
}

@test "describe -p, several topics, some missing" {
	klog-topic create -p 4 a
	klog-topic create b
	run3 klog-topic describe --json -p 3,0-1 a
	is_status 0
	json_is .partition $'0\n1\n3'
	run3 klog-topic describe -p 2-4 a
	is_status 3
	is_out ''
	is_err "klog-topic: $T/a: has no partition 4; the last is 3"
	run3 klog-topic describe -p 1- a
	is_status 2
	is_err "klog-topic: -p: \"1-\" is not a list of partitions such as 0,2,5-7
$(usage_of 'describe [options] TOPIC...')"
	run3 klog-topic describe gone a gone2 b
	is_status 3
	is_err "klog-topic: $T/gone: no such topic
klog-topic: $T/gone2: no such topic"
	[ "$(grep -c ^PARTITION "$OUT")" = 2 ]
	[ "$(grep -c '^$' "$OUT")" = 1 ]
}

@test "describe, offsets, alter, delete: what is no topic" {
	mkdir dir
	: >file
	klog-topic create real
	ln -s real link
	for verb in describe offsets 'alter -p 2' 'delete -f'; do
		# shellcheck disable=SC2086
		{
			run3 klog-topic $verb gone
			is_status 3
			is_out ''
			is_err "klog-topic: $T/gone: no such topic"
			for name in file link; do
				run3 klog-topic $verb "$name"
				is_status 3
				is_err "klog-topic: $T/$name: is not a topic: not a directory, or a symbolic link"
			done
			run3 klog-topic $verb dir
			is_status 3
			is_err "klog-topic: $T/dir: is not a topic: it has no topic.conf"
			run3 klog-topic $verb 'a b'
			is_status 2
		}
	done
	[ -d dir ]
	[ -f file ]
	[ -L link ]
	[ -d real/0 ]
}

@test "damage is told with its place, and the other partitions are" {
	written
	printf 'X' | dd of=written/0/00000000000000000100.log bs=1 seek=200 \
	    conv=notrunc status=none
	run3 klog-topic describe written
	is_status 4
	is_err "klog-topic: $T/written/0/00000000000000000100.log: position 0: offset 100: checksum mismatch or damaged header (klog-check $T/written tells how to go on)"
	out_like '  1      0    0'
	run3 klog-topic offsets written
	is_status 0
	run3 klog-topic offsets -o @1795341601000 written
	is_status 4
}

@test "no permission to read or to change" {
	need_root
	written
	klog-topic create mine
	chmod 700 mine
	run3 unprivileged klog-topic describe mine
	is_status 3
	is_err "klog-topic: $T/mine: Permission denied"
	run3 unprivileged klog-topic offsets mine
	is_status 3
	chmod 755 mine
	run3 unprivileged klog-topic offsets written
	is_status 0
	run3 unprivileged klog-topic alter -c retention.ms=1h mine
	is_status 3
	err_like 'Permission denied$'
	run3 unprivileged klog-topic delete -f mine
	is_status 3
	is_err "klog-topic: $T/mine: Permission denied"
	[ -d mine/0 ]
}

# ---- alter ----

@test "alter: -c, --unset, silent" {
	klog-topic create -c retention.ms=1h -c segment.bytes=1M a
	run3 klog-topic alter -c retention.bytes=10M --unset retention.ms \
	    -c compression.type=none a
	is_status 0
	is_out ''
	is_err ''
	run3 sed 1,2d a/topic.conf
	is_out $'partitions=1\ncompression.type=none\nretention.bytes=10485760\nsegment.bytes=1048576'
	run3 klog-topic alter -v --unset segment.bytes --unset flush.ms a
	is_status 0
	is_err "klog-topic: $T/a: changed"
	run3 sed 1,3d a/topic.conf
	is_out $'compression.type=none\nretention.bytes=10485760'
}

@test "alter -p: may only grow, and warns" {
	klog-topic create -p 2 a
	id=$(sed -n 2p a/topic.conf)
	run3 klog-topic alter -p 4 a
	is_status 0
	is_out ''
	is_err "klog-topic: $T/a: 4 partitions, 2 before: from now on keys map to other partitions"
	[ -f a/3/00000000000000000000.log ]
	[ "$(sed -n 2p a/topic.conf)" = "$id" ]
	run3 klog-topic alter -q -p 5 a
	is_status 0
	is_err ''
	run3 klog-topic alter -p 5 a
	is_status 0
	is_err ''
	run3 klog-topic alter -p 3 -c retention.ms=1h a
	is_status 2
	is_err "klog-topic: -p 3: there are 5 partitions, and none can be taken away
$(usage_of 'alter [options] TOPIC')"
	run3 sed 1,2d a/topic.conf
	is_out partitions=5
}

@test "alter: what is wrong is found before anything is touched" {
	klog-topic create a
	cp a/topic.conf before
	run3 klog-topic alter a
	is_status 2
	is_err "klog-topic: nothing to change: give -c, --unset or -p
$(usage_of 'alter [options] TOPIC')"
	run3 klog-topic alter -c retention.ms=1h --unset retention.ms a
	is_status 2
	is_err "klog-topic: retention.ms: both set and unset
$(usage_of 'alter [options] TOPIC')"
	run3 klog-topic alter -c retention.ms=1h --unset frob gone
	is_status 2
	is_err "klog-topic: frob: no such setting; there are $KEYS
$(usage_of 'alter [options] TOPIC')"
	run3 klog-topic alter -c retention.ms=1h -c segment.bytes=1 a
	is_status 2
	is_err "klog-topic: segment.bytes: \"1\" is not a size (64k, 1M) in bytes from 4096 to 2147483647
$(usage_of 'alter [options] TOPIC')"
	run3 klog-topic alter -c segment.bytes=4k -c max.message.bytes=1M a
	is_status 2
	is_err "klog-topic: max.message.bytes: larger than segment.bytes (4096)
$(usage_of 'alter [options] TOPIC')"
	for n in 0 x -2 100001; do
		run3 klog-topic alter -p "$n" a
		is_status 2
	done
	cmp before a/topic.conf
}

@test "alter: the lock is held: wait for --timeout, then exit 5" {
	klog-topic create a
	cp a/topic.conf before
	exec 9>>a/0/lock
	flock 9
	run3 klog-topic alter --timeout 10ms -c retention.ms=1h a 9>&-
	exec 9>&-
	is_status 5
	err_like "^klog-topic: $T/a/0/lock: "
	run3 klog-topic alter --timeout -1 -c retention.ms=1h a
	is_status 2
	cmp before a/topic.conf
}

@test "alter: a topic of another writer" {
	written
	run3 klog-topic alter -c retention.ms=1h -p 3 written
	is_status 0
	run3 klog-topic offsets --json written
	is_out '{"topic":"written","partition":0,"earliest":100,"latest":121}
{"topic":"written","partition":1,"earliest":0,"latest":0}
{"topic":"written","partition":2,"earliest":0,"latest":0}'
}

# ---- delete ----

@test "delete: without a terminal only with -f" {
	klog-topic create a
	run3 klog-topic delete a </dev/null
	is_status 2
	is_out ''
	is_err "klog-topic: standard input is not a terminal, nobody can be asked: -f deletes without asking
$(usage_of 'delete [options] TOPIC...')"
	[ -d a ]
	run3 klog-topic delete -f a
	is_status 0
	is_out ''
	is_err ''
	[ ! -e a ]
	[ "$(ls -A)" = .run3 ]
}

@test "delete: the others go; --if-exists; -v" {
	klog-topic create a b
	mkdir dir
	run3 klog-topic delete -f -v a gone dir b
	is_status 3
	is_err "klog-topic: $T/a: deleted
klog-topic: $T/gone: no such topic
klog-topic: $T/dir: is not a topic: it has no topic.conf
klog-topic: $T/b: deleted"
	[ ! -e a ]
	[ ! -e b ]
	[ -d dir ]
	run3 klog-topic delete -f --if-exists gone
	is_status 0
	is_err ''
	run3 klog-topic delete -f --if-exists gone dir
	is_status 3
	is_err "klog-topic: $T/dir: is not a topic: it has no topic.conf"
}

@test "delete: a bad name stops it before anything is touched" {
	klog-topic create a
	run3 klog-topic delete -f a ..
	is_status 2
	[ -d a ]
}

# answer TEXT TOPIC...: run delete on a terminal on which TEXT is typed.
answer() {
	on_terminal "$1" klog-topic delete "${@:2}"
}

@test "delete: asks on a terminal, for each topic" {
	klog-topic create -p 2 a b c
	run3 answer $'y\nn\nYES\n' a b c
	is_status 1
	out_like "klog-topic: delete $T/a, partitions: 2\\? \\[y/N\\] "
	[ ! -e a ]
	[ -d b ]
	[ ! -e c ]
	run3 answer $'\x04' b
	is_status 1
	[ -d b ]
	run3 answer $'y\n' b
	is_status 0
	[ ! -e b ]
}

# ---- offsets ----

@test "offsets: earliest and latest" {
	written
	run3 klog-topic offsets written
	is_status 0
	is_err ''
	is_out 'PARTITION  EARLIEST  LATEST
        0       100     121
        1         0       0'
	run3 klog-topic offsets --json -p 1 written
	is_out '{"topic":"written","partition":1,"earliest":0,"latest":0}'
}

@test "offsets -o: start, end, N, +N, -N within the log" {
	written
	while read -r spec first second; do
		run3 klog-topic offsets --json -o "$spec" written
		is_status 0
		is_err ''
		is_out "{\"topic\":\"written\",\"partition\":0,\"offset\":$first}
{\"topic\":\"written\",\"partition\":1,\"offset\":$second}"
	done <<-'END'
		start 100 0
		end 121 0
		0 100 0
		110 110 0
		9223372036854775807 121 0
		+0 100 0
		+5 105 0
		+9223372036854775807 121 0
		-0 121 0
		-5 116 0
		-9223372036854775807 100 0
	END
	run3 klog-topic offsets -o +5 written
	is_out 'PARTITION  OFFSET
        0     105
        1       0'
}

@test "offsets -o @T: the first record at or after it" {
	written
	while read -r spec offset stamp; do
		run3 klog-topic offsets --json -p 0 -o "$spec" written
		is_status 0
		is_out "{\"topic\":\"written\",\"partition\":0,\"offset\":$offset,\"timestamp\":$stamp}"
	done <<-'END'
		@1795341599999 100 1795341600000
		@1795341600000 100 1795341600000
		@1795341600001 101 1795341601000
		@1795341605 105 1795341605000
		@2026-11-22T10:00:09Z 109 1795341609000
		@1795341609001 120 1795341620000
		@1795341620000 120 1795341620000
		@1795341620001 121 null
	END
	run3 klog-topic offsets -o @2026-11-22T10:00:09Z written
	is_out 'PARTITION  OFFSET  TIMESTAMP
        0     109  2026-11-22T10:00:09.000Z
        1       0  -'
}

@test "offsets, describe: what klog-produce wrote, segment by segment" {
	klog-topic create -c segment.bytes=4k -c compression.type=none a
	for hour in 10 11 12; do
		seq 2000 | klog-produce -t "2026-11-22T$hour:00Z" a
	done
	run3 klog-topic describe --json a
	is_status 0
	json_is '[.log_end, .records, .segments > 2, .leader_epoch]' \
	    '[6000,6000,true,0]'
	json_is '[.first_timestamp, .last_timestamp]' \
	    '[1795341600000,1795348800000]'
	for want in '0 @2026-11-22T09:00Z' '0 @2026-11-22T10:00Z' \
	    '2000 @2026-11-22T10:00:00.001Z' '4000 @2026-11-22T12:00Z' \
	    '6000 @2026-11-22T12:00:01Z' '5990 -10'; do
		run3 klog-topic offsets --json -o "${want#* }" a
		is_status 0
		json_is .offset "${want%% *}"
	done
}

@test "offsets: bad SPECs" {
	klog-topic create a
	for spec in begin 1.5 -x +-1 '' 99999999999999999999 @ @noon; do
		run3 klog-topic offsets -o "$spec" a
		is_status 2
		is_out ''
		is_err "klog-topic: -o: \"$spec\" is not a range: start, end, N, A:B, :B, N:end, +N, -N, @T, @T1:T2 or @T:end
$(usage_of 'offsets [options] TOPIC')"
	done
	for spec in 1:2 :2 1:end @1795341600:1795341601; do
		run3 klog-topic offsets -o "$spec" a
		is_status 2
		is_err "klog-topic: -o: only a start can be looked up: start, end, N, +N, -N or @TIME
$(usage_of 'offsets [options] TOPIC')"
	done
	run3 klog-topic offsets -p 1 a
	is_status 3
	is_err "klog-topic: $T/a: has no partition 1; the last is 0"
}

# ---- config ----

@test "config: every key once" {
	run3 klog-topic config
	is_status 0
	is_err ''
	[ "$(awk 'NR == 1' "$OUT")" = "KEY                             TYPE      DEFAULT              MEANING" ]
	[ "$(awk 'NR > 1 { printf "%s%s", s, $1; s = " " }' "$OUT")" = "$KEYS" ]
	grep -qx 'retention.ms                    duration  7d                   keep records this long' "$OUT"
	grep -qx 'segment.bytes                   size      1G                   start a new segment file at this size' "$OUT"
}

@test "config: what it prints as defaults is taken by -c" {
	run3 klog-topic config
	args=()
	while read -r key _ value _; do
		[ "$key" = KEY ] || args+=(-c "$key=$value")
	done <"$OUT"
	run3 klog-topic create "${args[@]}" a
	is_status 0
	run3 klog-topic config --json
	is_status 0
	jq -r '"\(.key)=\(.default)"' "$OUT" >want
	sed 1,3d a/topic.conf | sed 's/=0.500000$/=0.5/' >got
	sed -i 's/\(=0.5\)0*$/\1/; s/9223372036854775807/N/; s/92233720368547760../N/' want got
	diff -u want got
}

@test "config --json: types, limits, values" {
	run3 klog-topic config --json
	is_status 0
	cp "$OUT" all
	run3 grep -E '"(retention.bytes|compression.type|cleanup.policy)"' all
	is_out '{"key":"cleanup.policy","type":"list","default":"delete","values":["delete","compact"],"meaning":"what may go: delete (old segments), compact (old values), or both"}
{"key":"compression.type","type":"choice","default":"zstd","values":["none","gzip","snappy","lz4","zstd","producer"],"meaning":"codec of new batches"}
{"key":"retention.bytes","type":"size","default":-1,"min":0,"max":9223372036854775807,"unlimited":true,"meaning":"keep at least this much of each partition"}'
}

# ---- the manual, stdout ----

@test "the examples of the manual page run" {
	examples_run klog-topic.1
	[ -z "$(klog-topic list)" ]
}

@test "a full stdout is an error of every verb that prints" {
	klog-topic create a
	for verb in list 'list --json' 'describe a' 'describe --json a' \
	    'offsets a' 'offsets --json -o end a' config 'config --json' \
	    --help --version; do
		status=0
		# shellcheck disable=SC2086
		klog-topic $verb >/dev/full 2>err || status=$?
		[ "$status" -eq 3 ]
		[ "$(cat err)" = "klog-topic: stdout: No space left on device" ]
		status=0
		# shellcheck disable=SC2086
		klog-topic $verb >&- 2>err || status=$?
		[ "$status" -eq 3 ]
		[ "$(cat err)" = "klog-topic: stdout: Bad file descriptor" ]
	done
}
