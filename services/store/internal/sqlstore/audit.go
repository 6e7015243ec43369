package sqlstore

import (
	"encoding/json"

	"smsflow/services/flow"
)

// The kinds of what is created with a request id and named by the audit log.
const (
	kindWorkflow  = "workflow"
	kindAssistant = "assistant"
)

// audit writes who changed what. before and after are documents (nil: it was not, or is not any more), of which only
// the fields that differ are kept.
func (t tx) audit(tenant flow.TenantID, by flow.Audit, action, target string, before, after any) error {
	b, err := fields(before)
	if err != nil {
		return err
	}
	a, err := fields(after)
	if err != nil {
		return err
	}
	for name, v := range b {
		if w, ok := a[name]; ok && string(v) == string(w) {
			delete(a, name)
			delete(b, name)
		}
	}
	was, err := document(b)
	if err != nil {
		return err
	}
	is, err := document(a)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO audit (tenant_id, at, actor, action, target, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tenant, t.Time(by.At), by.By, action, target, was, is)
}

func fields(v any) (map[string]json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	s, err := Encode(v)
	if err != nil {
		return nil, err
	}
	var m map[string]json.RawMessage
	err = Decode(s, &m)
	return m, err
}

// document is a parameter: NULL for what is not there.
func document(m map[string]json.RawMessage) (any, error) {
	if m == nil {
		return nil, nil
	}
	return Encode(m)
}
