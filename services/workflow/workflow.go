// Package workflow holds the use cases of WorkflowService and AssistantService: what an operator or an internal service
// may do to a tenant's configuration, and the rules that span more than one noun. Rules of a single noun stand in
// services/flow; who may call is decided by services/access.
package workflow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"smsflow/services/flow"
)

// Caller is who calls, and for which tenant.
type Caller struct {
	Tenant  flow.TenantID
	Subject string // for the audit log
}

// Service runs the use cases. All fields are required.
type Service struct {
	Store Store
	Seal  Sealer
	Now   func() time.Time
	NewID func() string // UUIDv7
}

// open is the gate that is the tenant's, not the caller's: its plan includes SMS and its flag smsWorkflowsEnabled is on.
func (s *Service) open(ctx context.Context, c Caller) error {
	t, err := s.Store.Tenant(ctx, c.Tenant)
	switch {
	case err != nil:
		return err
	case !t.SMSPlan:
		return flow.Errorf(flow.ErrPrecondition, flow.ReasonSMSPlanRequired, "the plan does not include SMS: choose one that does under Billing")
	case !t.SMSWorkflows:
		return flow.Errorf(flow.ErrPrecondition, flow.ReasonFlagOff, "smsWorkflowsEnabled is off: have it switched on for the account or the tenant")
	}
	return nil
}

func (s *Service) audit(c Caller) flow.Audit { return flow.Audit{By: c.Subject, At: s.Now()} }

// fingerprint tells whether a create with a request id that was used before asks for the same thing.
func fingerprint(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("fingerprint: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// checkEtag compares the state that the caller has seen with the current one; an empty etag makes no condition.
func checkEtag(etag string, current int64) error {
	if etag == "" {
		return nil
	}
	seen, err := flow.ParseEtag(etag)
	if err != nil {
		return err
	}
	if seen != current {
		e := flow.Errorf(flow.ErrStale, flow.ReasonEtagMismatch, "it has been changed since you read it: read it again and repeat your change")
		e.Meta = map[string]string{"etag": flow.Etag(current)}
		return e
	}
	return nil
}

// checkRequestID bounds the caller's own id of a create.
func checkRequestID(id string) []flow.Violation {
	if len([]rune(id)) > flow.MaxRequestID {
		return []flow.Violation{{Field: "request_id", Reason: "TOO_LONG", Text: fmt.Sprintf("may have at most %d characters", flow.MaxRequestID)}}
	}
	return nil
}

// noMask refuses an update that names no field: taken for all of them, a forgotten mask would empty the rest.
func noMask() error {
	return flow.Invalid([]flow.Violation{{
		Field: "update_mask", Reason: flow.ViolationRequired, Text: `is missing: name the fields to change, or "*" for all of them`,
	}})
}

// unknownField is the violation of a mask that names what cannot be changed.
func unknownField(name string, known []string) flow.Violation {
	return flow.Violation{
		Field: "update_mask", Reason: "UNKNOWN_FIELD",
		Text: fmt.Sprintf("%q cannot be changed: name some of %v", name, known),
	}
}
