#!/usr/bin/env bats
# klog-check --repair: tails, indexes, small files, modes, poison; what may be
# where, and what a repair does not do.

load check

@test "a torn append in the boot that wrote it" {
	live
	printf torn >>"t/0/$S0.log"
	finds "t/0/$S0.log: position 444: offset 20: an append that was not ended (4 bytes) [repair: tail]" tail
	mends "t/0: 4 bytes behind offset 19 were cut off, saved in t/0/cut" --repair
	[ "$(cat "t/0/cut/$S0.444."*)" = torn ]
	holds 0-19
}

@test "a torn tail without a state, of another boot, of zeros" {
	live
	rm t/0/state
	head -c 50 "t/0/$S0.log" >half
	cat half >>"t/0/$S0.log"
	finds "t/0/$S0.log: position 444: offset 20: cut off in the middle of a batch (50 bytes) [repair: tail]" tail
	mends 't/0: state and indexes were made anew from the log
t/0: 50 bytes behind offset 19 were cut off, saved in t/0/cut' --repair=tail
	taken "t/0/$S0.log" 0 50 "t/0/cut/$S0.444."*
	holds 0-19
	# As another boot left it: both tell which one it was.
	sed -i 's/^......../00000000/' t/0/recovery-point
	poke t/0/state 8 3030303030303030
	truncate -s 4540 "t/0/$S0.log"
	finds "t/0/$S0.log: position 444: offset 20: zeros (4096 bytes) [repair: tail]" tail
	mkdir saved
	mends 't/0: state and indexes were made anew from the log
t/0: 4096 bytes behind offset 19 were cut off, saved in saved' --repair --save saved
	cmp "saved/t-0-$S0.444."* <(head -c 4096 /dev/zero)
	holds 0-19
	echo v20 | klog-produce t
	holds 0-20
}

@test "an index and a time index: a wrong entry, too short, missing" {
	local f

	still
	for f in index timeindex; do
		cp "t/0/$S0."$f want
		poke "t/0/$S0."$f 7 ff
		check t
		is_status 4
		out_like "^t/0/$S0.$f: position [0-9]+: an entry .* \[repair: index\]$"
		is_err 'klog-check: t: 1 problem; to mend: --repair=index'
		# Without a state all is made anew, with one what is wrong.
		if [ $f = index ]; then
			mends 't/0: state and indexes were made anew from the log' --repair=index
		else
			mends "t/0/$S0.index: made anew from the log
t/0/$S0.timeindex: made anew from the log" --repair=index
		fi
		cmp want "t/0/$S0."$f
		truncate -s -1 "t/0/$S0."$f
		check -q --repair t
		is_status 0
		cmp want "t/0/$S0."$f
		rm "t/0/$S0."$f
		finds "t/0/$S0.$f: is missing [repair: index]" index
		check -q --repair t
		is_status 0
		cmp want "t/0/$S0."$f
		good
	done
	holds 0-19
}

@test "leader epochs: no checkpoint, one that disagrees, one of the future" {
	still
	cp t/0/leader-epoch-checkpoint want
	echo junk >t/0/leader-epoch-checkpoint
	finds 't/0/leader-epoch-checkpoint: is not a leader epoch checkpoint [repair: index]' index
	mends 't/0/leader-epoch-checkpoint: saved as t/0/cut/leader-epoch-checkpoint.TIME
t/0: state and indexes were made anew from the log
t/0/leader-epoch-checkpoint: made anew from the log' --repair=index
	cmp want t/0/leader-epoch-checkpoint
	[ "$(cat t/0/cut/leader*)" = junk ]
	printf '0\n1\n0 0\n' >t/0/leader-epoch-checkpoint
	finds 't/0/leader-epoch-checkpoint: offsets 10 to 14: disagrees with the log, which has epoch 1 [repair: index]' index
	mends 't/0/leader-epoch-checkpoint: made anew from the log' --repair
	cmp want t/0/leader-epoch-checkpoint
	printf '0\n3\n0 0\n1 10\n2 21\n' >t/0/leader-epoch-checkpoint
	finds 't/0/leader-epoch-checkpoint: names offset 21, but the log ends at 20 [repair: index]' index
	mends 't/0/leader-epoch-checkpoint: made anew from the log' --repair
	holds 0-19
}

