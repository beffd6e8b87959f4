package sink

// AppendLine appends the payload as a line: with a newline at its end, unless it has one already. It is how every sink
// writes that has lines; newlines inside a payload stay as they are.
func AppendLine(text, payload []byte) []byte {
	text = append(text, payload...)
	if n := len(payload); n > 0 && payload[n-1] == '\n' {
		return text
	}
	return append(text, '\n')
}
