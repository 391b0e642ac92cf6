#!/usr/bin/env bats
# shellcheck disable=SC1003
# klog-consume: how records look, and where they go.

load consume

# pieces: topic "p", one partition: null, empty and full keys and values,
# headers, every byte.
pieces() {
	python '
every = bytes(range(256))
log = Log()
log.add(encode_batch([
    rec(0, "plain"), rec(1, "v", key=b"k"), rec(2, None, key=b"gone"),
    rec(3, "", key=b""),
    rec(4, every, key=every, headers=[(b"h", b"1"), (b"n", None),
                                      (b"h", b""), (b"", every)]),
    rec(5, "\u20ac\n\"\\", ts=1), rec(6, None)], epoch=3))
log.add(encode_batch([rec(7, "late")], log_append=T + 99000,
                     epoch=3))
write_topic("p", [log])'
}

@test "lines; -0; -D" {
	printf 'a\n\nb\n' | klog-produce --create t
	prints $'a\n\nb' t
	klog-consume -0 t | cmp - <(printf 'a\0\0b\0')
	klog-consume -D '\r\n' t | cmp - <(printf 'a\r\n\r\nb\r\n')
	klog-consume -D '\x00|\\' t | cmp - <(printf 'a\0|\\\0|\\b\0|\\')
	klog-consume -D '' t | cmp - <(printf ab)
	consume -D '\q' t
	is_status 2
	err_like '^klog-consume: -D: '
}

@test "bytes go out as they are" {
	pieces
	klog-consume -o 4:5 -D '' p |
		cmp - <(python 'sys.stdout.buffer.write(bytes(range(256)))')
}

@test "-K, -Z, --null-as" {
	pieces
	printf '|plain\nk|v\ngone|\n|\n' >want
	klog-consume -n 4 -K '|' p | cmp - want
	printf 'NULL=plain\nk=v\ngone=NULL\n=\n' >want
	klog-consume -n 4 -Z -K = p | cmp - want
	printf '(nil)\tplain\nk\tv\ngone\t(nil)\n\t\n' >want
	klog-consume -n 4 --null-as '(nil)' -K '\t' p | cmp - want
	klog-consume -o 6:7 p | cmp - <(echo)
	klog-consume -o 6:7 -Z p | cmp - <(echo NULL)
	refused 'only one of -Z and --null-as can be given' -Z --null-as x p
}

@test "-F" {
	pieces
	prints "p 0 0 $T0 [-1] [5] plain" -n 1 -F '%t %p %o %T [%K] [%S] %s\n' p
	prints 'NULL|5|plain' -n 1 -Z -F '%k|%S|%s\n' p
	prints '2026-11-22T10:00:01.000Z 3 1 none create' -o 1 -n 1 \
		-F '%d %e %i %a{compression} %a{timestamp-type}\n' p
	prints '10:00 6b dg== "v" 1 %' -o 1 -n 1 \
		-F '%d{%H:%M} %k{hex} %s{base64} %s{json} %S %%\n' p
	klog-consume -o 1 -n 1 -F '%S{big32}' p | cmp - <(printf '\0\0\0\1')
	prints 2026-11-22T10:01:39.000Z -o 7 -F '%d\n' p
	consume -F '%q' p
	is_status 2
	err_like '^klog-consume: -F: column [0-9]+: '
}

# What is in the topic, by the independent reader, as jq would print it.
as_json() {
	python '
import base64, json
def text(b):
    if b is None:
        return None
    try:
        return b.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(b).decode()}
for p, segments in enumerate(kafkalog.read_topic(sys.argv[1])):
    for b in kafkalog.batches_of(segments):
        for r in b.records:
            print(json.dumps({
                "topic": sys.argv[1], "partition": p, "offset": r.offset,
                "ts": r.ts,
                "tstype": "logappend" if b.log_append else "create",
                "key": text(r.key), "value": text(r.value),
                "headers": [[text(n), text(v)] for n, v in r.headers]}))
' "$1" | jq -cS .
}