@test "recovery-point and log-start-offset" {
	live
	echo junk >t/0/recovery-point
	finds 't/0/recovery-point: is not a boot id and an offset [repair: index]' index
	mends 't/0/recovery-point: saved as t/0/cut/recovery-point.TIME
t/0/recovery-point: is offset 20 now' --repair
	[ "$(cat t/0/cut/recovery*)" = junk ]
	sed -i 's/ .*/ 00000000000000000021/' t/0/recovery-point
	finds 't/0/recovery-point: names offset 21, but the log ends at 20 [repair: index]' index
	mends 't/0/recovery-point: is offset 20 now' --repair
	sed -i 's/^......../00000000/' t/0/recovery-point
	finds 't/0/recovery-point: is of another boot than the state [repair: index]' index
	mends 't/0/recovery-point: is offset 20 now' --repair
	echo 4x >t/0/log-start-offset
	finds 't/0/log-start-offset: is not an offset [repair: index]' index
	mends 't/0/log-start-offset: saved as t/0/cut/log-start-offset.TIME
t/0/log-start-offset: is now 0' --repair
	echo 30 >t/0/log-start-offset
	finds 't/0/log-start-offset: names offset 30, but the log ends at 20 [repair: index]' index
	check -q --repair t
	is_status 0
	good
	echo v20 | klog-produce t
	prints 20 -o end:21 -F '%o\n' t || prints '20 v20' -o 20 -F '%o %s\n' t
}

@test "owners and modes" {
	live
	chmod 666 t/0/lock
	chmod 460 t/topic.conf
	finds 't/topic.conf: has mode 0460, should have 0640 [repair: index]
t/0/lock: has mode 0666, should have 0640 [repair: index]' index 2
	mends 't/topic.conf: has mode 0640 now
t/0/lock: has mode 0640 now' --repair
	[ "$(id -u)" -eq 0 ] || return 0
	chown 65534 "t/0/$S0.log"
	finds "t/0/$S0.log: belongs to user 65534, its folder to user 0 [repair: index]" index
	mends "t/0/$S0.log: belongs to user 0 now" --repair
	holds 0-19
}

@test "a link, a folder, a FIFO; a partition that is missing" {
	still
	mv "t/0/$S10.index" elsewhere
	ln -s ../../elsewhere "t/0/$S10.index"
	check t
	is_status 4
	is_out "t/0/$S10.index: is not a regular file"
	is_err 'klog-check: t: 1 problem; what has no repair is for a hand'
	rm "t/0/$S10.index"
	mkfifo "t/0/$S10.index"
	check t
	is_status 4
	is_out "t/0/$S10.index: is not a regular file"
	rm "t/0/$S10.index"
	mkdir "t/0/$S10.index"
	check --repair t
	is_status 4
	rmdir "t/0/$S10.index"
	mv elsewhere "t/0/$S10.index"
	good
	mv t/0 t/gone
	check t
	is_status 4
	is_out 't/0: the partition is missing'
	ln -s gone t/0
	check t
	is_status 4
	is_out 't/0: is not a directory'
}

@test "a sync that failed" {
	live
	# state_page.poison, behind magic, boot, device, inode and 3 marks
	poke t/0/state 76 05000000
	run3 klog-produce t <<<x
	is_status 3
	finds 't/0/state: offset 20: a sync failed (Input/output error): what is not on disk may be lost [repair: poison]' poison
	check -q --repair t
	is_status 4
	is_err 'klog-check: t: 1 problem; to mend: --repair=poison'
	mends 't/0: nothing was lost by the sync that failed' --repair=poison
	echo v20 | klog-produce t
	holds 0-20
}

@test "committed offsets that say nothing" {
	live
	mkdir -p t/groups/billing/offsets
	: >t/groups/billing/offsets/0
	good
	# A first commit that was torn.
	printf junk >t/groups/billing/offsets/0
	good
	head -c 4092 /dev/zero >>t/groups/billing/offsets/0
	printf junk >>t/groups/billing/offsets/0
	cp t/groups/billing/offsets/0 damaged
	finds 't/groups/billing/offsets/0: holds no committed offset [repair: salvage]' salvage
	check --repair=salvage t
	is_status 0
	is_err ''
	good
	[ ! -e t/groups/billing/offsets/0 ]
	cmp damaged t/groups/billing/offsets/cut/0.*
	ln -s /dev/null t/groups/billing/offsets/0
	check t
	is_status 4
	is_out "t/groups/billing/offsets/0: is not a regular file, or not of the topic's owner"
}

