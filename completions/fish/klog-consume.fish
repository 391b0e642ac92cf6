# fish completion of klog-consume, made from its option table

function _klog_consume_topics
	set -l dir .
	set -q KLOG_DIR; and set dir $KLOG_DIR
	for t in $dir/*/topic.conf
		string replace -r '.*/([^/]+)/topic\.conf$' '$1' -- $t
	end
end

complete -c klog-consume -f
complete -c klog-consume -s o -l offset -x -d 'where: start end N A:B +N -N @T @T1:T2 (all)'
complete -c klog-consume -l since -x -d 'from the first record at or after TIME'
complete -c klog-consume -l until -x -d 'up to TIME, exclusive; with -f stop then'
complete -c klog-consume -s f -l follow -d 'go on with what comes, until stopped'
complete -c klog-consume -s n -l max-records -x -d 'stop after N records in all'
complete -c klog-consume -l last -x -d 'the newest N of all partitions, in time order'
complete -c klog-consume -s p -l partitions -x -d 'only these partitions: 0,2,5-7'
complete -c klog-consume -l merge -d 'in time order over partitions and topics'
complete -c klog-consume -l reverse -d 'newest first'
complete -c klog-consume -s k -l key -x -d 'only this key; reads the partition it maps to'
complete -c klog-consume -s e -l regexp -x -d 'only values that match RE (as in Perl)'
complete -c klog-consume -l header -x -d 'only with this header; repeat: with all'
complete -c klog-consume -l isolation -x -a 'committed uncommitted' -d 'of transactions: committed (default), uncommitted'
complete -c klog-consume -l dir -x -a '(__fish_complete_directories)' -d 'look up topics under DIR ($KLOG_DIR, or here)'
complete -c klog-consume -s 0 -l null -d 'a NUL byte after each, not a newline'
complete -c klog-consume -s D -l delimiter -x -d 'STR after each (escapes as \\n \\t \\xNN)'
complete -c klog-consume -s F -l format -x -d 'as FMT says (%t %p %o %k %s ...)'
complete -c klog-consume -s J -l json -d 'a JSON object a line, lossless'
complete -c klog-consume -l framed -d 'binary with lengths, lossless'
complete -c klog-consume -s K -l key-separator -x -d 'key and SEP before the value'
complete -c klog-consume -s Z -l null-marker -d 'print null as NULL, not as nothing'
complete -c klog-consume -l null-as -x -d 'print null as STR'
complete -c klog-consume -l whole -x -a '(__fish_complete_directories)' -d 'a file a value: DIR/topic-partition-offset'
complete -c klog-consume -l raw -d 'control bytes to a terminal as they are'
complete -c klog-consume -s c -l count -d 'print only how many records there are'
complete -c klog-consume -l rate -x -d 'at most N records a second'
complete -c klog-consume -l speed -x -d 'replay with the original spacing, X times as fast'
complete -c klog-consume -l fail-empty -d 'exit 1 if there was none'
complete -c klog-consume -l timeout -x -d 'with -f: stop when nothing came for DUR'
complete -c klog-consume -l skip-corrupt -d 'go on behind damage, saying what was skipped'
complete -c klog-consume -s g -l group -x -d 'share the partitions with the other members of GROUP'
complete -c klog-consume -l reset -x -a 'start end fail' -d 'where nothing is committed: start (default), end, fail'
complete -c klog-consume -l assign -x -a 'cooperative range' -d 'who reads what: cooperative (default), range'
complete -c klog-consume -l commit -x -a 'auto exec fd none' -d 'auto: when taken; exec: when CMD exits 0; fd; none'
complete -c klog-consume -l commit-sync -x -a 'second each' -d 'commits to disk: every second (default), each'
complete -c klog-consume -l exec -x -d 'run CMD for each batch, the records on its stdin'
complete -c klog-consume -l exec-each -x -d 'run CMD for each record'
complete -c klog-consume -l jobs -x -d 'N runs at once, one a partition (1)'
complete -c klog-consume -l retries -x -d 'run a CMD that failed N times more (0)'
complete -c klog-consume -l backoff -x -d 'wait DUR before that, doubled each time (1s)'
complete -c klog-consume -l dead-letter -x -a '(_klog_consume_topics)' -d 'where records go that CMD can\'t process'
complete -c klog-consume -l ack-fd -x -d 'commit what lines "partition offset" on FD say'
complete -c klog-consume -l progress -d 'show progress even if not on a terminal'
complete -c klog-consume -s q -l quiet -d 'say nothing but errors'
complete -c klog-consume -s v -l verbose -d 'say more; may be repeated'
complete -c klog-consume -s h -l help -d 'print this help'
complete -c klog-consume -s V -l version -d 'print the version'
complete -c klog-consume -a '(_klog_consume_topics)' -d topic
complete -c klog-consume -a '(__fish_complete_directories)'
