# fish completion of klog-check, made from its option table

function _klog_check_topics
	set -l dir .
	set -q KLOG_DIR; and set dir $KLOG_DIR
	for t in $dir/*/topic.conf
		string replace -r '.*/([^/]+)/topic\.conf$' '$1' -- $t
	end
end

complete -c klog-check -f
complete -c klog-check -l deep -d 'also decompress and parse every record'
complete -c klog-check -l since -x -d 'skip segments that were last changed before T'
complete -c klog-check -s p -l partitions -x -d 'only these, such as 0,2,5-7'
complete -c klog-check -l json -d 'one JSON object a problem and a topic'
complete -c klog-check -l repair -d 'mend: index, tail, salvage, poison, or several (index,tail)'
complete -c klog-check -s n -l dry-run -d 'with --repair: change nothing, say what would be mended'
complete -c klog-check -l save -x -a '(__fish_complete_directories)' -d 'with --repair: keep what is taken out in DIR'
complete -c klog-check -l timeout -x -d 'wait so long for a lock (10s) or the far side (60s)'
complete -c klog-check -l against -x -d 'compare with this copy, PATH or HOST:PATH, and verify nothing'
complete -c klog-check -l rsh -x -d 'the remote shell ($KLOG_RSH, or ssh)'
complete -c klog-check -l path-of-klog -x -d 'klog-replicate on the far side (klog-replicate)'
complete -c klog-check -s q -l quiet -d 'say nothing but errors'
complete -c klog-check -s v -l verbose -d 'say more; may be repeated'
complete -c klog-check -s h -l help -d 'print this help'
complete -c klog-check -s V -l version -d 'print the version'
complete -c klog-check -l dir -x -a '(__fish_complete_directories)' -d 'look up topics under DIR ($KLOG_DIR, or here)'
complete -c klog-check -l progress -d 'show progress even if not on a terminal'
complete -c klog-check -a '(_klog_check_topics)' -d topic
complete -c klog-check -a '(__fish_complete_directories)'
