"""Random histories, cleaned round by round, against the model of rules.py.
"""

import collections
import concurrent.futures
import os
import random
import shutil
import subprocess
import time

import made
import rules
import streams
from streams import Failed, run


LEAST = 30


def clean(topic, now, *args):
    """klog-clean, which has to end 0."""
    return run("klog-clean", "-q", "--now", now, *args, topic)


def clean_small(topic, now, *args, memory=1024):
    """Compaction alone, by default with a table of a dozen keys; whether it
    spilled."""
    done = subprocess.run(
        [os.path.join(streams.BIN, os.pardir, "tests", "clean", "small"),
         topic, str(now), str(memory)] + [x[2:] for x in args], check=False,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise Failed("small: %s" % done.stderr.decode())
    return int(done.stdout) > 0


def contents(topic):
    """{name: bytes} of a partition's files; hints and locks aside."""
    found = {}
    for folder, _, names in os.walk(topic):
        for name in names:
            if name != "state" and not name.endswith("lock"):
                with open(os.path.join(folder, name), "rb") as f:
                    found[os.path.join(folder, name)] = f.read()
    return found


def view(batch, start):
    """What a batch with records has to keep or to get.  What the log start
    cuts through has to keep what is above it."""
    whole = (batch.base, batch.last, batch.epoch, batch.pid, batch.pepoch,
             batch.sequence, batch.attributes & ~7, batch.max_ts,
             batch.base_ts if batch.horizon else None)
    return (whole if batch.base >= start else None,
            [(r.offset,) + r.fields() for r in batch.records
             if r.offset >= start])


def check_batches(want, got, start, what):
    """Each is as it should be; one that does not get smaller by its codec
    may have none."""
    codecs = {b.base: b.codec for b in want}
    for b in got:
        if b.codec not in (0, codecs.get(b.base, b.codec)):
            raise Failed("%s: codec %d at %d" % (what, b.codec, b.base))
    streams.same(*[[v for v in (view(b, start) for b in x) if v[1]]
                   for x in (got, want)], what)


def check_empty(got, kept, segments, end):
    """Batches without records: as few as can be, and a producer's last."""
    for b in kept:
        if not any(g.last == b.last and (g.pid, g.pepoch, g.sequence)
                   == (b.pid, b.pepoch, b.sequence) for g in got):
            raise Failed("producer %d lost its last batch, at %d"
                         % (b.pid, b.base))
    for s in segments:
        for a, b in zip(s.batches, s.batches[1:]):
            if b.base < end and a.epoch == b.epoch and not a.records \
                    and not b.records and a.pid < 0 and b.pid < 0:
                raise Failed("two empty batches at %d and %d"
                             % (a.base, b.base))


def expect(part, conf, now, args):
    """What klog-clean has to make of it: (batches, bases, the rest)."""
    gone, active = rules.retain(part, conf, now)
    if active:
        return [], None, None
    left = rules.Part(part.segments[gone:], part.start, part.clean,
                      part.high)
    left.start = max(part.start, left.segments[0].base)
    done = None
    if "compact" in conf["cleanup.policy"]:
        force = "--force" in args
        if "--roll" in args:
            left = rules.roll(left, conf, now, force)
        done = rules.compact(left, conf, now, force)
    if done is None:
        return left.batches(), [s.base for s in left.segments], None
    return done[0], done[1], done[2:]


def check_round(topic, conf, now, args):
    """Clean, and compare with the model: (something changed, keys were
    spilled)."""
    place = os.path.join(topic, "0")
    interval = conf["index.interval.bytes"]
    before = rules.read(place, True, interval)
    holes = any(a.last + 1 != b.base for a, b in zip(
        before.batches(), before.batches()[1:]))
    batches, bases, done = expect(before, conf, now, args)
    was = contents(topic)
    spilled = False
    if "--memory" not in args and "compact" in conf["cleanup.policy"] \
            and rules.retain(before, conf, now) == (0, False):
        spilled = clean_small(topic, now, *args)
    else:
        clean(topic, now, *args)
    after = rules.read(place, holes, interval)
    what = "offset %d to %d" % (before.start, before.end)
    if after.end != before.end:
        raise Failed("the log end went from %d to %d"
                     % (before.end, after.end))
    check_batches(batches, after.batches(), before.start, what)
    if bases is None:
        bases = [before.end]
    streams.same([s.base for s in after.segments], bases, "segments")
    if after.start != max(before.start, bases[0]):
        raise Failed("log start %d" % after.start)
    if done:
        check_empty(after.batches(), done[1], after.segments, done[0])
        if after.clean != done[0]:
            raise Failed("clean up to %d, not %d" % (after.clean, done[0]))
    return contents(topic) != was, spilled


def check_still(topic, conf, now):
    """Another run changes no byte, and nothing is left lying about.  Without
    its newest record, or merged, a segment may have become old enough."""
    part = rules.read(os.path.join(topic, "0"), True,
                      conf["index.interval.bytes"])
    if rules.retain(part, conf, now)[0]:
        check_round(topic, conf, now, [])
    was = contents(topic)
    clean(topic, now)
    now_is = contents(topic)
    for name in sorted(set(was) | set(now_is)):
        if was.get(name) != now_is.get(name):
            raise Failed("a second run changed %s" % name)
    check_names(topic)


def check_names(topic):
    """No temporary file."""
    known = {"log-start-offset", "cleaner-checkpoint", "recovery-point",
             "leader-epoch-checkpoint", "leader-epoch-origins",
             "high-watermark", "state", "lock", "sync.lock", "clean.lock",
             "cut",
             # Of a recovery that was killed: goes with the next one.
             ".recovery-point.tmp"}
    for name in os.listdir(os.path.join(topic, "0")):
        if name not in known and name[20:] not in (
                ".log", ".index", ".timeindex", ".txnindex", ".snapshot"):
            raise Failed("%s is left over" % name)


def check_reader(topic, interval, rng):
    """klog-consume prints what the files hold, and no aborted record: all,
    from some offset on, or backwards."""
    part = rules.read(os.path.join(topic, "0"), True, interval)
    fate, stable = rules.fates(part)
    want = [r for b in part.batches() if not b.control
            and not fate.get(b.base) for r in b.records
            if part.start <= r.offset and b.last < part.high
            and (stable is None or r.offset < stable)]
    # Only who reads from the start meets what is open.
    args = rng.choice([[], ["-o"], ["--reverse"]]) if stable is None else []
    if args == ["-o"]:
        args = ["-o", rng.randrange(part.start, part.end + 1)]
        want = [r for r in want if r.offset >= args[1]]
    elif args:
        want.reverse()
    got = [r for _, _, r in streams.from_json(run(
        "klog-consume", "-J", *args, topic))]
    streams.same([(r.offset,) + r.fields() for r in got],
                 [(r.offset,) + r.fields() for r in want],
                 "klog-consume %s" % args)


def append(topic, history):
    """klog-produce goes on behind it."""
    rng = history.rng
    for _ in range(rng.randrange(1, 4)):
        records = [history.record(n) for n in range(rng.choice([1, 4, 20]))]
        if history.conf["cleanup.policy"] != "delete":
            for r in records:
                r.key = r.key or b"k"
        run("klog-produce", "-q", "-a", "0", "--framed", "-z",
            rng.choice(["none", "zstd", "lz4"]), topic,
            data=streams.framed(records))


def one(state, seed, rounds=4):
    """One history: what is wrong, or "", and what the rounds did."""
    rng = random.Random(seed)
    topic = os.path.join(state, "h%d" % seed)
    text = "made"
    done = collections.Counter(rounds=rounds)
    try:
        conf = made.settings(rng)
        history = made.History(rng, conf)
        history.write(topic)
        conf = dict(rules.DEFAULTS, **conf)
        now = history.now
        for n in range(rounds):
            now = max(now, history.now) + rng.choice(
                [0, 1, 3, 10, 30]) * made.MINUTE
            args = [x for x in ("--force",) if rng.randrange(2)]
            args += rng.choice([[], [], ["--roll"]])
            args += rng.choice([[], ["--memory", "8M"]])
            text = "round %d, --now %d %s" % (n, now, " ".join(args))
            for what, yes in zip(("changed", "spilled"),
                                 check_round(topic, conf, now, args)):
                done[what] += yes
            check_still(topic, conf, now)
            check_reader(topic, conf["index.interval.bytes"], rng)
            # Its followers would have to take what is appended.
            if rng.randrange(2) and "min.insync.replicas" not in conf:
                append(topic, history)
        run("klog-check", "--deep", "-q", topic)
    except Exception as e:      # whatever it is, the history has failed
        return "seed %d, %s: %s: %s (kept: %s)" % (
            seed, text, type(e).__name__, e, topic), done
    shutil.rmtree(topic)
    return "", done


def run_all(tap, folder, count, seconds, seed):
    """count histories, or as many as seconds allow, but LEAST."""
    state = os.path.join(folder, "histories")
    os.makedirs(state)
    end = time.monotonic() + seconds
    ran = []

    def body():
        with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
            waiting = [pool.submit(timed, state, n, 0 if n < seed + LEAST
                                   else end)
                       for n in range(seed, seed + count)]
            ran.extend(w.result() for w in waiting)
        done = [x for x in ran if x is not None]
        print("# %d histories, seeds %d to %d" % (
            len(done), seed, seed + len(done) - 1))
        bad = [x for x, _ in done if x]
        print("# rounds: %s" % dict(sum((x for _, x in done),
                                        collections.Counter())))
        if bad:
            raise Failed("%d histories: " % len(bad) + "\n".join(bad[:10]))

    return tap.test("histories against the model (seed %d)" % seed, body)


def timed(state, seed, end):
    """None when the time is over; end 0: it never is."""
    return one(state, seed) if not end or time.monotonic() < end else None
