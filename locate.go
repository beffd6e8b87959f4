package pelton

// Locate is where [View.Field] finds its value, for a runtime that copies the payload and keeps the offsets. ok is
// false when the name is not configured or the message does not have it.
func (v *View) Locate(name string) (field Field, ok bool) {
	if v.loan == nil {
		return Field{}, false
	}
	for i, n := range v.loan.Names {
		if n == name && i < len(v.loan.Fields) {
			return v.loan.Fields[i], v.loan.Fields[i].Kind != KindMissing
		}
	}
	return Field{}, false
}

// Located gives every configured field that the message has, for who keeps the message: the bytes it came from may be
// needed to find them again (the header of a CSV file is). nil when there is none.
func (v *View) Located() map[string]Field {
	var all map[string]Field
	if v.loan == nil {
		return nil
	}
	names, fields := v.loan.Names, v.loan.Fields
	for i, name := range names {
		if i >= len(fields) || fields[i].Kind == KindMissing {
			continue
		}
		if all == nil {
			all = make(map[string]Field, len(names))
		}
		all[name] = fields[i]
	}
	return all
}

// Fields gives what is configured, located or not, in its order: names[i] is the name of fields[i]. Both are borrowed, as
// the view is.
func (v *View) Fields() (fields []Field, names []string) {
	if v.loan == nil {
		return nil, nil
	}
	n := min(len(v.loan.Fields), len(v.loan.Names))
	return v.loan.Fields[:n], v.loan.Names[:n]
}
