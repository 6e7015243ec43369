package rpc

import (
	"context"
	"slices"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
)

// assistantService serves AssistantService, whatever the protocol.
type assistantService struct {
	use   Workflows
	check *checker
}

// apiKeyField is set by its own name only: an update of all fields leaves the key alone.
const apiKeyField = "api_key"

// assistantFields are what a caller can set of an assistant, but for its key.
func assistantFields() []string {
	return []string{"name", "provider", "model", "base_url", "instructions", "timeout", "max_output_tokens"}
}

func (s *assistantService) CreateAssistant(ctx context.Context, req *smsflowv1.CreateAssistantRequest) (*smsflowv1.CreateAssistantResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	a := assistantFrom(req.GetAssistant())
	n := noun{name: "assistant", fields: append(assistantFields(), apiKeyField)}
	if req.GetAssistant() != nil {
		n.validate = a.Validate
	}
	if err := s.check.noun(ctx, req, n); err != nil {
		return nil, err
	}
	saved, err := s.use.CreateAssistant(ctx, caller, a, flow.Secret(req.GetAssistant().GetApiKey()), req.GetRequestId())
	if err != nil {
		return nil, within("assistant", err)
	}
	return &smsflowv1.CreateAssistantResponse{Assistant: assistantTo(saved)}, nil
}

func (s *assistantService) GetAssistant(ctx context.Context, req *smsflowv1.GetAssistantRequest) (*smsflowv1.GetAssistantResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check.request(ctx, req); err != nil {
		return nil, err
	}
	a, err := s.use.Assistant(ctx, caller, flow.AssistantID(req.GetId()))
	if err != nil {
		return nil, err
	}
	return &smsflowv1.GetAssistantResponse{Assistant: assistantTo(a)}, nil
}

func (s *assistantService) ListAssistants(ctx context.Context, req *smsflowv1.ListAssistantsRequest) (*smsflowv1.ListAssistantsResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check.request(ctx, req); err != nil {
		return nil, err
	}
	list := listOf("assistants", caller.Tenant)
	offset, err := offsetOf(req.GetPageToken(), list)
	if err != nil {
		return nil, err
	}
	page, total, err := s.use.Assistants(ctx, caller, pageSize(req.GetPageSize()), offset)
	if err != nil {
		return nil, err
	}
	return &smsflowv1.ListAssistantsResponse{
		Assistants:    each(page, assistantTo),
		NextPageToken: nextPage(list, offset, len(page), total),
		Total:         int32(total),
	}, nil
}

func (s *assistantService) UpdateAssistant(ctx context.Context, req *smsflowv1.UpdateAssistantRequest) (*smsflowv1.UpdateAssistantResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	fields, bad := maskOf(req.GetUpdateMask(), append(assistantFields(), apiKeyField))
	n := noun{name: "assistant", bad: bad, fields: slices.Concat([]string{"id", "etag"}, assistantFields())}
	if len(fields)+len(bad) > 0 && !slices.Contains(fields, allFields) {
		n.fields = slices.Concat([]string{"id", "etag"}, fields)
	}
	a := assistantFrom(req.GetAssistant())
	if req.GetAssistant() != nil {
		n.validate = a.Validate
		n.bad = append(n.bad, required("assistant.id", req.GetAssistant().GetId())...)
	}
	if err := s.check.noun(ctx, req, n); err != nil {
		return nil, err
	}
	key := flow.Secret(req.GetAssistant().GetApiKey())
	saved, err := s.use.UpdateAssistant(ctx, caller, a, key, fields, req.GetAssistant().GetEtag())
	if err != nil {
		return nil, within("assistant", err)
	}
	return &smsflowv1.UpdateAssistantResponse{Assistant: assistantTo(saved)}, nil
}

func (s *assistantService) DeleteAssistant(ctx context.Context, req *smsflowv1.DeleteAssistantRequest) (*smsflowv1.DeleteAssistantResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check.request(ctx, req); err != nil {
		return nil, err
	}
	if err := s.use.DeleteAssistant(ctx, caller, flow.AssistantID(req.GetId()), req.GetEtag()); err != nil {
		return nil, err
	}
	return &smsflowv1.DeleteAssistantResponse{}, nil
}
