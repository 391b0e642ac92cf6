"""Many cleaners at once, one that is stopped, one that may not."""

import os
import signal
import subprocess

import histories
import points
import scenes
import streams
from streams import Failed

CLEANERS = 32
NOBODY = 65534


def start(topic, *args, **how):
    return subprocess.Popen(
        [streams.program("klog-clean"), "-q", "--now", str(scenes.NOW),
         *args, topic], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, **how)


def ended(proc, timeout=60):
    """(status, stderr)."""
    _, err = proc.communicate(timeout=timeout)
    return proc.returncode, err.decode("utf-8", "replace")


def check_busy(topic):
    """The others end at once, with a line that says why."""
    status, err = ended(start(topic))
    lines = err.splitlines()
    if status != 5 or len(lines) != 1 or "klog-clean: " not in lines[0]:
        raise Failed("another cleaner: exit %d: %s" % (status, err))


class Crowd:
    """Topics of the scenes, cleaned by many."""

    def __init__(self, folder):
        self.state = os.path.join(folder, "crowd")
        os.makedirs(self.state)
        # Others have to come in.
        os.chmod(folder, 0o755)
        self.scenes = [s for s in scenes.all_scenes(self.state)
                       if s.name in ("retain", "compact", "both")]
        self.number = 0

    def copy(self, scene):
        self.number += 1
        topic = os.path.join(self.state, "%d" % self.number, "t")
        scene.copy(topic)
        return topic

    def check_whole(self, scene, topic):
        """It is as the model says."""
        streams.same(sorted(points.offsets(topic).items()),
                     sorted(scene.want.items()), scene.name)
        points.check_log(topic, "in the end")
        histories.check_names(topic)

    def together(self):
        """32 race: each does its work or says that another does."""
        for scene in self.scenes:
            topic = self.copy(scene)
            procs = [start(topic, *scene.args) for _ in range(CLEANERS)]
            said = [ended(p) for p in procs]
            if not any(status == 0 for status, _ in said) \
                    or any(status not in (0, 5) for status, _ in said):
                raise Failed("%s: %s" % (scene.name, said))
            self.check_whole(scene, topic)

    def one_works(self):
        """One is held up by its hook: 31 end at once.  Stopped, it keeps
        others from cleaning, but from nothing else."""
        scene = [s for s in self.scenes if s.name == "retain"][0]
        topic = self.copy(scene)
        fifo = topic + ".fifo"
        os.mkfifo(fifo)
        # The hook of the first segment says that it runs, and waits.
        holder = start(topic, "--before-delete",
                       "test -e '%s.go' || { echo >'%s'; read x <'%s'; } #"
                       % (topic, fifo, fifo))
        try:
            with open(fifo, "rb") as f:
                f.readline()
            holder.send_signal(signal.SIGSTOP)
            for _ in range(CLEANERS - 1):
                check_busy(topic)
            streams.run("klog-produce", "-q", "--timeout", "20s", "-K:",
                        topic, data=b"k1:while it stands still\n")
            streams.run("klog-consume", topic)
            holder.send_signal(signal.SIGCONT)
            with open(topic + ".go", "wb"), open(fifo, "wb") as f:
                f.write(b"\n")
            status, err = ended(holder)
            if status:
                raise Failed("the one: exit %d: %s" % (status, err))
        finally:
            if holder.poll() is None:
                holder.kill()
                holder.wait()
        got = {o: f for o, f in points.offsets(topic).items()
               if o in scene.before}
        streams.same(sorted(got.items()), sorted(scene.want.items()), "one")
        points.check_log(topic, "in the end")

    def snapshots(self):
        """What is cleaned of one does not change the other."""
        for scene in self.scenes:
            topic = self.copy(scene)
            new = os.path.join(os.path.dirname(topic), "new")
            streams.run("klog-topic", "snapshot", topic, new)
            was = histories.contents(new)
            status, err = ended(start(topic, *scene.args))
            if status:
                raise Failed("%s: exit %d: %s" % (scene.name, status, err))
            if histories.contents(new) != was:
                raise Failed("%s: the snapshot was changed" % scene.name)
            streams.same(sorted(points.offsets(new).items()),
                         sorted(scene.before.items()), "the snapshot")
            points.check_log(new, "of the snapshot")
            was = histories.contents(topic)
            status, err = ended(start(new, *scene.args))
            if status:
                raise Failed("%s: exit %d: %s" % (scene.name, status, err))
            if histories.contents(topic) != was:
                raise Failed("%s: cleaning the snapshot changed the topic"
                             % scene.name)
            points.check_log(topic, "of the topic")

    def as_nobody(self, *command):
        done = subprocess.run(
            list(command), user=NOBODY, group=NOBODY, extra_groups=[],
            stdin=subprocess.DEVNULL, check=False, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stderr.decode("utf-8", "replace")

    def not_ours(self):
        """Somebody else's topic, which we may read only."""
        for scene in self.scenes:
            topic = self.copy(scene)
            was = histories.contents(topic)
            status, err = self.as_nobody(
                streams.program("klog-clean"), "--now", str(scenes.NOW),
                *scene.args, topic)
            if status != 3 or len(err.splitlines()) != 1 \
                    or "ermi" not in err:
                raise Failed("%s: exit %d: %s" % (scene.name, status, err))
            if histories.contents(topic) != was:
                raise Failed("%s: something was changed" % scene.name)

    def theirs(self):
        """root cleans somebody's topic: it stays theirs."""
        for scene in self.scenes:
            topic = self.copy(scene)
            for folder, _, names in os.walk(topic):
                os.chown(folder, NOBODY, NOBODY)
                for name in names:
                    os.chown(os.path.join(folder, name), NOBODY, NOBODY)
            status, err = ended(start(topic, *scene.args))
            if status not in (0, 3) or status and not err:
                raise Failed("%s: exit %d: %s" % (scene.name, status, err))
            points.check_reader(scene.before, scene.want,
                                points.offsets(topic), scene.name)
            for name in ("klog-consume", "klog-produce", "klog-clean"):
                args = ["--now", str(scenes.NOW)] + scene.args \
                    if name == "klog-clean" else []
                status, err = self.as_nobody(
                    streams.program(name), *args, topic)
                if status:
                    raise Failed("%s: then %s: exit %d: %s" % (
                        scene.name, name, status, err))
            self.check_whole(scene, topic)


def run(tap, folder):
    c = Crowd(folder)
    tap.test("32 cleaners at once", c.together)
    tap.test("one works, or is stopped: 31 exit 5", c.one_works)
    tap.test("a snapshot and its topic are cleaned apart", c.snapshots)
    if os.geteuid() == 0:
        tap.test("a topic that is not ours", c.not_ours)
        tap.test("root cleans somebody's topic", c.theirs)
    else:
        tap.skip("somebody else's topics", "not root")