@test "-J is valid JSON that holds everything" {
	pieces
	klog-consume -J p | jq -cS . >got
	as_json p >want
	diff want got
	[ "$(wc -l <got)" -eq 8 ]
	klog-consume -J p | iconv -f UTF-8 -t UTF-8 >/dev/null
	[ "$(klog-consume -J p | wc -l)" -eq 8 ]
}

@test "-J and --framed lose nothing: from topic to topic" {
	pieces
	klog-topic create copy framed
	klog-consume -J p | klog-produce -J copy
	klog-consume --framed p | klog-produce --framed framed
	fields='{ts, key, value, headers}'
	as_json p | jq -c "$fields" >want
	as_json copy | jq -c "$fields" | diff want -
	as_json framed | jq -c "$fields" | diff want -
}

@test "-J keeps partitions with --keep-partition" {
	numbers a 3 20
	klog-topic create -p 3 b
	klog-consume -J a | klog-produce -J --keep-partition b
	as_json a | jq -c '[.partition, .offset, .ts, .value]' >want
	as_json b | jq -c '[.partition, .offset, .ts, .value]' | diff want -
}

@test "--framed is what the page says" {
	python '
log = Log()
log.add(encode_batch([rec(0, "val", key=None, headers=[(b"n", None)])]))
write_topic("t", [log])'
	klog-consume --framed t | od -An -v -tx1 | tr -d ' \n' >got
	printf '%s' ffffffff 00000003 76616c 00000001 00000001 6e ffffffff \
		"$(printf %016x "$T0")" | cmp - got
}

@test "random bytes, every codec, -J and --framed" {
	for z in none gzip lz4 snappy zstd; do
		klog-topic create "a-$z" "j-$z" "f-$z"
		head -c 300000 /dev/urandom | tr -d '\0' |
			klog-produce -D a -z "$z" "a-$z"
		klog-consume -J "a-$z" | jq -c . >/dev/null
		klog-consume -J "a-$z" | klog-produce -J "j-$z"
		klog-consume --framed "a-$z" | klog-produce --framed "f-$z"
		klog-consume --framed "a-$z" >want
		klog-consume --framed "j-$z" | cmp - want
		klog-consume --framed "f-$z" | cmp - want
	done
}

@test "--whole: a file a record, exactly its value" {
	pieces
	prints '' --whole out p
	[ "$(find out -type f | sort -V | tr '\n' ' ')" = \
		'out/p-0-0 out/p-0-1 out/p-0-2 out/p-0-3 out/p-0-4 out/p-0-5 out/p-0-6 out/p-0-7 ' ]
	cmp out/p-0-0 <(printf plain)
	cmp out/p-0-4 <(python 'sys.stdout.buffer.write(bytes(range(256)))')
	[ ! -s out/p-0-2 ]
	prints '' --whole out p
	echo other >out/p-0-1
	prints '' --whole out -o 1:2 p
	cmp out/p-0-1 <(printf v)
}

@test "--whole: what is in the way" {
	pieces
	echo safe >target
	mkdir d
	ln -s ../target d/p-0-1
	consume --whole d p
	is_status 3
	is_err 'klog-consume: d/p-0-1: Too many levels of symbolic links'
	[ "$(cat target)" = safe ]
	consume --whole target p
	is_status 3
	is_err 'klog-consume: target: Not a directory'
	consume --whole no/such p
	is_status 3
	is_err 'klog-consume: no/such: No such file or directory'
	consume --whole new missing
	is_status 3
	[ ! -e new ]
}

@test "one output form only" {
	numbers t 1 1
	for two in '-0 -J' '-D x -0' '-F %s -J' '--framed -c' '--whole d -J'; do
		# shellcheck disable=SC2086
		refused 'only one of -0, -D, -F, -J, -c, --framed and --whole can be given' $two t
	done
	[ ! -e d ]
}

# on_tty ARGUMENT...: what klog-consume writes to a terminal, in $out; CR LF
# is what a terminal makes of LF.
on_tty() {
	python '
import pty
pid, fd = pty.fork()
if pid == 0:
    os.execvp("klog-consume", ["klog-consume"] + sys.argv[1:])
data = b""
while True:
    try:
        piece = os.read(fd, 4096)
    except OSError:
        break
    if not piece:
        break
    data += piece
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.buffer.write(data.replace(b"\r\n", b"\n"))
sys.exit(status)' "$@" >tty.out
}

