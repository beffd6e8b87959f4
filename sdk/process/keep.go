package process

import (
	"cmp"

	pluginv1 "github.com/peltonhq/pelton/api/gen/pelton/plugin/v1"
)

// save answers with the state, in parts.
func (c *client) save(m *pluginv1.Save) error {
	answer := &pluginv1.Saved{Batch: m.GetBatch(), Done: true}
	s, err := c.plugin.Keep.Save()
	switch size := int64(len(s.Bytes)); {
	case err != nil:
		answer.Refusal = words(err)
	case size > m.GetLimit():
		answer.Excess = size
	default:
		for len(s.Bytes) > partSize {
			part := &pluginv1.Saved{Batch: m.GetBatch(), Part: s.Bytes[:partSize]}
			if err := c.send(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Saved{Saved: part}}); err != nil {
				return err
			}
			s.Bytes = s.Bytes[partSize:]
		}
		answer.Version, answer.Part = s.Version, s.Bytes
	}
	return c.send(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Saved{Saved: answer}})
}

// load takes the state of another version.
func (c *client) load(m *pluginv1.Load) error {
	answer := &pluginv1.Loaded{Batch: m.GetBatch()}
	if err := c.plugin.Keep.Load(State{Version: m.GetVersion(), Bytes: m.GetState()}); err != nil {
		answer.Refusal = words(err)
	}
	return c.send(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Loaded{Loaded: answer}})
}

// words are those of a refusal, which is told by their being there.
func words(err error) string { return cmp.Or(valid(err.Error()), "it gave no reason") }
