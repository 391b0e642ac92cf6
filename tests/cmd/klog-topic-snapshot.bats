#!/usr/bin/env bats
# klog-topic snapshot: a second topic at once, that shares nothing that is
# written to.

load helper

# filled TOPIC: two partitions, several segments in each, a group.
filled() {
	klog-topic create -p 2 -c segment.bytes=64k -c compression.type=none "$1"
	seq 30000 | klog-produce --batch-bytes 8k "$1"
	klog-consume -n 1 -g g "$1" >/dev/null
	klog-group reset -g g --to 7 -p 0 "$1" >/dev/null
	klog-group reset -g g --to 9 -p 1 "$1" >/dev/null
}

good() {
	run3 klog-check --deep "$@"
	is_status 0
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to be somebody else"
}

# inodes TOPIC: of all files of segments.
inodes() {
	stat -c %i "$1"/*/*.log "$1"/*/*index | sort
}

@test "snapshot: the same records and settings, another id, a leader" {
	filled a
	klog-topic seal a
	run3 klog-topic snapshot a b
	is_status 0
	is_out ''
	is_err ''
	[ "$(klog-consume -F '%p %o %T %s\n' a | sort | sha256sum)" = \
	    "$(klog-consume -F '%p %o %T %s\n' b | sort | sha256sum)" ]
	diff <(grep -v ^id= a/topic.conf) <(grep -v ^id= b/topic.conf)
	[ "$(sed -n 2p a/topic.conf)" != "$(sed -n 2p b/topic.conf)" ]
	[ ! -e b/role ]
	good a b
	run3 klog-group describe --json b
	[ "$(jq -c '[.partition, .committed]' "$OUT")" = '[0,7]
[1,9]' ]
	echo x | klog-produce b
	run3 klog-produce a </etc/passwd
	is_status 6
}

@test "snapshot: no record is copied, sealed files are shared" {
	filled a
	klog-topic snapshot a b
	for f in b/0/*.log; do
		[ -s "$f" ] || continue
		[ "$f" -ef "a/${f#b/}" ]
	done
	[ "$(find b -name '*.log' -links 1 -size +0 | wc -l)" -eq 0 ]
	[ "$(find b -name '*.log' -links 1 | wc -l)" -eq 2 ]
	[ ! b/0/lock -ef a/0/lock ]
	[ ! b/0/state -ef a/0/state ]
}

@test "snapshot: an empty topic, one that was trimmed to its end" {
	klog-topic create -p 2 a
	klog-topic snapshot a b
	good a b
	seq 3 | klog-produce -p 0 b
	good b
	klog-topic trim -o end b
	klog-topic snapshot b c
	good b c
	run3 klog-topic offsets -p 0 --json c
	[ "$(jq -c '[.earliest, .latest]' "$OUT")" = '[3,3]' ]
	echo 4 | klog-produce -p 0 c
	run3 klog-consume -F '%o %s\n' c
	is_out '3 4'
	good b c
}

@test "snapshot: of a snapshot, and both go on by themselves" {
	filled a
	klog-topic snapshot a b
	klog-topic snapshot b c
	seq 5 | klog-produce a
	seq 10 | klog-produce b
	good a b c
	[ "$(klog-consume -c a) $(klog-consume -c b) $(klog-consume -c c)" = \
	    '30005 30010 30000' ]
	klog-topic delete -f a
	good b c
	klog-topic delete -f b
	good c
	[ "$(klog-consume -c c)" = 30000 ]
	[ "$(find c -name '*.log' -links +1 | wc -l)" -eq 0 ]
}

@test "snapshot: retention and trim of one leave the other" {
	filled a
	klog-topic snapshot a b
	klog-topic alter -c retention.bytes=64k a
	klog-clean a >/dev/null
	klog-topic trim -o 20 -p 0 b
	good a b
	run3 klog-topic offsets --json -p 0 b
	[ "$(jq .earliest "$OUT")" = 20 ]
	[ "$(klog-consume -c -p 1 b)" -gt "$(klog-consume -c -p 1 a)" ]
	klog-topic alter -c retention.bytes=1 b
	klog-clean b >/dev/null
	good a b
}

@test "snapshot: indexes are mended without touching the other's" {
	filled a
	klog-topic snapshot a b
	index=$(find b/0 -name '*.timeindex' -links 2 -size +0 | sort | head -n 1)
	sum=$(sha256sum <"$index")
	# What is damaged here is damaged there: it is one file.
	printf 'xxxxxxxxxxxx' >>"$index"
	run3 klog-check b
	is_status 4
	klog-check -q --repair=index b
	good b
	run3 klog-check a
	is_status 4
	[ ! "$index" -ef "a/${index#b/}" ]
	klog-check -q --repair=index a
	good a b
	[ "$(sha256sum <"a/${index#b/}")" = "$sum" ]
	# The state gone and the recovery point too: all is verified and
	# written anew, but for the records.
	rm a/0/state a/0/recovery-point
	before=$(cat b/0/*.timeindex b/0/*.log | sha256sum)
	seq 5 | klog-produce -p 0 a
	[ "$(cat b/0/*.timeindex b/0/*.log | sha256sum)" = "$before" ]
	good a b
}

@test "snapshot: a .log with several names is never cut" {
	klog-topic create a
	seq 3 | klog-produce a
	klog-topic snapshot a b
	log=00000000000000000000.log
	# As if the machine had been lost before all of it was on disk.
	printf 'torn' >>a/0/$log
	rm a/0/state a/0/recovery-point a/0/*3.log a/0/*3.*index
	run3 klog-produce a < <(seq 2)
	is_status 3
	is_err "klog-produce: $T/a/0/$log: has 2 names (snapshots, hard links): what is cut off one is gone from all; make it a copy of its own first (cp -p F F.own && mv F.own F); 0 records are safe; go on from line 1 of stdin"
	(cd a/0 && cp -p $log $log.own && mv $log.own $log)
	run3 klog-produce a < <(seq 2)
	is_status 0
	good a
	[ "$(tail -c 4 b/0/$log)" = torn ]
}

@test "snapshot: damage is salvaged into a file of its own" {
	filled a
	klog-topic snapshot a b
	log=$(find a/0 -name '*.log' -links 2 | sort | sed -n 2p)
	printf '\377' | dd of="$log" bs=1 seek=5000 conv=notrunc status=none
	sum=$(sha256sum <"b/${log#a/}")
	run3 klog-check a
	is_status 4
	run3 klog-check --repair=salvage a
	good a
	[ "$(sha256sum <"b/${log#a/}")" = "$sum" ]
	[ ! "$log" -ef "b/${log#a/}" ]
}

@test "snapshot: NEW is there, is a link, has no folder, is no name" {
	klog-topic create a b
	ln -s nowhere link
	: >file
	mkdir dir
	for new in b link file dir a; do
		run3 klog-topic snapshot a $new
		is_status 3
		is_out ''
		is_err "klog-topic: $T/$new: is there already"
	done
	run3 klog-topic snapshot a gone/c
	is_status 3
	is_err "klog-topic: gone/c: directory gone/: No such file or directory"
	run3 klog-topic snapshot gone c
	is_status 3
	is_err "klog-topic: $T/gone: no such topic"
	run3 klog-topic snapshot a 'x y'
	is_status 2
	run3 klog-topic snapshot a
	is_status 2
	is_err "klog-topic: NEW is missing after a
usage: klog-topic snapshot [options] TOPIC NEW"
	[ "$(ls -A)" = "$(printf '%s\n' .run3 a b dir file link)" ]
}

@test "snapshot: another file system" {
	[ "$(stat -c %d /dev/shm)" != "$(stat -c %d "$T")" ] || skip "one only"
	klog-topic create a
	there=$(mktemp -d /dev/shm/klog-test.XXXXXX)
	run3 klog-topic snapshot a "$there/b"
	left=$(ls -A "$there")
	rmdir "$there"
	is_status 3
	is_err "klog-topic: $there/b: is not on the file system of $T/a, whose segments it would share: take the snapshot there, and copy that"
	[ -z "$left" ]
}

@test "snapshot: somebody else's topic; root's are its owner's" {
	need_root
	filled a
	chmod 755 "$T"
	mkdir -m 1777 open
	run3 setpriv --reuid=65534 --regid=65534 --clear-groups \
	    klog-topic snapshot a "$T/open/b"
	is_status 3
	err_like "Permission denied$"
	[ -z "$(ls -A open)" ]
	chmod -R go+w a
	run3 setpriv --reuid=65534 --regid=65534 --clear-groups \
	    klog-topic snapshot a "$T/open/b"
	is_status 3
	[ -z "$(ls -A open)" ]
	chmod -R go-w a
	chown -R 65534:65534 a
	chmod 750 a
	klog-topic snapshot a b
	[ "$(find b ! -user 65534 | wc -l)" -eq 0 ]
	[ "$(stat -c %a b)" = 750 ]
	good b
	setpriv --reuid=65534 --regid=65534 --clear-groups \
	    klog-produce b < <(seq 3)
}

@test "snapshot: who cleans is waited for, and named" {
	filled a
	flock a/1/clean.lock sleep 60 &
	pid=$!
	until_true sh -c '! flock -n a/1/clean.lock true'
	run3 klog-topic snapshot --timeout 10ms a b
	is_status 5
	err_like "^klog-topic: $T/a/1/clean.lock: locked by process [0-9]+ \(flock\)$"
	[ ! -e b ]
	[ "$(find . -name '.*.new' | wc -l)" -eq 0 ]
	pkill -P "$pid"
	wait "$pid" || true
	run3 klog-topic snapshot a b
	is_status 0
	good a b
}

@test "snapshot: a full disk leaves nothing" {
	need_root
	unshare -m true 2>/dev/null || skip "may not mount"
	cat >full.sh <<-'END'
		mount -t tmpfs -o size=400k none "$T/disk" && cd "$T/disk" || exit 9
		export KLOG_DIR=$T/disk
		klog-topic create -p 2 a && seq 100 | klog-produce a || exit 9
		dd if=/dev/zero of=filler bs=4k 2>/dev/null
		klog-topic snapshot a b
		echo "status $?"
		ls -A
		rm filler
		klog-topic snapshot a b && klog-check -q --deep a b && echo good
	END
	mkdir disk
	run3 unshare -m sh full.sh
	is_status 0
	err_like 'No space left on device$'
	is_out 'status 3
a
filler
good'
}

@test "snapshot: while many produce and others take some too" {
	klog-topic create -p 3 -c segment.bytes=256k a
	: >go
	for i in 1 2 3 4; do
		(n=0; while [ -e go ]; do
			n=$((n + 1)); seq -f "$i %.0f" $((n * 100)) \
			    $((n * 100 + 99))
		done) | klog-produce -K ' ' a &
	done
	until_true sh -c '[ -s a/0/00000000000000000000.log ]'
	pids=
	for i in 1 2 3 4 5 6 7 8; do
		klog-topic snapshot a "s$i" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid"
	done
	rm go
	wait
	good a s1 s2 s3 s4 s5 s6 s7 s8
	# A prefix of each partition, and nothing twice.
	for i in 1 4 8; do
		for p in 0 1 2; do
			klog-consume -p $p -F '%o %k %s\n' "s$i" >got
			klog-consume -p $p -F '%o %k %s\n' a |
			    head -n "$(wc -l <got)" | cmp - got
		done
	done
}

@test "snapshot: killed at any time, it is there whole or not at all" {
	filled a
	for n in $(seq 40); do
		timeout -s KILL "0.00$((n % 10))$n" klog-topic snapshot a b ||
		    true
		if [ -e b ]; then
			klog-check -q --deep b
			klog-topic delete -f b
		fi
	done
	klog-topic snapshot a b
	good a b
	[ "$(find . -maxdepth 1 -name '.*.new' | wc -l)" -eq 0 ]
}
