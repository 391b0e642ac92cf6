# fish completion of klog, made from its option table

function _klog_topics
	set -l dir .
	set -q KLOG_DIR; and set dir $KLOG_DIR
	for t in $dir/*/topic.conf
		string replace -r '.*/([^/]+)/topic\.conf$' '$1' -- $t
	end
end

complete -c klog -f
complete -c klog -s q -l quiet -d 'say nothing but errors'
complete -c klog -s v -l verbose -d 'say more; may be repeated'
complete -c klog -s h -l help -d 'print this help'
complete -c klog -s V -l version -d 'print the version'
