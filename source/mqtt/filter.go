package mqtt

import "strings"

// matches reports whether a topic is one that the filter means. Wildcards at the start mean no topic with $ there.
func matches(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && (strings.HasPrefix(filter, "+") || strings.HasPrefix(filter, "#")) {
		return false
	}
	for {
		want, filterRest, filterMore := strings.Cut(filter, "/")
		if want == "#" {
			return true
		}
		have, topicRest, topicMore := strings.Cut(topic, "/")
		if want != "+" && want != have {
			return false
		}
		switch {
		case !topicMore:
			return !filterMore || filterRest == "#" // a/# means a too
		case !filterMore:
			return false
		}
		filter, topic = filterRest, topicRest
	}
}
