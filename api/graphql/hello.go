package graphql

import (
	"encoding/json"

	"github.com/coder/websocket"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
)

// closeForbidden is the close code of a connection whose hello was not accepted, as the protocol has it.
const closeForbidden websocket.StatusCode = 4403

// hello reads the first message of a WebSocket, in which a browser, that can't set headers, says who it is: authorization in
// its payload is as the header Authorization. Without it the upgrade's request holds.
func (s *socket) hello(payload json.RawMessage) (code websocket.StatusCode, reason string) {
	if s.inited {
		return closeTooManyInits, "Too many initialisation requests"
	}
	var said struct {
		Authorization string `json:"authorization"` // in any case of letters
	}
	if payload != nil && json.Unmarshal(payload, &said) != nil {
		return closeBadMessage, "Invalid message: the payload is no object with a text as authorization"
	}
	if s.h.o.Gate != nil && said.Authorization != "" {
		s.caller = s.h.o.Gate.Call(s.caller, auth.Proof{Authorization: said.Authorization, From: api.CallerOf(s.caller).From})
	}
	if err := s.h.svc.Admit(s.caller); err != nil {
		return closeForbidden, "Forbidden"
	}
	s.inited = true
	s.write(&message{Type: "connection_ack"})
	return 0, ""
}
