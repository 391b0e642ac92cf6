#!/usr/bin/env bats
# klog-dump: every kind of file, whole and damaged.

load helper

LOG=00000000000000000000.log
NONE='baseSequence: -1 lastSequence: -1 producerId: -1 producerEpoch: -1'
PLAIN='isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty'

# bytes HEX...: binary on standard output.
bytes() {
	printf '%b' "$(tr -d ' \n' <<<"$*" | sed 's/../\\x&/g')"
}

# example LETTER...: the worked examples of Kafka's format.
example() {
	local letter

	for letter; do
		bytes "$(cat "$KLOG_TOP/tests/golden/$letter.hex")"
	done
}

# written: python with the independent writer at hand.
written() {
	PYTHONPATH=$KLOG_TOP/tests/interop python3 -
}

# poke FILE POSITION HEX: overwrite bytes.
poke() {
	bytes "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

A="baseOffset: 0 lastOffset: 0 count: 1 $NONE partitionLeaderEpoch: 0 $PLAIN position: 0 CreateTime: 1700000000000 size: 73 magic: 2 compresscodec: none crc: 3863061579 isvalid: true"
B="baseOffset: 1 lastOffset: 2 count: 2 $NONE partitionLeaderEpoch: 3 $PLAIN position: 73 CreateTime: 1700000001005 size: 93 magic: 2 compresscodec: none crc: 2662734240 isvalid: true"
C="baseOffset: 3 lastOffset: 3 count: 1 baseSequence: -1 lastSequence: -1 producerId: 4000 producerEpoch: 1 partitionLeaderEpoch: 3 isTransactional: true isControl: true deleteHorizonMs: OptionalLong.empty position: 166 CreateTime: 1700000002000 size: 78 magic: 2 compresscodec: none crc: 1183499130 isvalid: true"
D="baseOffset: 4 lastOffset: 4 count: 1 $NONE partitionLeaderEpoch: 3 $PLAIN position: 244 CreateTime: 1700000003000 size: 69 magic: 2 compresscodec: none crc: 1454564632 isvalid: true"

@test ".log: the lines of kafka-dump-log" {
	example A B C D >$LOG
	run3 klog-dump $LOG
	is_status 0
	is_err ''
	is_out "Dumping $LOG
Log starting offset: 0
$A
$B
$C
$D"
}

@test ".log --records" {
	example A B C D >$LOG
	run3 klog-dump --records $LOG
	is_status 0
	is_err ''
	is_out "Dumping $LOG
Log starting offset: 0
$A
| offset: 0 CreateTime: 1700000000000 keySize: -1 valueSize: 5 sequence: -1 headerKeys: [] payload: hello
$B
| offset: 1 CreateTime: 1700000000005 keySize: 2 valueSize: 2 sequence: -1 headerKeys: [] key: k1 payload: v1
| offset: 2 CreateTime: 1700000001005 keySize: 2 valueSize: 2 sequence: -1 headerKeys: [h1,h2] key: k2 payload: v2
$C
| offset: 3 CreateTime: 1700000002000 keySize: 4 valueSize: 6 sequence: -1 headerKeys: [] endTxnMarker: ABORT coordinatorEpoch: 7
$D
| offset: 4 CreateTime: 1700000003000 keySize: 1 valueSize: -1 sequence: -1 headerKeys: [] key: a"
}

@test ".log: what compaction leaves" {
	example E >00000000000000000010.log
	example F >00000000000000000010.log.deleted
	run3 klog-dump --records 00000000000000000010.log*
	is_status 0
	is_err ''
	is_out "Dumping 00000000000000000010.log
Log starting offset: 10
baseOffset: 10 lastOffset: 12 count: 2 baseSequence: 5 lastSequence: 7 producerId: 77 producerEpoch: 2 partitionLeaderEpoch: 9 isTransactional: false isControl: false deleteHorizonMs: OptionalLong[1700086500000] position: 0 CreateTime: 1700000000001 size: 84 magic: 2 compresscodec: none crc: 488165857 isvalid: true
| offset: 10 CreateTime: 1700000000000 keySize: 1 valueSize: 1 sequence: 5 headerKeys: [] key: a payload: 1
| offset: 11 CreateTime: 1700000000001 keySize: 1 valueSize: -1 sequence: 6 headerKeys: [] key: b
Dumping 00000000000000000010.log.deleted
Log starting offset: 10
baseOffset: 10 lastOffset: 12 count: 0 baseSequence: 5 lastSequence: 7 producerId: 77 producerEpoch: 2 partitionLeaderEpoch: 9 isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty position: 0 CreateTime: 1700000000002 size: 61 magic: 2 compresscodec: none crc: 2403080203 isvalid: true"
}

@test ".log: append time, sequences that wrap, other control records" {
	written <<-'PY'
		import struct
		from kafkalog import Record
		from kafkawrite import encode_batch
		T = 1700000000000
		r = [Record(i, T, None, b"", []) for i in range(3)]
		with open("0.log", "wb") as f:
		    f.write(encode_batch(r, pid=1, pepoch=0, sequence=2147483646,
		        log_append=T + 5))
		    for i, key in enumerate((struct.pack(">hh", 0, 2),
		            struct.pack(">hh", 0, 99), b"x")):
		        f.write(encode_batch([Record(3 + i, T, key, b"", [])],
		            control=True, transactional=True))
	PY
	run3 klog-dump --records 0.log
	is_status 0
	is_err ''
	[ "$(grep -o 'lastSequence: [0-9]* ' "$OUT")" = 'lastSequence: 0 ' ]
	[ "$(grep -c 'LogAppendTime: 1700000000005' "$OUT")" -eq 4 ]
	[ "$(grep -o ' sequence: [^ ]*' "$OUT" | head -n 3)" = ' sequence: 2147483646
 sequence: 2147483647
 sequence: 0' ]
	[ "$(grep -o 'controlType: .*' "$OUT")" = 'controlType: LEADER_CHANGE
controlType: UNKNOWN
controlType: UNKNOWN' ]
	run3 klog-dump --records --json 0.log
	is_status 0
	[ "$(jq -r 'select(.type == "record") | [.tstype, .ts, .sequence,
	    .control_type] | @csv' "$OUT")" = '"logappend",1700000000005,2147483646,
"logappend",1700000000005,2147483647,
"logappend",1700000000005,0,
"create",1700000000000,-1,"LEADER_CHANGE"
"create",1700000000000,-1,"UNKNOWN"
"create",1700000000000,-1,"UNKNOWN"' ]
}

@test ".log: every codec, and any bytes in one line" {
	local codec

	for codec in none gzip snappy lz4 zstd; do
		run3 klog-dump --records "$KLOG_TOP/tests/golden/$codec.log"
		is_status 0
		is_err ''
		grep -q "compresscodec: $codec crc: [0-9]* isvalid: true\$" "$OUT"
		grep '^|' "$OUT" >"$codec"
		cmp none "$codec"
	done
	[ "$(head -n 4 none)" = '| offset: 0 CreateTime: 1700000000000 keySize: -1 valueSize: 5 sequence: -1 headerKeys: [] payload: hello
| offset: 1 CreateTime: 1700000000007 keySize: 0 valueSize: 0 sequence: -1 headerKeys: [] key:  payload: 
| offset: 2 CreateTime: 1699999999000 keySize: 2 valueSize: -1 sequence: -1 headerKeys: [h,h,ü] key: k1
| offset: 3 CreateTime: 1700086400000 keySize: 2 valueSize: 17 sequence: -1 headerKeys: [] key: \x80\xfe payload: line\x0aline	tab\x00nul' ]
}

@test ".log --json" {
	example B >1.log
	run3 klog-dump --json --records 1.log
	is_status 0
	is_err ''
	is_out '{"file":"1.log","type":"batch","base_offset":1,"last_offset":2,"count":2,"base_sequence":-1,"last_sequence":-1,"producer_id":-1,"producer_epoch":-1,"leader_epoch":3,"transactional":false,"control":false,"delete_horizon":null,"position":0,"max_timestamp":1700000001005,"base_timestamp":1700000000005,"tstype":"create","size":93,"magic":2,"codec":"none","attributes":0,"crc":2662734240,"valid":true}
{"file":"1.log","type":"record","position":0,"offset":1,"ts":1700000000005,"tstype":"create","sequence":-1,"headers":[],"key":"k1","value":"v1"}
{"file":"1.log","type":"record","position":0,"offset":2,"ts":1700000001005,"tstype":"create","sequence":-1,"headers":[["h1","x"],["h2",null]],"key":"k2","value":"v2"}'
	run3 klog-dump --json --records "$KLOG_TOP/tests/golden/zstd.log"
	[ "$(jq -c 'select(.offset == 3) | .key, .value' "$OUT")" = \
	    '{"base64":"gP4="}
"line\nline\ttab\u0000nul"' ]
	example C >3.log
	run3 klog-dump --json --records 3.log
	[ "$(jq -c 'select(.type == "record") | [.control_type,
	    .coordinator_epoch, .key]' "$OUT")" = \
	    '["ABORT",7,"\u0000\u0000\u0000\u0000"]' ]
}

@test ".log: values that are long" {
	klog-topic create t
	# Characters of 1 to 4 bytes, so that none is cut in two anywhere.
	python3 -c "print('aü€😀' * 50000, end='')" >text
	head -c 200001 /dev/zero | tr '\0' '\377' >binary
	klog-produce -z none --whole t text binary
	# Too long for the variables of run3.
	klog-dump --json --records t/0/$LOG >json
	jq -j 'select(.offset == 0) | .value' json | cmp - text
	jq -r 'select(.offset == 1) | .value.base64' json | base64 -d |
	    cmp - binary
	klog-dump --records t/0/$LOG >lines
	grep '^| offset: 0' lines | sed 's/.*payload: //' | tr -d '\n' |
	    cmp - text
	[ "$(grep '^| offset: 1' lines | grep -o '\\xff' | wc -l)" -eq 200001 ]
}

@test ".log --hex" {
	example A >$LOG
	run3 klog-dump --hex --records $LOG
	is_status 0
	is_out "Dumping $LOG
Log starting offset: 0
$A
00000000  00 00 00 00 00 00 00 00  00 00 00 3d 00 00 00 00  |...........=....|
00000010  02 e6 41 a4 4b 00 00 00  00 00 00 00 00 01 8b cf  |..A.K...........|
00000020  e5 68 00 00 00 01 8b cf  e5 68 00 ff ff ff ff ff  |.h.......h......|
00000030  ff ff ff ff ff ff ff ff  ff 00 00 00 01           |.............|
| offset: 0 CreateTime: 1700000000000 keySize: -1 valueSize: 5 sequence: -1 headerKeys: [] payload: hello
0000003d  16 00 00 00 01 0a 68 65  6c 6c 6f 00              |......hello.|"
	run3 klog-dump --hex --json --records $LOG
	[ "$(jq -r .hex "$OUT" | tr -d '\n')" = \
	    "$(tr -d ' \n' <"$KLOG_TOP/tests/golden/A.hex")" ]
	# Of a compressed batch: as it is behind the codec.
	for codec in none lz4; do
		klog-dump --hex --json --records \
		    "$KLOG_TOP/tests/golden/$codec.log" |
		    jq -r 'select(.type == "record") | .hex' >$codec
	done
	cmp none lz4
}

# indexed: 5 batches of 73 bytes at offsets 0 to 4 and both indexes.
indexed() {
	written <<-'PY'
		import struct
		from kafkalog import Record
		from kafkawrite import encode_batch
		T = 1700000000000
		stem = "%020d" % 7
		with open(stem + ".log", "wb") as f:
		    for i in range(7, 12):
		        f.write(encode_batch([Record(i, T + i, None, b"hello", [])]))
		with open(stem + ".index", "wb") as f:
		    f.write(struct.pack(">iiii", 2, 146, 4, 292))
		with open(stem + ".timeindex", "wb") as f:
		    f.write(struct.pack(">qiqi", T + 9, 2, T + 11, 4))
	PY
	S=00000000000000000007
}

@test ".index and .timeindex" {
	indexed
	run3 klog-dump $S.index $S.timeindex
	is_status 0
	is_err ''
	is_out "Dumping $S.index
offset: 9 position: 146
offset: 11 position: 292
Dumping $S.timeindex
timestamp: 1700000000009 offset: 9
timestamp: 1700000000011 offset: 11"
	run3 klog-dump --json --hex $S.index $S.timeindex
	is_status 0
	is_out "{\"file\":\"$S.index\",\"type\":\"index\",\"offset\":9,\"position\":146,\"hex\":\"0000000200000092\"}
{\"file\":\"$S.index\",\"type\":\"index\",\"offset\":11,\"position\":292,\"hex\":\"0000000400000124\"}
{\"file\":\"$S.timeindex\",\"type\":\"timeindex\",\"timestamp\":1700000000009,\"offset\":9,\"hex\":\"0000018bcfe5680900000002\"}
{\"file\":\"$S.timeindex\",\"type\":\"timeindex\",\"timestamp\":1700000000011,\"offset\":11,\"hex\":\"0000018bcfe5680b00000004\"}"
}

@test "indexes as Kafka leaves them in an active segment" {
	indexed
	run3 klog-dump $S.index $S.timeindex
	cp "$OUT" trimmed
	truncate -s 10485760 $S.index
	truncate -s 10485756 $S.timeindex
	run3 klog-dump $S.index $S.timeindex
	is_status 0
	is_err ''
	cmp trimmed "$OUT"
	run3 klog-dump -v $S.index
	is_status 0
	is_err "klog-dump: $S.index: position 16: 10485744 bytes of zeros to the end"
	# None written yet.
	: >$S.index
	run3 klog-dump $S.index
	is_status 0
	is_out "Dumping $S.index
$S.index is empty."
	truncate -s 10485760 $S.index
	run3 klog-dump $S.index
	is_status 0
	is_out "Dumping $S.index"
	# Zeros with something behind them are entries.
	bytes 0000000200000092 0000000000000000 0000000400000124 >$S.index
	run3 klog-dump $S.index
	is_status 4
	is_err "klog-dump: $S.index: position 8: offset 7 at position 0 follows offset 9 at position 146"
}

@test "an index without its log, or with a name that tells no offset" {
	indexed
	rm $S.log
	run3 klog-dump $S.index
	is_status 0
	is_err ''
	run3 klog-dump -v $S.index
	is_err "klog-dump: $S.index: position 0: not compared: there is no $S.log"
	mkdir $S.log
	run3 klog-dump $S.index
	is_status 0
	is_err "klog-dump: $S.index: position 0: not compared: $S.log: is not a regular file"
	mv $S.index some.index
	run3 klog-dump some.index
	is_status 0
	is_err 'klog-dump: some.index: position 0: the name tells no base offset; offsets are relative to it'
	is_out 'Dumping some.index
offset: 2 position: 146
offset: 4 position: 292'
	run3 klog-dump -q some.index
	is_err ''
}

@test ".index that does not fit its log" {
	indexed
	bytes 0000000300000092 0000000400000093 >$S.index
	run3 klog-dump $S.index
	is_status 4
	is_out "Dumping $S.index
offset: 10 position: 146
offset: 11 position: 147"
	is_err "klog-dump: $S.index: position 0: offset 10, but the batch at position 146 of the log ends at offset 9
klog-dump: $S.index: position 8: offset 11: no batch is at position 147 of the log"
	# As older versions of Kafka wrote it.
	bytes 0000000300000092 >$S.index
	run3 klog-dump $S.index
	is_status 0
	run3 klog-dump -q $S.index
	is_status 0
	is_err ''
	bytes 0000000100000092 0000000400010000 >$S.index
	run3 klog-dump $S.index
	is_status 4
	is_err "klog-dump: $S.index: position 0: offset 8, but the batch at position 146 of the log begins at offset 9
klog-dump: $S.index: position 8: offset 11: no batch is at position 65536 of the log"
	bytes 0000000200000092 000000 >$S.index
	run3 klog-dump $S.index
	is_status 4
	is_err "klog-dump: $S.index: position 8: 3 bytes are too few for an entry"
	bytes ffffffff00000000 >$S.index
	run3 klog-dump $S.index
	is_status 4
	is_out "Dumping $S.index
offset: 6 position: 0"
}

@test ".timeindex that does not fit its log" {
	indexed
	# A wrong time; then one that falls; then an offset that is not there.
	bytes 0000018bcfe56808 00000002 0000018bcfe56807 00000003 \
	    0000018bcfe5680b 00000005 >$S.timeindex
	run3 klog-dump $S.timeindex
	is_status 4
	is_out "Dumping $S.timeindex
timestamp: 1700000000008 offset: 9
timestamp: 1700000000007 offset: 10
timestamp: 1700000000011 offset: 12"
	is_err "klog-dump: $S.timeindex: position 0: timestamp 1700000000008, but the largest of the batch with offset 9 is 1700000000009
klog-dump: $S.timeindex: position 12: timestamp 1700000000007 of offset 10 follows timestamp 1700000000008 of offset 9
klog-dump: $S.timeindex: position 24: offset 12 is not in the log"
	# A damaged log is not the index's affair.
	poke $S.log 89 00
	bytes 0000018bcfe56809 00000002 >$S.timeindex
	run3 klog-dump $S.timeindex
	is_status 0
	is_err "klog-dump: $S.timeindex: position 0: from here on not compared: the log is damaged at position 73"
}

@test ".timeindex: an offset within a batch, of older versions" {
	written <<-'PY'
		import struct
		from kafkalog import Record
		from kafkawrite import encode_batch
		T = 1700000000000
		r = [Record(i, T - i, None, b"", []) for i in range(3)]
		open("0.log", "wb").write(encode_batch(r))
		open("0.timeindex", "wb").write(struct.pack(">qi", T, 0))
	PY
	run3 klog-dump 0.timeindex
	is_status 0
	is_err 'klog-dump: 0.timeindex: position 0: offset 0, but the batch in the log ends at offset 2'
}

@test ".txnindex" {
	bytes 0000 000000000000000a 0000000000000000 0000000000000005 \
	    0000000000000003 0000 000000000000000a 0000000000000006 \
	    0000000000000009 000000000000000a >0.txnindex
	run3 klog-dump 0.txnindex
	is_status 0
	is_err ''
	is_out 'Dumping 0.txnindex
version: 0 producerId: 10 firstOffset: 0 lastOffset: 5 lastStableOffset: 3
version: 0 producerId: 10 firstOffset: 6 lastOffset: 9 lastStableOffset: 10'
	run3 klog-dump --json 0.txnindex
	is_out '{"file":"0.txnindex","type":"aborted","version":0,"producer_id":10,"first_offset":0,"last_offset":5,"last_stable_offset":3}
{"file":"0.txnindex","type":"aborted","version":0,"producer_id":10,"first_offset":6,"last_offset":9,"last_stable_offset":10}'
	poke 0.txnindex 1 02
	poke 0.txnindex 59 03
	printf x >>0.txnindex
	run3 klog-dump 0.txnindex
	is_status 4
	[ "$(grep -c ^version "$OUT")" -eq 2 ]
	is_err 'klog-dump: 0.txnindex: position 0: version 2 is not 0
klog-dump: 0.txnindex: position 34: impossible offsets
klog-dump: 0.txnindex: position 68: 1 bytes are too few for an entry'
	poke 0.txnindex 1 00
	poke 0.txnindex 51 05
	poke 0.txnindex 59 05
	mv 0.txnindex 6.txnindex
	run3 klog-dump 6.txnindex
	err_like 'position 0: last offset 5 comes where more than 5 should'
}

SNAPSHOT='0001 acf7ffe8 00000001 0000000000000fa0 0000 00000063 0000000000000063 00000004 0000018bcfe56bde ffffffff ffffffffffffffff'

@test ".snapshot" {
	bytes "$SNAPSHOT" >100.snapshot
	bytes 0001 48674bc7 00000000 >0.snapshot
	run3 klog-dump 0.snapshot 100.snapshot
	is_status 0
	is_err ''
	is_out 'Dumping 0.snapshot
version: 1 crc: 1214729159 count: 0 isvalid: true
Dumping 100.snapshot
version: 1 crc: 2901934056 count: 1 isvalid: true
producerId: 4000 producerEpoch: 0 coordinatorEpoch: -1 currentTxnFirstOffset: OptionalLong.empty lastTimestamp: 1700000000990 firstSequence: 95 lastSequence: 99 lastOffset: 99 offsetDelta: 4 timestamp: 1700000000990'
	run3 klog-dump --json 100.snapshot
	is_out '{"file":"100.snapshot","type":"snapshot","version":1,"crc":2901934056,"count":1,"valid":true}
{"file":"100.snapshot","type":"producer","producer_id":4000,"producer_epoch":0,"coordinator_epoch":-1,"txn_first_offset":null,"timestamp":1700000000990,"first_sequence":95,"last_sequence":99,"last_offset":99,"offset_delta":4}'
	run3 klog-dump --hex 100.snapshot
	is_status 0
	[ "$(sed -n '3p;5,$p' "$OUT")" = '00000000  00 01 ac f7 ff e8 00 00  00 01                    |..........|
0000000a  00 00 00 00 00 00 0f a0  00 00 00 00 00 63 00 00  |.............c..|
0000001a  00 00 00 00 00 63 00 00  00 04 00 00 01 8b cf e5  |.....c..........|
0000002a  6b de ff ff ff ff ff ff  ff ff ff ff ff ff        |k.............|' ]
}

@test ".snapshot, damaged" {
	bytes "$SNAPSHOT" >1.snapshot
	poke 1.snapshot 40 00
	run3 klog-dump 1.snapshot
	is_status 4
	[ "$(grep -c ^producerId "$OUT")" -eq 1 ]
	is_err 'klog-dump: 1.snapshot: position 2: checksum mismatch'
	truncate -s 55 1.snapshot
	run3 klog-dump 1.snapshot
	is_status 4
	is_out 'Dumping 1.snapshot
version: 1 crc: 2901934056 count: 1 isvalid: false'
	is_err 'klog-dump: 1.snapshot: position 55: cut off: 0 of 1 producers are there'
	bytes "$SNAPSHOT" 00 >1.snapshot
	run3 klog-dump 1.snapshot
	is_err 'klog-dump: 1.snapshot: position 56: 1 bytes behind the last producer'
	poke 1.snapshot 6 80
	run3 klog-dump 1.snapshot
	is_err 'klog-dump: 1.snapshot: position 6: -2147483647 producers'
	poke 1.snapshot 1 02
	run3 klog-dump 1.snapshot
	is_err 'klog-dump: 1.snapshot: position 0: version 2 is not 1'
	bytes 0001 >1.snapshot
	run3 klog-dump 1.snapshot
	is_status 4
	is_out 'Dumping 1.snapshot'
	is_err 'klog-dump: 1.snapshot: position 0: 2 bytes are too few for a snapshot'
}

@test "small text files" {
	printf '0\n2\n0 0\n2 150\n' >leader-epoch-checkpoint
	printf 'version: 0\ntopic_id: 9Xkf1oRGTDqrnvSYbqQs0g' >partition.metadata
	echo 120 >log-start-offset
	echo 150 >high-watermark
	echo 140 >cleaner-checkpoint
	printf '%020d %020d\n' 120 130 130 140 >swap
	echo '01234567-89ab-cdef-0123-456789abcdef 00000000000000000042' \
	    >recovery-point
	printf 'version=1\nid=9Xkf1oRGTDqrnvSYbqQs0g\npartitions=3\n%s\n' \
	    cleanup.policy=compact segment.bytes=1048576 >topic.conf
	printf '0 00000000000000a1\n2 fedcba9876543210\n' >leader-epoch-origins
	set -- leader-epoch-checkpoint leader-epoch-origins partition.metadata log-start-offset \
	    high-watermark cleaner-checkpoint swap recovery-point topic.conf
	run3 klog-dump "$@"
	is_status 0
	is_err ''
	is_out 'Dumping leader-epoch-checkpoint
epoch: 0 startOffset: 0
epoch: 2 startOffset: 150
Dumping leader-epoch-origins
epoch: 0 origin: 00000000000000a1
epoch: 2 origin: fedcba9876543210
Dumping partition.metadata
version: 0 topicId: 9Xkf1oRGTDqrnvSYbqQs0g
Dumping log-start-offset
offset: 120
Dumping high-watermark
offset: 150
Dumping cleaner-checkpoint
offset: 140
Dumping swap
baseOffset: 120 endOffset: 130
baseOffset: 130 endOffset: 140
Dumping recovery-point
boot: 01234567-89ab-cdef-0123-456789abcdef offset: 42
Dumping topic.conf
version: 1 id: 9Xkf1oRGTDqrnvSYbqQs0g partitions: 3
cleanup.policy: compact
segment.bytes: 1048576'
	run3 klog-dump --json "$@"
	is_status 0
	is_out '{"file":"leader-epoch-checkpoint","type":"epoch","epoch":0,"start_offset":0}
{"file":"leader-epoch-checkpoint","type":"epoch","epoch":2,"start_offset":150}
{"file":"leader-epoch-origins","type":"origin","epoch":0,"origin":"00000000000000a1"}
{"file":"leader-epoch-origins","type":"origin","epoch":2,"origin":"fedcba9876543210"}
{"file":"partition.metadata","type":"metadata","version":0,"topic_id":"9Xkf1oRGTDqrnvSYbqQs0g"}
{"file":"log-start-offset","type":"log-start-offset","offset":120}
{"file":"high-watermark","type":"high-watermark","offset":150}
{"file":"cleaner-checkpoint","type":"cleaner-checkpoint","offset":140}
{"file":"swap","type":"swap","base_offset":120,"end_offset":130}
{"file":"swap","type":"swap","base_offset":130,"end_offset":140}
{"file":"recovery-point","type":"recovery-point","boot":"01234567-89ab-cdef-0123-456789abcdef","offset":42}
{"file":"topic.conf","type":"topic","version":1,"id":"9Xkf1oRGTDqrnvSYbqQs0g","partitions":3}
{"file":"topic.conf","type":"setting","key":"cleanup.policy","value":"compact"}
{"file":"topic.conf","type":"setting","key":"segment.bytes","value":1048576}'
}

# refused NAME TEXT MESSAGE: TEXT in a file of that name is damage.
refused() {
	printf '%b' "$2" >"$1"
	run3 klog-dump "$1"
	is_status 4
	is_out "Dumping $1"
	is_err "klog-dump: $1: $3"
}

@test "small text files, damaged" {
	refused leader-epoch-checkpoint '0\n1\n0 0\n\n' \
	    'not a leader epoch checkpoint'
	refused leader-epoch-origins '0 1\n' \
	    'not a list of epochs and origins'
	refused partition.metadata 'version: 1\n' 'line 1: not "version: 0"'
	refused partition.metadata 'version: 0\ntopic_id: x\n' \
	    'line 2: not "topic_id: " and an id'
	refused partition.metadata \
	    'version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA\n' \
	    'line 2: not "topic_id: " and an id'
	refused partition.metadata \
	    'version: 0\ntopic_id: 9Xkf1oRGTDqrnvSYbqQs0g\nx' \
	    'line 3: should not be there'
	refused partition.metadata 'version: 0\0\n' 'position 10: a NUL byte'
	refused log-start-offset '' 'line 1: is not an offset'
	refused log-start-offset '1' 'line 1: is not an offset'
	refused high-watermark '-1\n' 'line 1: is not an offset'
	refused high-watermark '1\n2\n' 'line 1: is not an offset'
	refused cleaner-checkpoint 'x\n' 'line 1: is not an offset'
	refused swap '1 2\n' 'is not a list of segments'
	refused recovery-point '12\n' 'is not a boot id and an offset'
	refused topic.conf 'version=1\nid=x\n' 'line 2: not a topic id'
	refused state 'short' 'position 5: too short for a state page'
	mkdir p
	cp recovery-point p
	run3 klog-dump p/recovery-point
	is_status 4
	is_err 'klog-dump: p/recovery-point: is not a boot id and an offset'
}

@test "state" {
	klog-topic create t
	seq 3 | klog-produce -t 1700000000000 t
	run3 klog-dump t/0/state
	is_status 0
	is_err ''
	out_like '^Dumping t/0/state
isvalid: true boot: [0-9a-f-]{36} device: [0-9]+ inode: [0-9]+ .* durableOffset: 3 durableBase: 0 '
	run3 klog-dump --json t/0/state
	is_status 0
	[ "$(jq -c 'select(.type == "state") | [.valid, .busy, .syncing,
	    .poison, .durable_offset]' "$OUT")" = '[true,0,0,0,3]' ]
	current=$(jq 'select(.type == "state") | .current' "$OUT")
	[ "$(jq -c "select(.slot == $current) | [.base, .position,
	    .next_offset, .leader_epoch, .max_timestamp, .max_offset]" \
	    "$OUT")" = "[0,$(stat -c %s t/0/$LOG),3,0,1700000000000,2]" ]
	# A copy does not count, and is no damage.
	cp t/0/state state
	run3 klog-dump state
	is_status 0
	out_like 'isvalid: false '
}

@test "a partition directory: all its files, in order" {
	klog-topic create -c segment.bytes=1M t
	for i in 1 2 3; do
		head -c 700000 /dev/zero | tr '\0' "$i" |
		    klog-produce -z none --whole t
	done
	run3 klog-dump t/0
	is_status 0
	is_err ''
	[ "$(grep ^Dumping "$OUT")" = 'Dumping t/0/00000000000000000000.log
Dumping t/0/00000000000000000000.index
Dumping t/0/00000000000000000000.timeindex
Dumping t/0/00000000000000000001.log
Dumping t/0/00000000000000000001.index
Dumping t/0/00000000000000000001.timeindex
Dumping t/0/00000000000000000002.log
Dumping t/0/00000000000000000002.index
Dumping t/0/00000000000000000002.timeindex
Dumping t/0/leader-epoch-checkpoint
Dumping t/0/leader-epoch-origins
Dumping t/0/recovery-point
Dumping t/0/state' ]
	[ "$(grep -c '^baseOffset' "$OUT")" -eq 3 ]
	run3 klog-dump t/0///
	is_status 0
	out_like '^Dumping t/0/00000000000000000000.log'
	cd t/0
	run3 klog-dump .
	out_like '^Dumping ./00000000000000000000.log'
}

@test "a directory of Kafka's, with an active segment" {
	written <<-'PY'
		from kafkalog import Record
		from kafkawrite import Log, encode_batch
		T = 1700000000000
		log = Log()
		def add(n, **more):
		    log.add(encode_batch([Record(log.next + i, T + log.next + i,
		        b"k", b"v" * 1000, []) for i in range(n)], **more))
		for _ in range(20):
		    add(3)
		log.roll()
		add(2, pid=5, pepoch=0, sequence=0, transactional=True)
		log.abort(5, 0, 60, T + 70)
		for _ in range(9):
		    add(1)
		log.write("orders-0")
	PY
	bytes "$SNAPSHOT" >orders-0/00000000000000000060.snapshot
	printf 'version: 0\ntopic_id: 9Xkf1oRGTDqrnvSYbqQs0g' \
	    >orders-0/partition.metadata
	truncate -s 10485760 orders-0/00000000000000000060.index
	truncate -s 10485756 orders-0/00000000000000000060.timeindex
	run3 klog-dump --records orders-0
	is_status 0
	is_err ''
	[ "$(grep ^Dumping "$OUT" | sed 's,.*/,,')" = '00000000000000000000.log
00000000000000000000.index
00000000000000000000.timeindex
00000000000000000060.log
00000000000000000060.index
00000000000000000060.timeindex
00000000000000000060.txnindex
00000000000000000060.snapshot
leader-epoch-checkpoint
partition.metadata' ]
	[ "$(grep -c '^| ' "$OUT")" -eq 72 ]
	grep -qx 'version: 0 producerId: 5 firstOffset: 60 lastOffset: 62 lastStableOffset: 63' "$OUT"
}

@test "damage: a wrong checksum is printed, and what follows" {
	example A B C D >$LOG
	poke $LOG 140 ff
	run3 klog-dump $LOG
	is_status 4
	is_out "Dumping $LOG
Log starting offset: 0
$A
${B%true}false
$C
$D"
	is_err "klog-dump: $LOG: position 73: checksum mismatch"
	run3 klog-dump --json $LOG
	[ "$(jq -c .valid "$OUT" | tr '\n' ' ')" = 'true false true true ' ]
	# Records that can be read are printed, and no word more is said.
	run3 klog-dump --records $LOG
	is_status 4
	[ "$(grep -c '^|' "$OUT")" -eq 5 ]
	grep -q ' headerKeys: \[\] key: k\\xff payload: v1$' "$OUT"
	is_err "klog-dump: $LOG: position 73: checksum mismatch"
	run3 klog-dump --records --hex $LOG
	grep -qF '00000086  14 00 00 00 04 6b ff 04  76 31 00                 |.....k..v1.|' "$OUT"
}

@test "damage: no batch, and the next one that is good" {
	example A >$LOG
	printf 'some bytes that are no batch, and enough of them to be a header' \
	    >>$LOG
	example B >>$LOG
	run3 klog-dump $LOG
	is_status 4
	is_out "Dumping $LOG
Log starting offset: 0
$A
Found 63 invalid bytes at position 73 of $LOG
${B/position: 73/position: 136}"
	is_err "klog-dump: $LOG: position 73: no batch: magic 97; the next good batch is at position 136"
	run3 klog-dump --json $LOG
	[ "$(jq -c 'select(.type == "invalid")' "$OUT")" = \
	    "{\"file\":\"$LOG\",\"type\":\"invalid\",\"position\":73,\"size\":63}" ]
	run3 klog-dump --hex $LOG
	grep -qF '00000049  73 6f 6d 65 20 62 79 74  65 73 20 74 68 61 74 20  |some bytes that |' "$OUT"
	# Impossible lengths and attributes; a length that leads too far.
	example A B C >$LOG
	poke $LOG 81 00000005
	run3 klog-dump $LOG
	is_err "klog-dump: $LOG: position 73: no batch: length 5; the next good batch is at position 166"
	poke $LOG 81 00000051
	poke $LOG 94 8000
	run3 klog-dump $LOG
	is_err "klog-dump: $LOG: position 73: no batch: attributes, offsets or count are impossible; the next good batch is at position 166"
	poke $LOG 94 0000
	poke $LOG 81 00010051
	run3 klog-dump $LOG
	is_status 4
	is_err "klog-dump: $LOG: position 73: a batch is cut off: 171 of 65629 bytes are there; the next good batch is at position 166"
	example A B C D >$LOG
	poke $LOG 81 00000061
	run3 klog-dump $LOG
	is_status 4
	is_err "klog-dump: $LOG: position 73: checksum mismatch; the next good batch is at position 166"
	[ "$(tail -n 2 "$OUT")" = "$C
$D" ]
}

@test "damage: a tail that is cut off, and one of zeros" {
	example A B >$LOG
	truncate -s 160 $LOG
	run3 klog-dump $LOG
	is_status 4
	is_out "Dumping $LOG
Log starting offset: 0
$A
Found 87 invalid bytes at the end of $LOG"
	is_err "klog-dump: $LOG: position 73: a batch is cut off: 87 of 93 bytes are there"
	truncate -s 93 $LOG
	run3 klog-dump $LOG
	is_status 4
	is_err "klog-dump: $LOG: position 73: 20 bytes are too few for a batch"
	example A >$LOG
	truncate -s 65536 $LOG
	run3 klog-dump $LOG
	is_status 0
	is_out "Dumping $LOG
Log starting offset: 0
$A
Found 65463 invalid bytes at the end of $LOG"
	is_err "klog-dump: $LOG: position 73: zeros from here to the end, as in a file that Kafka allocated ahead"
	run3 klog-dump -q --json $LOG
	is_status 0
	is_err ''
	[ "$(tail -n 1 "$OUT")" = \
	    "{\"file\":\"$LOG\",\"type\":\"invalid\",\"position\":73,\"size\":65463}" ]
}

@test "damage: records that can't be read" {
	written <<-'PY'
		from kafkalog import Record
		from kafkawrite import encode_batch
		r = [Record(i, 0, None, b"v", []) for i in range(2)]
		good = encode_batch(r)
		bad = encode_batch(r, codec=4, pack=lambda raw: b"not zstd")
		with open("0.log", "wb") as f:
		    f.write(bad)
		    f.write(encode_batch([Record(2, 0, None, b"", [])]))
	PY
	run3 klog-dump 0.log
	is_status 0
	run3 klog-dump --records 0.log
	is_status 4
	[ "$(grep -c isvalid "$OUT")" -eq 2 ]
	[ "$(grep -c '^|' "$OUT")" -eq 1 ]
	err_like '^klog-dump: 0.log: position 0: batch at offset 0: zstd: [^:]+$'
	run3 klog-dump --records --json --hex 0.log
	[ "$(jq -c 'select(.type == "unreadable")' "$OUT")" = \
	    '{"file":"0.log","type":"unreadable","position":0,"hex":"6e6f74207a737464"}' ]
}

@test "damage: offsets that fall; gaps with -v only" {
	example B A >$LOG
	run3 klog-dump $LOG
	is_status 4
	is_err "klog-dump: $LOG: position 93: offset 0 comes where 3 or more should"
	example A D >$LOG
	run3 klog-dump $LOG
	is_status 0
	is_err ''
	run3 klog-dump -v $LOG
	is_status 0
	is_err "klog-dump: $LOG: position 73: offset 0 is followed by 4"
	example A >5.log
	run3 klog-dump 5.log
	is_status 4
	is_err 'klog-dump: 5.log: position 0: offset 0 comes where 5 or more should'
}

@test "damage: after sixteen places the rest is counted" {
	for _ in $(seq 20); do
		bytes 0000000100000001
	done >9.index
	run3 klog-dump 9.index
	is_status 4
	[ "$(grep -c '^offset: 10 position: 1$' "$OUT")" -eq 20 ]
	[ "$(wc -l <"$ERR")" -eq 17 ]
	[ "$(tail -n 1 "$ERR")" = 'klog-dump: 9.index: 3 more places are damaged' ]
}

@test "zeros in the middle of an index, again and again" {
	# Looking for their end at each entry would take for ever.
	truncate -s 10485760 9.index
	poke 9.index 10485759 01
	run3 timeout 60 sh -c 'klog-dump 9.index | tail -n 1'
	is_status 0
	is_out 'offset: 9 position: 1'
	[ "$(tail -n 1 "$ERR")" = \
	    'klog-dump: 9.index: 1310703 more places are damaged' ]
}

@test "any bytes are damage at worst" {
	cat >mutate.py <<-'PY'
		import os, random, subprocess, sys
		golden, count = sys.argv[1], int(sys.argv[2])
		def hexed(*words):
		    return bytes.fromhex("".join(words))
		def example(x):
		    return hexed(open(golden + "/" + x + ".hex").read())
		whole = {
		    "0.log": b"".join(map(example, "ABCDEF")),
		    "0.index": hexed("0000000200000049", "00000003000000a6"),
		    "0.timeindex": hexed("0000018bcfe56bed00000002"),
		    "0.txnindex": hexed("0000", "0000000000000fa0", "00" * 7, "01",
		        "00" * 7, "03", "00" * 7, "04"),
		    "5.snapshot": hexed(sys.argv[3]),
		    "leader-epoch-checkpoint": b"0\n2\n0 0\n2 150\n",
		    "partition.metadata":
		        b"version: 0\ntopic_id: 9Xkf1oRGTDqrnvSYbqQs0g",
		    "log-start-offset": b"12\n", "state": bytes(4096),
		    "swap": b"%020d %020d\n" % (0, 7),
		    "recovery-point": b"01234567-89ab-cdef-0123-456789abcdef 42\n"}
		for x in "gzip", "lz4", "snappy", "zstd":
		    whole[x + ".log"] = open(golden + "/" + x + ".log", "rb").read()
		os.mkdir("p")
		for seed in range(count):
		    rng = random.Random(seed)
		    for name, data in whole.items():
		        data = bytearray(data)
		        for _ in range(rng.choice((1, 2, 9))):
		            at = rng.randrange(len(data) + 1)
		            kind = rng.randrange(4)
		            if kind == 0:
		                data[at:at + 1] = rng.randbytes(1)
		            elif kind == 1:
		                del data[at:at + rng.randrange(80)]
		            elif kind == 2:
		                data[at:at] = rng.randbytes(rng.randrange(80))
		            else:
		                data += data[:at]
		        open("p/" + name, "wb").write(data)
		    words = [x for x in ("--records", "--hex", "--json", "-v")
		             if rng.randrange(2)]
		    done = subprocess.run(["klog-dump", *words, "p"], timeout=60,
		        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
		    lines = done.stderr.decode().splitlines()
		    if done.returncode not in (0, 4) or \
		            [x for x in lines if not x.startswith("klog-dump: p/")]:
		        sys.exit("seed %d: %s" % (seed, done))
	PY
	run3 python3 mutate.py "$KLOG_TOP/tests/golden" 60 "$SNAPSHOT"
	is_status 0
	is_err ''
}

@test "a file that a recovery cut off" {
	mkdir cut
	example B >cut/00000000000000000000.73.1700000000000
	run3 klog-dump cut/00000000000000000000.73.1700000000000
	is_status 0
	[ "$(tail -n 1 "$OUT")" = "${B/position: 73/position: 0}" ]
}

@test "what is no file of a partition" {
	example A >$LOG
	ln -s $LOG 1.log
	mkfifo 2.log
	mkdir empty
	echo x >orders.txt
	echo one | klog-produce --create t
	run3 klog-dump 1.log 2.log 3.log empty orders.txt t "new
line.log" $LOG
	is_status 3
	is_out "Dumping $LOG
Log starting offset: 0
$A"
	is_err 'klog-dump: 1.log: is a symbolic link
klog-dump: 2.log: is not a regular file
klog-dump: 3.log: No such file or directory
klog-dump: empty: holds no file of a partition
klog-dump: orders.txt: by its name it is no file of a partition
klog-dump: t: is a topic; name a partition in it, such as t/0
klog-dump: new\x0aline.log: No such file or directory'
	ln -s t/0 link
	run3 klog-dump link
	is_status 3
	is_err 'klog-dump: link: is a symbolic link'
	# A link in the middle of a path is none of our affair.
	run3 klog-dump link/state
	is_status 0
	run3 klog-dump link/leader-epoch-checkpoint
	is_status 0
}

@test "called wrongly" {
	example A >$LOG
	run3 klog-dump
	is_status 2
	is_out ''
	is_err 'klog-dump: FILE is missing
usage: klog-dump [options] FILE|DIR...'
	run3 klog-dump $LOG -
	is_status 2
	is_out ''
	is_err "klog-dump: -: standard input can't be read here; name a file
usage: klog-dump [options] FILE|DIR..."
	run3 klog-dump --frob $LOG
	is_status 2
	err_like '^klog-dump: unknown option --frob'
}

@test "the highest status wins, and the other files are printed" {
	example A B >$LOG
	poke $LOG 70 00
	example D >4.log
	run3 klog-dump $LOG missing.log 4.log
	is_status 4
	[ "$(tail -n 1 "$OUT")" = "${D/position: 244/position: 0}" ]
	err_like 'checksum mismatch
klog-dump: missing.log: No such file or directory$'
}

@test "the right to read is enough" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to be somebody else"
	mkdir p
	example A >p/$LOG
	printf '0\n1\n0 0\n' >p/leader-epoch-checkpoint
	chmod 444 p/*
	chmod 555 p
	run3 unprivileged "$KLOG_BIN/klog-dump" p
	is_status 0
	is_err ''
	[ "$(grep -c ^Dumping "$OUT")" -eq 2 ]
	chmod 400 p/$LOG
	run3 unprivileged "$KLOG_BIN/klog-dump" p/$LOG
	is_status 3
	is_err "klog-dump: p/$LOG: Permission denied"
	# A file of one user in a directory of another.
	chown 65534 p/$LOG
	run3 klog-dump p/$LOG
	is_status 0
}

@test "stdout that is full or closed" {
	example A >one
	for _ in $(seq 2000); do
		printf 'one\0'
	done | xargs -0 cat >$LOG
	run3 sh -c "klog-dump -q $LOG >/dev/full"
	is_status 3
	[ "$(tail -n 1 "$ERR")" = 'klog-dump: stdout: No space left on device' ]
	example A >$LOG
	run3 sh -c "klog-dump $LOG 4.log >/dev/full"
	is_status 3
	is_err 'klog-dump: stdout: No space left on device'
	run3 sh -c "klog-dump $LOG >&-"
	is_status 3
	is_err 'klog-dump: stdout: Bad file descriptor'
}