@test "on a terminal control bytes are escaped, not with --raw" {
	printf 'a\033[31mred\a\tü\177\302\233x\n' | klog-produce --create t
	on_tty t
	run ! grep -q $'[\033\a\177]' tty.out
	grep -qF 'a\x1b[31mred\x07' tty.out
	on_tty -F '%k%s\n' t
	run ! grep -q $'\033' tty.out
	on_tty --raw t
	grep -q $'a\033\\[31mred\a' tty.out
	klog-consume t | grep -q $'a\033\\[31mred\a'
}

# ---- speed ----

@test "--rate" {
	seq 5 | klog-produce --create t
	start=$(date +%s%3N)
	prints $'1\n2\n3\n4\n5' --rate 20/s t
	[ $(($(date +%s%3N) - start)) -ge 190 ]
	prints $'1\n2\n3\n4\n5' --rate 1000 t
	for bad in 0 -1 x 10/m '' /s 1.5; do
		refused "--rate: \"$bad\" is not a number of records a second from 1 to 2147483647" \
			--rate "$bad" t
	done
}

@test "--rate and --speed print a record before they wait" {
	python '
log = Log()
for at, v in (0, "first"), (3600000, "an hour later"):
    log.add(encode_batch([rec(log.next, v, T + at)]))
write_topic("t", [log])'
	mkfifo pipe
	klog-consume --speed 1 t >pipe &
	pid=$!
	read -r line <pipe
	[ "$line" = first ]
	kill "$pid"
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 143 ]
	prints $'first\nan hour later' --speed 100000 t
	start=$(date +%s%3N)
	prints $'first\nan hour later' --speed 36000 t
	[ $(($(date +%s%3N) - start)) -ge 95 ]
	for bad in 0 -1 x '' inf nan 1x; do
		refused "--speed: \"$bad\" is not a number above 0, as 1, 10 or 0.5" \
			--speed "$bad" t
	done
}

# ---- stdout ----

@test "a full stdout is an error" {
	numbers t 1 3
	status=0
	klog-consume t >/dev/full 2>err.txt || status=$?
	[ "$status" -eq 3 ]
	[ "$(cat err.txt)" = 'klog-consume: stdout: No space left on device' ]
	status=0
	klog-consume -c t >/dev/full 2>err.txt || status=$?
	[ "$status" -eq 3 ]
	status=0
	klog-consume --help >/dev/full 2>err.txt || status=$?
	[ "$status" -eq 3 ]
}

@test "a closed stdout is an error" {
	numbers t 1 3
	status=0
	klog-consume t >&- 2>err.txt || status=$?
	[ "$status" -eq 3 ]
	grep -q '^klog-consume: stdout: ' err.txt
}

@test "a reader that leaves: silent death, as cat" {
	seq 200000 | klog-produce --create t
	{ klog-consume t 2>err.txt || echo $? >code; } | head -1 >first
	[ "$(cat first code)" = $'1\n141' ]
	[ ! -s err.txt ]
}

@test "signals: 130 and 143, what was printed is whole lines" {
	seq 1000000 1300000 | klog-produce --create t
	for sig in INT TERM; do
		mkfifo pipe
		env --default-signal=INT,TERM klog-consume --rate 100000 t \
			>pipe 2>err.txt &
		pid=$!
		exec 9<pipe
		read -r _ <&9
		kill -"$sig" "$pid"
		cat <&9 >rest
		code=0
		wait "$pid" || code=$?
		[ "$code" -eq "$([ $sig = INT ] && echo 130 || echo 143)" ]
		[ ! -s err.txt ]
		run ! grep -qvE '^1[0-9]{6}$' rest
		exec 9<&-
		rm pipe
	done
}

@test "-v tells how much" {
	numbers t 1 3
	consume -v t
	is_status 0
	is_err 'klog-consume: 3 records, 6 bytes'
}
