package decode

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends the text of a scanned JSON string to dst. The text is never longer than its escaped form. Half a
// surrogate pair is U+FFFD, as in encoding/json.
func unescape(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		if text[i] != '\\' {
			dst = append(dst, text[i])
			i++
			continue
		}
		c := text[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			var r rune
			r, i = codepoint(text, i)
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// codepoint reads the hex digits at i, and those of a second escape when the two are a surrogate pair.
func codepoint(text []byte, i int) (rune, int) {
	r := hex4(text[i:])
	i += 4
	if !utf16.IsSurrogate(r) {
		return r, i
	}
	if len(text) >= i+6 && text[i] == '\\' && text[i+1] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(text[i+2:])); pair != utf8.RuneError {
			return pair, i + 6
		}
	}
	return utf8.RuneError, i
}

func hex4(text []byte) rune {
	var r rune
	for _, c := range text[:4] {
		r = r<<4 | unhex(c)
	}
	return r
}

// unhex is the value of a hex digit, or -1.
func unhex(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}
