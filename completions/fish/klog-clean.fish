# fish completion of klog-clean, made from its option table

function _klog_clean_topics
	set -l dir .
	set -q KLOG_DIR; and set dir $KLOG_DIR
	for t in $dir/*/topic.conf
		string replace -r '.*/([^/]+)/topic\.conf$' '$1' -- $t
	end
end

complete -c klog-clean -f
complete -c klog-clean -s n -l dry-run -d 'change nothing, say what would go'
complete -c klog-clean -s p -l partitions -x -d 'only these, such as 0,2,5-7'
complete -c klog-clean -l now -x -d 'decide as if it were TIME'
complete -c klog-clean -l timeout -x -d 'wait so long for a producer to let go (10s)'
complete -c klog-clean -l unsafe-fs -d 'also on a file system that may not keep locks and syncs'
complete -c klog-clean -l retain-only -d 'do not compact'
complete -c klog-clean -l keep-unread -d 'keep what a group of the topic has not read yet'
complete -c klog-clean -l before-delete -x -d 'run CMD for each segment (%f); it stays if CMD fails'
complete -c klog-clean -l compact-only -d 'remove no segments'
complete -c klog-clean -s f -l force -d 'compact however little there is to gain; --now may be to come'
complete -c klog-clean -l roll -d 'also what is being written to: close that segment first'
complete -c klog-clean -l reduce -x -d 'CMD makes one value of all values of a key'
complete -c klog-clean -l memory -x -d 'take so much memory for keys (64M)'
complete -c klog-clean -l json -d 'one JSON object a segment, a compacted partition and a topic'
complete -c klog-clean -s 0 -l null -d 'only the paths of segments that go, each ended by NUL; --reduce: values likewise'
complete -c klog-clean -s q -l quiet -d 'say nothing but errors'
complete -c klog-clean -s v -l verbose -d 'say more; may be repeated'
complete -c klog-clean -s h -l help -d 'print this help'
complete -c klog-clean -s V -l version -d 'print the version'
complete -c klog-clean -l dir -x -a '(__fish_complete_directories)' -d 'look up topics under DIR ($KLOG_DIR, or here)'
complete -c klog-clean -l progress -d 'show progress even if not on a terminal'
complete -c klog-clean -a '(_klog_clean_topics)' -d topic
complete -c klog-clean -a '(__fish_complete_directories)'
