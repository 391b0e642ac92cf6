#!/usr/bin/env bats
# klog-produce: every option, by what is printed and what is stored.

load produce

key_value='f"{text(r.key)} {text(r.value)}"'

# ---- forms of input ----

@test "lines: one record each, empty ones too, the last without newline" {
	topic t 1
	input 'a\n\nb c\\\nlast'
	produce t
	is_status 0
	is_out ''
	is_err ''
	is_stored t "0 0 null 'a'
0 1 null ''
0 2 null 'b c\\\\'
0 3 null 'last'"
}

@test "no input: no record, and no topic is asked for twice" {
	topic t 1
	input ''
	produce t
	is_status 0
	is_err ''
	is_stored t ''
}

@test "bytes that are no text are stored as they are" {
	topic t 1
	input 'a\000b\n\377\376\n\r\n'
	produce t
	is_status 0
	is_stored t "0 0 null 'a\\x00b'
0 1 null '\\xff\\xfe'
0 2 null '\\r'"
}

@test "-0, --null: records end with NUL" {
	topic t 1
	input 'a\nb\000\000c'
	produce -0 t
	is_status 0
	input 'd\000'
	produce --null t
	is_stored t "0 0 null 'a\\nb'
0 1 null ''
0 2 null 'c'
0 3 null 'd'"
}

@test "-D, --delimiter: any bytes, with escapes" {
	topic t 1
	input 'a--b-c--'
	produce -D -- t
	is_status 0
	input 'd\ne\t\000f'
	produce --delimiter='\t\x00' t
	is_status 0
	is_stored t "0 0 null 'a'
0 1 null 'b-c'
0 2 null 'd\\ne'
0 3 null 'f'"
}

