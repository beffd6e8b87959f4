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
