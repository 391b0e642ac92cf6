# fish completion of klog-dump, made from its option table

function _klog_dump_topics
	set -l dir .
	set -q KLOG_DIR; and set dir $KLOG_DIR
	for t in $dir/*/topic.conf
		string replace -r '.*/([^/]+)/topic\.conf$' '$1' -- $t
	end
end

complete -c klog-dump -f
complete -c klog-dump -l json -d 'one JSON object a batch, record or entry'
complete -c klog-dump -l records -d 'the records of each batch, too'
complete -c klog-dump -l hex -d 'the bytes of what is printed, and of damage, too'
complete -c klog-dump -l max-batch -x -d 'look into batches of up to SIZE (32M)'
complete -c klog-dump -s q -l quiet -d 'say nothing but errors'
complete -c klog-dump -s v -l verbose -d 'say more; may be repeated'
complete -c klog-dump -s h -l help -d 'print this help'
complete -c klog-dump -s V -l version -d 'print the version'
complete -c klog-dump -F
