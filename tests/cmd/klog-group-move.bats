#!/usr/bin/env bats
# klog-group: reset, export, import.

load helper
load group

# orders: partition 0 has offsets 100 to 109 a second apart (epoch 3 below
# 105, then 4), partition 1 is empty, partition 2 has 5 records.
setup() {
	helper_setup
	PYTHONPATH=$KLOG_TOP/tests/interop python3 - <<-'PY'
		from kafkalog import Record
		from kafkawrite import Log, encode_batch, write_topic
		T = 1700000000000
		def batch(first, n, **more):
		    return encode_batch([Record(first + i,
		        T + (first + i) % 100 * 1000, None, b"v", [])
		        for i in range(n)], **more)
		log = Log(100)
		log.add(batch(100, 5, epoch=3))
		log.add(batch(105, 5, epoch=4))
		other = Log()
		other.add(batch(0, 5))
		write_topic("orders", [log, Log(), other])
	PY
	printf '0 104 3\n2 1 0\n' | klog-group import -g billing orders
}

# stands TEXT: what billing has committed.
stands() {
	run3 klog-group export -g billing orders
	is_status 0
	is_err ''
	is_out "$1"
}

HEAD='PARTITION  FROM   TO'

@test "reset --to: every kind of place" {
	# SPEC, and where it leads in partitions 0, 1 and 2.
	while read -r spec p0 p1 p2; do
		printf '0 104 3\n2 1 0\n' |
		    klog-group import -g billing orders
		run3 klog-group reset -q -g billing --to "$spec" -p 0,2 orders
		is_status 0
		is_err ''
		is_out "$HEAD
        0   104  $p0
        2     1  $(printf '%3d' "$p2")"
		run3 klog-group reset -q -g billing --to "$spec" -p 1 \
		    --dry-run orders
		is_out "PARTITION  FROM  TO
        1     -   $p1"
		[ "$(klog-group export -g billing orders | cut -d ' ' -f 1,2)" = \
		    "0 $p0"$'\n'"2 $p2" ]
	done <<-'END'
		start 100 0 0
		end 110 0 5
		0 100 0 0
		3 100 0 3
		107 107 0 5
		99999 110 0 5
		9223372036854775807 110 0 5
		+2 102 0 2
		+9223372036854775807 110 0 5
		-2 108 0 3
		-99 100 0 0
		@1700000002 102 0 2
		@2023-11-14T22:13:23.500Z 104 0 4
		@now 110 0 5
	END
}

@test "reset: durable, with the epoch of the record before" {
	while read -r to epoch; do
		klog-group reset -g billing --to "$to" -p 0 orders
		stands "0 $to $epoch
2 1 0"
	done <<-'END'
		100 -1
		101 3
		105 3
		106 4
		110 4
	END
	klog-group reset -g billing --to end orders
	stands $'0 110 4\n1 0 -1\n2 5 0'
}

@test "reset: what is outside the log is moved into it, with a warning" {
	run3 klog-group reset -g billing --to 104 orders
	is_status 0
	is_out "$HEAD
        0   104  104
        1     -    0
        2     1    5"
	is_err "klog-group: $T/orders/1: offset 104 is past the end of the log: 0 is taken
klog-group: $T/orders/2: offset 104 is past the end of the log: 5 is taken"
	run3 klog-group reset -g billing --shift -50 -p 0 orders
	is_status 0
	is_err "klog-group: $T/orders/0: offset 54 is before the start of the log: 100 is taken"
	run3 klog-group reset -q -g billing --shift 50 -p 0 orders
	is_err ''
	stands $'0 110 4\n1 0 -1\n2 5 0'
}

@test "reset --shift" {
	run3 klog-group reset -g billing --shift +3 -p 0,2 orders
	is_status 0
	is_out "$HEAD
        0   104  107
        2     1    4"
	klog-group reset -g billing --shift=-2 -p 0 orders
	klog-group reset -g billing --shift 1 -p 2 orders
	stands $'0 105 3\n2 5 0'
	# All or nothing: partition 1 has nothing that could be shifted.
	run3 klog-group reset -g billing --shift -1 orders
	is_status 3
	is_out ''
	is_err "klog-group: $T/orders/groups/billing: partition 1: nothing is committed that could be shifted (-p leaves partitions out)"
	stands $'0 105 3\n2 5 0'
	for bad in +-1 1x '' + -- 9223372036854775808; do
		run3 klog-group reset -g billing "--shift=$bad" orders
		is_status 2
		is_out ''
		err_like "^klog-group: --shift: \".*\" is not a number of offsets"
	done
	for far in 9223372036854775807 -9223372036854775808; do
		run3 klog-group reset -q -g billing --shift "$far" -p 2 orders
		is_status 0
	done
	stands $'0 105 3\n2 0 -1'
}

@test "reset --like" {
	printf '0 107 4\n1 0 -1\n' | klog-group import -g other orders
	run3 klog-group reset -g billing --like other orders
	is_status 0
	is_out "$HEAD
        0   104  107
        1     -    0"
	is_err "klog-group: $T/orders/groups/other: partition 2: nothing is committed, billing is left as it is"
	stands $'0 107 4\n1 0 -1\n2 1 0'
	run3 klog-group reset -g billing --like gone orders
	is_status 3
	is_err "klog-group: $T/orders/groups/gone: no such group"
}

@test "reset --dry-run changes nothing" {
	find orders -printf '%p %T@\n' | sort >before
	run3 klog-group reset -g billing --dry-run --to end orders
	is_status 0
	is_err ''
	is_out "$HEAD
        0   104  110
        1     -    0
        2     1    5"
	find orders -printf '%p %T@\n' | sort | cmp before -
}

