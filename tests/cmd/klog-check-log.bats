#!/usr/bin/env bats
# klog-check: damage in the .log, and how --repair=salvage mends it.

load check

@test "a payload, a header, a length" {
	still
	cp "t/0/$S0.log" before
	poke "t/0/$S0.log" 61 ff
	finds "t/0/$S0.log: position 0: offsets 0 to 4: checksum mismatch (111 bytes) [repair: salvage]" salvage
	cp "t/0/$S0.log" damaged
	mends "t/0/$S0.log: position 0: checksum mismatch: 111 bytes taken out, saved as t/0/cut/$S0.0.TIME; offsets 0 to 4 are lost" --repair=salvage
	taken damaged 0 111 "t/0/cut/$S0.0."*
	holds 5-19
	rm -r t
	still
	cmp before "t/0/$S0.log"
	poke "t/0/$S0.log" $((111 + 16)) 03
	finds "t/0/$S0.log: position 111: offsets 5 to 9: damaged header (111 bytes) [repair: salvage]" salvage
	poke "t/0/$S0.log" $((111 + 16)) 02
	poke "t/0/$S0.log" $((111 + 8)) 00000064
	finds "t/0/$S0.log: position 111: offsets 5 to 9: cut off in the middle of a batch (111 bytes) [repair: salvage]" salvage
	poke "t/0/$S0.log" $((111 + 8)) 00000062
	finds "t/0/$S0.log: position 111: offsets 5 to 9: checksum mismatch (111 bytes) [repair: salvage]" salvage
	mends "t/0/$S0.log: position 111: checksum mismatch: 111 bytes taken out, saved as t/0/cut/$S0.111.TIME; offsets 5 to 9 are lost" --repair=salvage
	holds 0-4 10-19
}

@test "a base offset and a leader epoch, which no checksum covers" {
	still
	poke "t/0/$S0.log" 111 0000000000000063
	finds "t/0/$S0.log: position 111: offsets 5 to 9: wrong base offset (111 bytes) [repair: salvage]" salvage
	mends "t/0/$S0.log: position 111: base offset is 5 now (was 99), leader epoch 0 (was 0)" --repair=salvage
	holds 0-19
	poke "t/0/$S10.log" 12 00000007
	finds "t/0/$S10.log: position 0: offsets 10 to 14: wrong leader epoch (111 bytes) [repair: salvage]" salvage
	mends "t/0/$S10.log: position 0: base offset is 10 now (was 10), leader epoch 1 (was 7)" --repair=salvage
	holds 0-19
}

@test "a batch twice, a segment twice" {
	still
	head -c 111 "t/0/$S0.log" >>"t/0/$S10.log"
	finds "t/0/$S10.log: position 222: offsets 0 to 4: offsets that were there before (111 bytes) [repair: salvage]" salvage
	mends "t/0/$S10.log: position 222: offsets that were there before: 111 bytes taken out, saved as t/0/cut/$S10.222.TIME" --repair=salvage
	holds 0-19
	cp "t/0/$S0.log" "t/0/$S10.log"
	check t
	is_status 4
	check -q --repair=salvage t
	is_status 0
	good
	holds 0-9
	cmp "t/0/cut/$S10.0."* <(head -c 111 "t/0/$S0.log")
}

@test "a segment in the middle is missing, and the first ones" {
	still
	python '
log = Log()
for i in range(3):
    log.add(encode_batch([rec(n, "v%02d" % n, T)
                          for n in range(5 * i, 5 * i + 5)]))
    log.roll()
write_topic("m", [log])'
	rm m/0/*5.log m/0/*5.index m/0/*5.timeindex
	check m
	is_status 4
	is_out "m/0/$S0.log: position 111: offsets 5 to 9: the segment that follows it is missing [repair: salvage]"
	is_err 'klog-check: m: 1 problem; to mend: --repair=salvage'
	check --repair=salvage m
	is_status 0
	is_out "m/0/$S0.log: position 111: offsets 5 to 9: the segment that follows it is missing [repair: salvage]
m/0/$S0.log: position 111: the segment that follows it is missing; offsets 5 to 9 are lost
m: good: 1 partition, 2 segments, 3 batches, 10 records, 283 bytes"
	prints "$(values 0-4 10-14)" -F '%o %s\n' m
	rm "t/0/$S0."*
	echo 3 >t/0/log-start-offset
	finds 't/0: offsets 3 to 9: the first segments are missing [repair: salvage]' salvage
	mends 't/0/log-start-offset: was 3, is now 10: segments are missing' --repair=salvage
	holds 10-19
}

@test "no segment at all" {
	live
	rm "t/0/$S0."*
	finds 't/0: offsets 0 to 19: has no segment [repair: salvage]' salvage
	check -q --repair=salvage t
	is_status 0
	good
	holds
	echo v20 | klog-produce t
	prints 20 -F '%o\n' t
}

@test "shorter than what was committed" {
	live
	truncate -s 300 "t/0/$S0.log"
	finds "t/0/$S0.log: position 222: offsets 10 to 19: cut off in the middle of a batch (78 bytes) [repair: salvage]" salvage
	run3 klog-produce t <<<x
	is_status 4
	cp "t/0/$S0.log" damaged
	mends "t/0/$S0.log: position 222: cut off in the middle of a batch: 78 bytes taken out, saved as t/0/cut/$S0.222.TIME
t/0/$S0.log: ended too early: offsets 10 to 19 are lost" --repair=salvage
	taken damaged 222 78 "t/0/cut/$S0.222."*
	holds 0-9
	echo v20 | klog-produce t
	holds 0-9 20
}

@test "every byte of a batch" {
	still
	python '
import shutil, subprocess
path = "t/0/%020d.log" % 0
good = open(path, "rb").read()
for at in range(111, 222):
    data = bytearray(good)
    data[at] ^= 1 << at % 8
    with open(path, "r+b") as f:
        f.write(data)
    r = subprocess.run(["klog-check", "t"], capture_output=True, text=True)
    if r.returncode != 4:
        sys.exit("byte %d is not found: %s" % (at, r))'
}

@test "what decompresses to nonsense is found by --deep" {
	python '
def bad(payload):
    return b"\x28\xb5\x2f\xfd junk"
log = Log()
batch(log, "a")
raw(log, "b", codec=4, pack=bad)
log.write = lambda path, *_: (
    os.makedirs(path), open(path + "/%020d.log" % 0, "wb").write(
        log.segments[0][1]))
write_topic("t", [log])'
	check --repair t
	is_status 0
	check --deep t
	is_status 4
	out_like "^t/0/$S0.log: position 69: offset 1: .*\([0-9]+ bytes\)$"
	is_err 'klog-check: t: 1 problem; what has no repair is for a hand'
}
