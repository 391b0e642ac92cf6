# fish completion of klog-produce, made from its option table

function _klog_produce_topics
	set -l dir .
	set -q KLOG_DIR; and set dir $KLOG_DIR
	for t in $dir/*/topic.conf
		string replace -r '.*/([^/]+)/topic\.conf$' '$1' -- $t
	end
end

complete -c klog-produce -f
complete -c klog-produce -s 0 -l null -d 'records end with a NUL byte'
complete -c klog-produce -s D -l delimiter -x -d 'records end with STR (\\n \\t \\r \\0 \\\\ \\xNN)'
complete -c klog-produce -s F -l format -x -d 'records look like FMT, as \'%k\\t%s\\n\''
complete -c klog-produce -s J -l json -d 'one JSON object a line'
complete -c klog-produce -l framed -d 'binary, lengths before keys and values'
complete -c klog-produce -l whole -d 'each FILE, or all of stdin, is one record'
complete -c klog-produce -s K -l key-separator -x -d 'the key stands before the first SEP'
complete -c klog-produce -s k -l key -x -d 'key of the records that have none'
complete -c klog-produce -l key-json -r -F -d 'key: the value at PATH (.a.b) of a JSON value'
complete -c klog-produce -s H -l header -x -d 'add a header (repeatable); NAME alone is null'
complete -c klog-produce -s Z -l null-empty -d 'an empty value is null; with -K an empty key too'
complete -c klog-produce -s t -l timestamp -x -d 'timestamp of all records (when each was read)'
complete -c klog-produce -l time-json -r -F -d 'timestamp: the value at PATH of a JSON value'
complete -c klog-produce -l follow -d 'keep reading FILE as it grows'
complete -c klog-produce -s n -l max-records -x -d 'stop after storing N records'
complete -c klog-produce -l rate -x -d 'store at most N records a second'
complete -c klog-produce -s p -l partition -x -d 'put all records into partition N'
complete -c klog-produce -l partitioner -x -a 'murmur2 roundrobin sticky' -d 'murmur2 (of the key, as Kafka), roundrobin, sticky'
complete -c klog-produce -l keep-partition -d 'with -J or -F: the partition that a record names'
complete -c klog-produce -l create -d 'make the topic if it is missing'
complete -c klog-produce -l partitions -x -d 'with --create: how many partitions (1)'
complete -c klog-produce -l dir -x -a '(__fish_complete_directories)' -d 'look up topics under DIR ($KLOG_DIR, or here)'
complete -c klog-produce -s a -l acks -x -a '0 1 all -1' -d 'stored is 0: appended, 1: on disk (default), all'
complete -c klog-produce -s z -l compression -x -d 'none, zstd[:N], gzip[:N], lz4, snappy (the topic\'s)'
complete -c klog-produce -l batch-bytes -x -d 'a batch is full at SIZE, not compressed (1M)'
complete -c klog-produce -l linger -x -d 'a batch waits this long for more records (5ms)'
complete -c klog-produce -l timeout -x -d 'wait this long for another writer (for ever)'
complete -c klog-produce -l on-error -x -d 'a bad record: stop (default), skip, or a FILE for it'
complete -c klog-produce -l tee -d 'copy records to stdout once they are stored'
complete -c klog-produce -l report -d 'print FMT for each stored record (%t %p %o\\n)'
complete -c klog-produce -l unsafe-fs -d 'write to a file system that may lose data'
complete -c klog-produce -l progress -d 'show progress even if not on a terminal'
complete -c klog-produce -s q -l quiet -d 'say nothing but errors'
complete -c klog-produce -s v -l verbose -d 'say more; may be repeated'
complete -c klog-produce -s h -l help -d 'print this help'
complete -c klog-produce -s V -l version -d 'print the version'
complete -c klog-produce -a '(_klog_produce_topics)' -d topic
complete -c klog-produce -F
