# fish completion of klog-replicate, made from its option table

function _klog_replicate_topics
	set -l dir .
	set -q KLOG_DIR; and set dir $KLOG_DIR
	for t in $dir/*/topic.conf
		string replace -r '.*/([^/]+)/topic\.conf$' '$1' -- $t
	end
end

complete -c klog-replicate -f
complete -c klog-replicate -n '__fish_use_subcommand' -s f -l follow -d 'stay connected and copy what comes; connect again if need be'
complete -c klog-replicate -n '__fish_use_subcommand' -s p -l partitions -x -d 'only these partitions: 0,2,5-7'
complete -c klog-replicate -n '__fish_use_subcommand' -l groups -d 'copy the offsets of consumer groups too (default)'
complete -c klog-replicate -n '__fish_use_subcommand' -l no-groups -d 'leave the offsets of consumer groups alone'
complete -c klog-replicate -n '__fish_use_subcommand' -l name -x -d 'name of this copy in the source\'s list (host:path)'
complete -c klog-replicate -n '__fish_use_subcommand' -l force -d 'cut off what the source does not have even if acknowledged'
complete -c klog-replicate -n '__fish_use_subcommand' -l rsh -x -d 'the remote shell ($KLOG_RSH, or ssh)'
complete -c klog-replicate -n '__fish_use_subcommand' -l path-of-klog -x -d 'klog-replicate on the far side (klog-replicate)'
complete -c klog-replicate -n '__fish_use_subcommand' -l bwlimit -x -d 'at most so many bytes a second'
complete -c klog-replicate -n '__fish_use_subcommand' -l timeout -x -d 'of silence, or for a lock, until it is a failure (60s)'
complete -c klog-replicate -n '__fish_use_subcommand' -l unsafe-fs -d 'also on a file system that may not keep locks and syncs'
complete -c klog-replicate -n '__fish_use_subcommand' -l json -d 'print what was copied, one JSON object a connection'
complete -c klog-replicate -n '__fish_use_subcommand' -l serve -d 'serve a caller on standard input and output'
complete -c klog-replicate -n '__fish_use_subcommand' -l root -x -a '(__fish_complete_directories)' -d 'serve the topics in DIR, whatever the caller asks, and confine'
complete -c klog-replicate -n '__fish_use_subcommand' -l read-only -d 'with --root: only let others read'
complete -c klog-replicate -n '__fish_use_subcommand' -l append-only -d 'with --root: only let others append to copies'
complete -c klog-replicate -n '__fish_use_subcommand' -s q -l quiet -d 'say nothing but errors'
complete -c klog-replicate -n '__fish_use_subcommand' -s v -l verbose -d 'say more; may be repeated'
complete -c klog-replicate -n '__fish_use_subcommand' -s h -l help -d 'print this help'
complete -c klog-replicate -n '__fish_use_subcommand' -s V -l version -d 'print the version'
complete -c klog-replicate -n '__fish_use_subcommand' -l dir -x -a '(__fish_complete_directories)' -d 'look up topics under DIR ($KLOG_DIR, or here)'
complete -c klog-replicate -n '__fish_use_subcommand' -l progress -d 'show progress even if not on a terminal'
complete -c klog-replicate -n '__fish_use_subcommand' -a '(_klog_replicate_topics)' -d topic
complete -c klog-replicate -n '__fish_use_subcommand' -a '(__fish_complete_directories)'
complete -c klog-replicate -n '__fish_use_subcommand' -a status -d 'tell who has what of topics'
complete -c klog-replicate -n '__fish_seen_subcommand_from status' -l json -d 'one JSON object a partition'
complete -c klog-replicate -n '__fish_seen_subcommand_from status' -s q -l quiet -d 'say nothing but errors'
complete -c klog-replicate -n '__fish_seen_subcommand_from status' -s v -l verbose -d 'say more; may be repeated'
complete -c klog-replicate -n '__fish_seen_subcommand_from status' -s h -l help -d 'print this help'
complete -c klog-replicate -n '__fish_seen_subcommand_from status' -s V -l version -d 'print the version'
complete -c klog-replicate -n '__fish_seen_subcommand_from status' -l dir -x -a '(__fish_complete_directories)' -d 'look up topics under DIR ($KLOG_DIR, or here)'
complete -c klog-replicate -n '__fish_seen_subcommand_from status' -a '(_klog_replicate_topics)' -d topic
complete -c klog-replicate -n '__fish_seen_subcommand_from status' -a '(__fish_complete_directories)'
complete -c klog-replicate -n '__fish_use_subcommand' -a promote -d 'make a replica the leader'
complete -c klog-replicate -n '__fish_seen_subcommand_from promote' -l force -d 'also if records of the leader are known to be missing here'
complete -c klog-replicate -n '__fish_seen_subcommand_from promote' -l unsafe-fs -d 'also on a file system that may not keep locks and syncs'
complete -c klog-replicate -n '__fish_seen_subcommand_from promote' -l timeout -x -d 'how long to wait for locks (10s)'
complete -c klog-replicate -n '__fish_seen_subcommand_from promote' -s q -l quiet -d 'say nothing but errors'
complete -c klog-replicate -n '__fish_seen_subcommand_from promote' -s v -l verbose -d 'say more; may be repeated'
complete -c klog-replicate -n '__fish_seen_subcommand_from promote' -s h -l help -d 'print this help'
complete -c klog-replicate -n '__fish_seen_subcommand_from promote' -s V -l version -d 'print the version'
complete -c klog-replicate -n '__fish_seen_subcommand_from promote' -l dir -x -a '(__fish_complete_directories)' -d 'look up topics under DIR ($KLOG_DIR, or here)'
complete -c klog-replicate -n '__fish_seen_subcommand_from promote' -a '(_klog_replicate_topics)' -d topic
complete -c klog-replicate -n '__fish_seen_subcommand_from promote' -a '(__fish_complete_directories)'
complete -c klog-replicate -n '__fish_use_subcommand' -a follow -d 'make a topic the replica of the copy that leads now'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -s f -l follow -d 'then copy what it has, and what comes, without end'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -s c -l catch-up -d 'then copy what it has, once'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -l force -d 'also if it does not lead, or what is cut off was promised'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -l no-groups -d 'leave the offsets of consumer groups alone'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -l name -x -d 'name of this copy in the source\'s list (host:path)'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -l rsh -x -d 'the remote shell ($KLOG_RSH, or ssh)'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -l path-of-klog -x -d 'klog-replicate on the far side (klog-replicate)'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -l bwlimit -x -d 'at most so many bytes a second'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -l timeout -x -d 'of silence, or for a lock, until it is a failure (60s)'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -l unsafe-fs -d 'also on a file system that may not keep locks and syncs'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -s q -l quiet -d 'say nothing but errors'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -s v -l verbose -d 'say more; may be repeated'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -s h -l help -d 'print this help'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -s V -l version -d 'print the version'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -l dir -x -a '(__fish_complete_directories)' -d 'look up topics under DIR ($KLOG_DIR, or here)'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -l progress -d 'show progress even if not on a terminal'
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -a '(_klog_replicate_topics)' -d topic
complete -c klog-replicate -n '__fish_seen_subcommand_from follow' -a '(__fish_complete_directories)'
complete -c klog-replicate -n '__fish_use_subcommand' -a forget -d 'strike copies that are no more off the list of a topic'
complete -c klog-replicate -n '__fish_seen_subcommand_from forget' -l unsafe-fs -d 'also on a file system that may not keep locks and syncs'
complete -c klog-replicate -n '__fish_seen_subcommand_from forget' -l timeout -x -d 'how long to wait for locks (10s)'
complete -c klog-replicate -n '__fish_seen_subcommand_from forget' -s q -l quiet -d 'say nothing but errors'
complete -c klog-replicate -n '__fish_seen_subcommand_from forget' -s v -l verbose -d 'say more; may be repeated'
complete -c klog-replicate -n '__fish_seen_subcommand_from forget' -s h -l help -d 'print this help'
complete -c klog-replicate -n '__fish_seen_subcommand_from forget' -s V -l version -d 'print the version'
complete -c klog-replicate -n '__fish_seen_subcommand_from forget' -l dir -x -a '(__fish_complete_directories)' -d 'look up topics under DIR ($KLOG_DIR, or here)'
complete -c klog-replicate -n '__fish_seen_subcommand_from forget' -a '(_klog_replicate_topics)' -d topic
complete -c klog-replicate -n '__fish_seen_subcommand_from forget' -a '(__fish_complete_directories)'
