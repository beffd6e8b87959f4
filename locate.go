package pelton

// Locate is where [View.Field] finds its value, for a runtime that copies the payload and keeps the offsets. ok is
// false when the name is not configured or the message does not have it.
func (v *View) Locate(name string) (field Field, ok bool) {
	for i, n := range v.names {
		if n == name && i < len(v.fields) {
			return v.fields[i], v.fields[i].Kind != KindMissing
		}
	}
	return Field{}, false
}

// Located gives every configured field that the message has, for who keeps the message: the bytes it came from may be
// needed to find them again (the header of a CSV file is). nil when there is none.
func (v *View) Located() map[string]Field {
	var all map[string]Field
	for i, name := range v.names {
		if i >= len(v.fields) || v.fields[i].Kind == KindMissing {
			continue
		}
		if all == nil {
			all = make(map[string]Field, len(v.names))
		}
		all[name] = v.fields[i]
	}
	return all
}