@test "a segment below the log start is going: it needs no indexes" {
	still
	echo 9 >t/0/log-start-offset
	rm "t/0/$S0.index" "t/0/$S0.timeindex"
	finds "t/0/$S0.index: is missing [repair: index]
t/0/$S0.timeindex: is missing [repair: index]" index 2
	echo 10 >t/0/log-start-offset
	good
}

@test "--dry-run changes nothing; what a kind does not mend stays" {
	still
	poke "t/0/$S0.log" 61 ff
	rm "t/0/$S10.index"
	find t -type f -exec sha256sum {} + | sort >before
	check --repair=salvage --dry-run t
	is_status 4
	is_out "t/0/$S0.log: position 0: offsets 0 to 4: checksum mismatch (111 bytes) [repair: salvage]
t/0/$S10.index: is missing [repair: index]"
	is_err 'klog-check: t: 2 problems, of which 2 would be mended'
	find t -type f -exec sha256sum {} + | sort | cmp before -
	check -q --repair=index t
	is_status 4
	is_err "klog-check: t/0/$S0.log: position 0: offset 0: damaged, and good batches follow; to mend this first: --repair=salvage"
}

@test "a producer that holds the files open goes on in the new ones" {
	live
	mkfifo lines
	klog-produce -z none --linger 0 --report t <lines >report &
	exec 7>lines
	echo v20 >&7
	until_true test -s report
	poke "t/0/$S0.log" 61 ff
	check -q --repair=salvage t
	is_status 0
	echo v21 >&7
	exec 7>&-
	wait $!
	[ "$(cat report)" = $'t 0 20\nt 0 21' ]
	holds 5-21
	good
}

@test "a repair waits for no lock longer than it may" {
	live
	chmod 666 t/0/sync.lock
	run3 flock t/0/lock klog-check --repair --timeout 50ms t
	is_status 5
	err_like '^klog-check: .*/t/0/lock: locked by process [0-9]+ \(flock\)$'
	chmod 666 t/0/sync.lock
	run3 flock t/0/clean.lock klog-check --repair t
	is_status 5
}

@test "a swap that no compaction can have written, or that is damaged" {
	local text

	for text in '' $'\xff\x80 rm -rf\n' '0 10' \
	    "$(printf '%020d %020d' 0 17)"$'\n' \
	    "$(printf '%020d %020d' 7 20)"$'\n'; do
		rm -rf t
		live
		printf %s "$text" >t/0/swap
		finds "t/0/swap: can't be obeyed, and has no effect [repair: index]" index
		run3 klog-clean --unsafe-fs t
		is_status 4
		mends 't/0/swap: saved as t/0/cut/swap.TIME' --repair
		[ "$(cat t/0/cut/swap.*)" = "$(printf %s "$text")" ]
		holds 0-19
	done
	# Perhaps there is something to it: nothing is touched.
	printf 'what was it?' >t/0/swap
	: >"t/0/$S0.log.cleaned"
	check t
	is_status 4
	out_like "^t/0/swap: can't be obeyed, but there are new segments, or two with the same offsets: copy the partition, then take swap and the \.cleaned files away and check what is left"
	check --repair t
	is_status 4
	[ -f t/0/swap ]
	[ -f "t/0/$S0.log.cleaned" ]
}

@test "what followers have acknowledged: damage is told, what a cut left is not" {
	local file

	klog-topic create -p 2 t
	seq 5 | klog-produce t
	klog-replicate -q t copies/
	file=$(echo t/replicas/*)
	# A power cut may leave zeros, or less of the file.
	cp "$file" kept
	dd if=/dev/zero of="$file" bs=1 seek="$(($(stat -c %s kept) - 46))" \
	    count=46 conv=notrunc status=none
	good
	truncate -s 0 "$file"
	good
	cp kept "$file"
	poke "$file" 120 ff
	finds "$file: line 2: is damaged: nothing counts as acknowledged [repair: index]" index
	mends "$file: removed: the copy says again what it has" --repair
	[ ! -e "$file" ]
	klog-replicate -q t copies/
	[ -s "$file" ]
	cmp -n 64 kept "$file"
	poke "$file" 3 ff
	finds "$file: line 1: is damaged: nothing counts as acknowledged [repair: index]" index
	# Its server mends it.
	klog-replicate -q t copies/
	good
}