@test "reset: called wrongly" {
	while IFS='|' read -r words why; do
		# shellcheck disable=SC2086
		run3 klog-group reset -g billing $words orders
		is_out ''
		[ "$(head -n 1 "$ERR")" = "klog-group: $why" ] || {
			cat "$ERR"
			return 1
		}
		[[ $why == "$T"* ]] && is_status 3 || is_status 2
	done <<-END
		|give one of --to, --shift and --like
		--to end --shift 1|give one of --to, --shift and --like
		--like a --shift 1|give one of --to, --shift and --like
		--to 1:2|--to: a group only has a place where it goes on: start, end, N, +N, -N or @TIME
		--to x|--to: "x" is not a range: start, end, N, A:B, :B, N:end, +N, -N, @T, @T1:T2 or @T:end
		--to 0 -p x|-p: "x" is not a list of partitions such as 0,2,5-7
		--to 0 -p 1,3|$T/orders: has no partition 3; the last is 2
	END
	stands $'0 104 3\n2 1 0'
}

@test "reset and import: refused while members live, but with --force" {
	# Of another partition: the group is in use.
	member orders billing 1
	for words in 'reset --to start' 'reset --dry-run --to start' import; do
		# shellcheck disable=SC2086
		run3 klog-group $words -g billing orders <<<'0 100 -1'
		is_status 5
		is_out ''
		is_err "klog-group: $T/orders/groups/billing: is being read by process 4711 on far (--force changes it all the same)"
	done
	stands $'0 104 3\n2 1 0'
	run3 klog-group reset --force -g billing --to 105 -p 0 orders
	is_status 0
	run3 klog-group import --force -g billing orders <<<'2 2 0'
	is_status 0
	stands $'0 105 3\n2 2 0'
	member_dies
	run3 klog-group reset -g billing --to 106 -p 0 orders
	is_status 0
	stands $'0 106 4\n2 2 0'
}

@test "nobody can begin to read while it is changed" {
	# Who has the lock of partition 2, and is in no list of members.
	mkfifo ready hold
	flock orders/groups/billing/owners/2 sh -c 'echo; cat hold' \
	    >ready 3>&- &
	read -r _ <ready
	run3 klog-group reset -g billing --to end orders
	: >hold
	wait "$!"
	is_status 5
	is_out ''
	err_like "^klog-group: $T/orders/groups/billing/owners/2: locked by process [0-9]+ \(flock\)\$"
	stands $'0 104 3\n2 1 0'
}

@test "export and import: there and back" {
	stands $'0 104 3\n2 1 0'
	klog-group export -g billing orders | klog-group import -g copy orders
	run3 klog-group export -g copy orders
	is_out $'0 104 3\n2 1 0'
	# What is not named stays; below the start is a place as well; the last
	# line needs no newline.
	printf '1 0 -1\n0 7 2147483647' | klog-group import -g billing orders
	stands $'0 7 2147483647\n1 0 -1\n2 1 0'
	# In the file, as klog-format(5) has it: two lines, the newer one counts.
	[ "$(stat -c %s orders/groups/billing/offsets/0)" -eq 8192 ]
}

@test "import: a line that can't be taken changes nothing" {
	NOT='is not "PARTITION OFFSET EPOCH"'
	while IFS='|' read -r text why; do
		# shellcheck disable=SC2059
		printf "2 5 0\n$text" >in
		run3 klog-group import -g billing orders <in
		is_status 3
		is_out ''
		is_err "klog-group: stdin: line 2: $why"
		run3 klog-group import -g fresh orders <in
		is_status 3
	done <<-END
		\n|$NOT
		0\n|$NOT
		0 100\n|$NOT
		0 100 \n|$NOT
		0 100 -2\n|$NOT
		0 100 0 0\n|$NOT
		 0 100 0\n|$NOT
		0  100 0\n|$NOT
		0\t100\t0\n|$NOT
		0 100 0\r\n|$NOT
		-1 100 0\n|$NOT
		0 -1 0\n|$NOT
		0 +1 0\n|$NOT
		0 1e2 0\n|$NOT
		0 9223372036854775808 0\n|$NOT
		0 100 2147483648\n|$NOT
		2147483648 0 0\n|$NOT
		0 100 0\0\n|$NOT
		# text|$NOT
		0 100 $(printf '%060d' 0)\n|is too long
		3 0 0\n|there is no partition 3; the last is 2
		2 5 0\n|partition 2 comes twice
		0 111 0\n|offset 111 of partition 0 is past the end of the log, 110
		1 1 -1\n|offset 1 of partition 1 is past the end of the log, 0
	END
	stands $'0 104 3\n2 1 0'
	[ ! -e orders/groups/fresh ]
}

@test "import: nothing on stdin, or stdin that can't be read" {
	run3 klog-group import -g fresh orders </dev/null
	is_status 3
	is_err 'klog-group: stdin: is empty'
	run3 klog-group import -g fresh orders <"$T"
	is_status 3
	is_err "klog-group: stdin: line 1: can't be read: Is a directory"
	run3 klog-group import -g fresh orders <&-
	is_status 3
	is_err "klog-group: stdin: line 1: can't be read: Bad file descriptor"
	[ ! -e orders/groups/fresh ]
}

@test "a full disk changes nothing" {
	mkdir small
	mount -t tmpfs -o size=64k none small 2>/dev/null ||
	    skip "tmpfs can't be mounted here"
	cp -r orders small
	head -c 65536 /dev/zero >small/fill 2>/dev/null || :
	run3 klog-group import -g fresh small/orders <<<'0 100 -1'
	cp "$ERR" err
	before=$status
	run3 klog-group export -g billing small/orders
	umount small
	is_out $'0 104 3\n2 1 0'
	[ "$before" -eq 3 ]
	grep -q ': No space left on device$' err
}