@test "-F, --format: key, value, time, header, partition by format" {
	topic t 2
	input 'k=v;1;1600000000000\nk2=v 2;0;-1\n'
	produce -F '%k=%s;%p;%T\n' --keep-partition t
	is_status 0
	is_log 'p, r.offset, text(r.key), text(r.value), r.ts > 1.6e12' t \
	    "(0, 0, \"'k2'\", \"'v 2'\", True)
(1, 0, \"'k'\", \"'v'\", False)"
}

@test "-J, --json: everything a record has" {
	topic t 1
	input '%s\n' # the file is written below; printf would eat escapes
	cat >in <<-'END'
	{"topic":"x","partition":7,"offset":9,"ts":1600000000001,"key":"k","value":"v","headers":[["a","1"],["a",null],["b",""]]}
	{"ts":1600000000002,"key":null,"value":null}
	{"ts":1600000000003,"key":{"base64":"/w=="},"value":{"base64":"AAE="}}
	{"ts":1600000000004,"payload":"kcat","headers":["n","v"]}
	{"ts":1600000000005,"value":"\u0001\u00e9\ud83d\ude00"}
	END
	produce -J t
	is_status 0
	is_err ''
	is_log 'f"{r.ts} {text(r.key)} {text(r.value)} {headers(r)}"' t \
	    "1600000000001 'k' 'v' 'a'='1' 'a'=null 'b'=''
1600000000002 null null 
1600000000003 '\\xff' '\\x00\\x01' 
1600000000004 null 'kcat' 'n'='v'
1600000000005 null '\\x01\\xc3\\xa9\\xf0\\x9f\\x98\\x80' "
}

@test "-J: a line longer than max.message.bytes may hold a record that fits" {
	topic t 1 max.message.bytes=2000
	python3 -c 'print("{\"value\":\"" + "\\u0041" * 1500 + "\"}")' >in
	produce --json t
	is_status 0
	is_log 'len(r.value), set(r.value)' t '(1500, {65})'
}

@test "--framed: what the independent writer of frames wrote" {
	topic t 1
	python3 - >in <<-'END'
	import struct, sys
	def sized(b):
	    return struct.pack(">i", -1) if b is None else \
	        struct.pack(">i", len(b)) + b
	for key, value, headers in ((b"k\n", b"v\0", [(b"h", None)]),
	                            (None, None, []), (b"", b"", [])):
	    sys.stdout.buffer.write(sized(key) + sized(value) +
	        struct.pack(">i", len(headers)) +
	        b"".join(sized(n) + sized(v) for n, v in headers) +
	        struct.pack(">q", 1600000000007))
	END
	produce --framed t
	is_status 0
	is_log 'f"{r.ts} {text(r.key)} {text(r.value)} {headers(r)}"' t \
	    "1600000000007 'k\\n' 'v\\x00' 'h'=null
1600000000007 null null 
1600000000007 '' '' "
}

@test "--whole: each FILE is a record, and so is all of stdin" {
	topic t 1
	printf 'a\nb\n' >one
	: >two
	input 'x\ny'
	produce --whole t one two -
	is_status 0
	produce --whole t
	is_stored t "0 0 null 'a\\nb\\n'
0 1 null ''
0 2 null 'x\\ny'
0 3 null 'x\\ny'"
}

@test "several FILEs: one after the other, - is stdin" {
	topic t 1
	printf '1\n2' >one
	printf '3\n' >two
	input 'in\n'
	produce t one - two
	is_status 0
	[ "$(values t)" = $'1\n2\nin\n3' ]
}

# ---- keys, headers, nulls, times ----

@test "-K: the key stands before the first separator; without one it is null" {
	topic t 1
	input 'a:b:c\nplain\n:v\nk:\n'
	produce -K : t
	is_status 0
	input 'a\tb\n'
	produce --key-separator '\t' t
	is_log "$key_value" t "'a' 'b:c'
null 'plain'
'' 'v'
'k' ''
'a' 'b'"
}

@test "-k: one key for all that have none" {
	topic t 1
	input 'a:b\nplain\n'
	produce -k all -K : t
	is_status 0
	input '{"key":"own","value":"x"}\n{"value":"y"}\n'
	produce --key all -J t
	is_log "$key_value" t "'a' 'b'
'all' 'plain'
'own' 'x'
'all' 'y'"
}

@test "--key-json, --time-json: by paths in the value" {
	topic t 1
	cat >in <<-'END'
	{"a":{"b":"x"},"ts":1600000000}
	{"a":{"b":12},"ts":1600000000123}
	{"a":{},"ts":"2020-09-13T12:26:40.5Z"}
	END
	produce --key-json .a.b --time-json .ts t
	is_status 0
	is_err ''
	is_log 'f"{text(r.key)} {r.ts}"' t "'x' 1600000000000
'12' 1600000000123
null 1600000000500"
	[ "$(values t)" = "$(cat in)" ]
}

@test "-H: order and duplicates are kept; a name alone is null" {
	topic t 1
	input 'x\n'
	produce -H a=1 -H b -H a= --header c=d=e t
	is_status 0
	is_log 'headers(r)' t "'a'='1' 'b'=null 'a'='' 'c'='d=e'"
}

@test "-H: come after the record's own" {
	topic t 1
	input '{"value":"x","headers":[["own","1"]]}\n'
	produce -J -H a=1 t
	is_log 'headers(r)' t "'own'='1' 'a'='1'"
}

@test "-Z: an empty value is null, with -K an empty key too" {
	topic t 1
	input 'k:\n:v\n\n'
	produce -Z -K : t
	is_status 0
	is_log "$key_value" t "'k' null
null 'v'
null null"
}

@test "-t: the time of all records; without it the clock" {
	topic t 1
	input 'x\n'
	produce -t 2020-09-13T12:26:40Z t
	is_status 0
	produce --timestamp 1600000000 t
	produce -t 1600000000123 t
	is_log 'r.ts' t '1600000000000
1600000000000
1600000000123'
	topic now 1
	before=$(date +%s%3N)
	produce now
	after=$(date +%s%3N)
	ts=$(log 'r.ts' now)
	((before <= ts && ts <= after))
}

@test "message.timestamp.type=LogAppendTime: the clock at the append" {
	topic t 1 message.timestamp.type=LogAppendTime
	input 'x\ny\n'
	before=$(date +%s%3N)
	produce -t 1600000000123 --report='%T\n' t
	after=$(date +%s%3N)
	is_status 0
	is_out "$(log 'r.ts' t)"
	ts=$(log 'r.ts' t | sort -u)
	((before <= ts && ts <= after))
	is_log 'b.log_append' t 'True
True'
}

# ---- partitions ----

@test "-p: that partition" {
	topic t 3
	input 'a\nb\n'
	produce -p 2 t
	is_status 0
	produce --partition=0 -k key t
	is_stored t "0 0 'key' 'a'
0 1 'key' 'b'
2 0 null 'a'
2 1 null 'b'"
}

@test "keys go where Kafka's Java client puts them" {
	topic t 7
	seq 500 | sed 's/.*/key&:&/' >in
	produce -K : t
	is_status 0
	log 'p == prim.partition_of(r.key, count)' t | sort | uniq -c >got
	[ "$(tr -s ' ' <got)" = ' 500 True' ]
	produce -K : --partitioner murmur2 t
	log 'p == prim.partition_of(r.key, count)' t | sort | uniq -c >got
	[ "$(tr -s ' ' <got)" = ' 1000 True' ]
}

@test "--partitioner roundrobin: one each in turn, keys or not" {
	topic t 3
	input 'k:a\nk:b\nc\nk:d\n'
	produce -K : --partitioner roundrobin t
	is_status 0
	is_stored t "0 0 'k' 'a'
0 1 'k' 'd'
1 0 'k' 'b'
2 0 null 'c'"
}

@test "--partitioner sticky, and null keys: a batch stays together" {
	topic t 5
	seq 100 >in
	produce --partitioner sticky -k key t
	is_status 0
	[ "$(log p t | sort -u | wc -l)" -eq 1 ]
	[ "$(values t)" = "$(seq 100)" ]
	topic u 5
	produce u
	[ "$(log p u | sort -u | wc -l)" -eq 1 ]
	topic v 5
	seq 20000 >in
	produce --batch-bytes 1k v
	[ "$(log p v | sort -u | wc -l)" -eq 5 ]
	[ "$(values v | sort -n)" = "$(seq 20000)" ]
}

@test "--keep-partition: as the record says" {
	topic t 3
	input '{"partition":2,"value":"a"}\n{"partition":0,"value":"b"}\n'
	produce -J --keep-partition t
	is_status 0
	is_stored t "0 0 null 'b'
2 0 null 'a'"
}

# ---- compression and batches ----

@test "-z: each codec, and levels" {
	seq 2000 >in
	for codec in none gzip snappy lz4 zstd gzip:9 zstd:19 zstd:-5; do
		name=${codec%%:*}
		topic "t-${codec/:/_}" 1
		produce -z "$codec" "t-${codec/:/_}"
		is_status 0
		is_err ''
		want=$(printf '%s\n' none gzip snappy lz4 zstd |
			grep -nx "$name")
		[ "$(log b.codec "t-${codec/:/_}" | sort -u)" = \
		    $((${want%%:*} - 1)) ]
		[ "$(values "t-${codec/:/_}")" = "$(cat in)" ]
	done
	size() { stat -c %s "$1"/0/*.log; }
	[ "$(size t-gzip_9)" -lt "$(size t-none)" ]
	[ "$(size t-zstd_19)" -lt "$(size t-zstd_-5)" ]
}

@test "the codec: -z, KLOG_COMPRESSION, the topic's, in this order" {
	seq 500 >in
	topic a 1
	topic b 1 compression.type=lz4
	topic c 1 compression.type=producer
	for t in a b c; do
		produce "$t"
	done
	KLOG_COMPRESSION=gzip produce b
	KLOG_COMPRESSION=gzip produce -z snappy b
	KLOG_COMPRESSION='' produce b
	[ "$(log b.codec a | uniq)" = 4 ]
	[ "$(log b.codec b | uniq | paste -sd' ')" = '3 1 2 3' ]
	[ "$(log b.codec c | uniq)" = 4 ]
}

@test "--batch-bytes: no batch is larger" {
	topic t 1
	seq 10000 >in
	produce --batch-bytes 2k -z none t
	is_status 0
	[ "$(log b.size t | sort -n | tail -1)" -le 2048 ]
	[ "$(log b.size t | sort -n | tail -1)" -gt 1900 ]
	topic u 1
	produce -z none u
	[ "$(log b.position u | sort -u)" = 0 ]
}

# ---- acks, tee, report ----

@test "-a 0, 1, all and -1; KLOG_ACKS" {
	topic t 1
	input 'x\n'
	for a in 0 1 all -1; do
		produce -a "$a" --report='%o\n' t
		is_status 0
		is_err ''
	done
	KLOG_ACKS=0 produce --acks all t
	is_status 0
	KLOG_ACKS=all produce t
	is_status 0
	KLOG_ACKS='' produce t
	[ "$(values t | wc -l)" -eq 7 ]
}

# Leaks can't be looked for under strace.
syncs() {
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=fdatasync,fsync,sync_file_range -o trace \
	    klog-produce "$@" <in || return 1
	grep -c 'f[a-z]*sync(' trace || true
}

@test "--acks: 1 syncs before it ends, 0 does not" {
	command -v strace >/dev/null || skip 'strace is not there'
	topic t 1
	input 'x\n'
	klog-produce t <in
	if ! strace -o trace true 2>/dev/null; then
		skip 'strace may not trace here'
	fi
	[ "$(syncs -a 0 t)" -eq 0 ]
	[ "$(syncs -a 1 t)" -ge 1 ]
	[ "$(KLOG_ACKS=0 syncs t)" -eq 0 ]
}

@test "--report: each line comes after the sync of its record" {
	command -v strace >/dev/null || skip 'strace is not there'
	strace -o trace true 2>/dev/null || skip 'strace may not trace here'
	topic t 1
	input 'x\n'
	klog-produce t <in
	ASAN_OPTIONS=detect_leaks=0 strace \
	    -f -e trace=fdatasync,write,writev,pwrite64,pwritev,pwritev2 \
	    -o trace klog-produce --report t <in >out
	grep -n 'fdatasync(' trace | tail -1 >sync
	grep -n 'write(1, "t 0 1' trace >line
	[ "$(cut -d: -f1 sync)" -lt "$(cut -d: -f1 line)" ]
}

@test "--report: topic, partition, offset; FMT is taken as it is" {
	topic t 2
	input 'k:a\nk:b\n'
	produce --report -p 1 t
	is_status 0
	is_out 't 1 0
t 1 1'
	produce --report='%k=%s@%o,' -K : -p 1 t
	[ "$(cat "$OUT")" = 'k=a@2,k=b@3,' ]
	produce --report='%i %K %S %h\n' -H n=v -p 0 ./t
	is_out '1 -1 3 n=v
2 -1 3 n=v'
}

@test "--report: several partitions and batches, each record once" {
	topic t 3
	seq 3000 | sed 's/.*/&:&/' >in
	produce -K : --batch-bytes 1k --report='%p %o %k %s\n' t
	is_status 0
	log 'p, r.offset, int(r.key), int(r.value)' t | tr -d '(),' |
		sort >want
	sort "$OUT" | cmp - want
}

@test "--tee: the input again, delimiters and all" {
	topic t 3
	input 'k:a\n\n\r\nlast'
	produce --tee -K : t
	is_status 0
	cmp "$OUT" in
	input 'a\000b\nc'
	produce -0 --tee t
	cmp "$OUT" in
	seq 200000 >in
	klog-produce --tee --batch-bytes 4k t <in >copy
	cmp copy in
}

@test "--tee: what was not stored is not copied" {
	topic t 1
	input '{"value":"a"}\nbad\n{"value":"b"}\n'
	produce --tee -J --on-error skip -q t
	is_status 0
	is_out '{"value":"a"}
{"value":"b"}'
}

# ---- which topic, how much, what is said ----

@test "TOPIC: a word is looked up in --dir, then KLOG_DIR, then here" {
	mkdir a b
	topic a/t 1
	topic b/t 1
	topic t 1
	input 'x\n'
	KLOG_DIR=$T/a produce t
	KLOG_DIR=$T/a produce --dir b t
	KLOG_DIR='' produce t
	KLOG_DIR=$T/a produce ./t
	produce "$T/t/"
	[ "$(values a/t | wc -l) $(values b/t | wc -l)" = '1 1' ]
	[ "$(values t | wc -l)" = 3 ]
}

@test "--create: makes the topic, once" {
	input 'x\n'
	produce --create --partitions 3 --report t
	is_status 0
	out_like '^t [012] 0$'
	[ "$(log count t)" = 3 ]
	produce --create -p 2 t
	is_status 0
	produce --create --partitions 9 t
	is_status 0
	[ "$(log count t | sort -u)" = 3 ]
	produce --create u
	[ "$(log count u)" = 1 ]
}

@test "--create: many at once make one topic" {
	for i in $(seq 8); do
		echo "$i" | klog-produce --create --partitions 2 t &
		pids[i]=$!
	done
	for i in $(seq 8); do
		wait "${pids[i]}"
	done
	[ "$(values t | sort)" = "$(seq 8)" ]
}

@test "--create: nothing is made when something else is wrong" {
	input 'x\n'
	for bad in --report=%Q --delimiter= --key-json=b -p1 nofile; do
		produce --create t "$bad"
		[ "$status" -ne 0 ]
		[ ! -e t ]
	done
}

@test "-n: stops after N, counting what was stored" {
	topic t 1
	seq 10 >in
	produce -n 3 t
	is_status 0
	produce --max-records 0 t
	is_status 0
	[ "$(values t)" = "$(seq 3)" ]
	input 'bad\n{"value":"a"}\nbad\n{"value":"b"}\n{"value":"c"}\n'
	produce -J --on-error skip -q -n 2 t
	[ "$(values t | paste -sd' ')" = '1 2 3 a b' ]
	seq 3 >in
	produce -n 4 t in in
	[ "$(values t | paste -sd' ')" = '1 2 3 a b 1 2 3 1' ]
}

@test "--rate: not faster" {
	topic t 1
	seq 5 >in
	before=$(date +%s%3N)
	produce --rate 20/s t
	after=$(date +%s%3N)
	is_status 0
	((after - before >= 200))
	produce --rate 100000 t
	is_status 0
	[ "$(values t | wc -l)" = 10 ]
}

@test "-v: what was done; without it, and with -q, nothing" {
	topic t 2
	input 'a\nb\n'
	produce -v -p 1 -z none t
	is_status 0
	is_out ''
	[ "$(sed -E '1s/, [0-9]+\.[0-9]{3} s, .*/, TIME/' "$ERR")" = \
	    "klog-produce: 2 records, 4 in 1 batch, 77 stored (none, ratio 1.00), TIME
klog-produce: $T/t/1: 2 records, offsets 0 to 1" ]
	input 'a\n'
	produce -v -p 0 -z none t
	err_like '^klog-produce: 1 record, 2 in 1 batch, 69 stored '
	err_like '/t/0: 1 record, offsets 0 to 0$'
	produce -v -q t
	is_err ''
}

@test "--progress, SIGUSR1: how far it is" {
	topic t 1
	mkfifo pipe
	klog-produce t <pipe 2>err &
	pid=$!
	exec 9>pipe
	echo a >&9
	until_true grep -q a t/0/00000000000000000000.log
	kill -USR1 "$pid"
	until_true grep -q '^klog-produce: .* records' err
	exec 9>&-
	wait "$pid"
	seq 3 >in
	produce --progress t
	is_status 0
	is_err ''
}

@test "--help, --version" {
	run3 klog-produce --help
	is_status 0
	is_err ''
	out_like '^usage: klog-produce \[options\] TOPIC \[FILE\.\.\.\]'
	[ "$(wc -L <"$OUT")" -le 80 ]
	run3 klog-produce -h
	[ "$(head -c 5 "$OUT")" = usage ]
	run3 klog-produce --version
	is_status 0
	out_like '^klog-produce \(klog\) [0-9]'
	run3 klog-produce -V
	is_status 0
}

@test "options and operands may be mixed; -- ends options; prefixes do" {
	topic t 1
	topic ./-t 1
	input 'a\n'
	produce t in --comp none
	is_status 0
	produce --dir . -- -t in
	is_status 0
	is_log "b.codec, text(r.value)" t "(0, \"'a'\")"
	is_stored ./-t "0 0 null 'a'"
}
