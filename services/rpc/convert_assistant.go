package rpc

import (
	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
)

// assistantFrom reads what a caller may set of an assistant, and its id; the key goes its own way.
func assistantFrom(a *smsflowv1.Assistant) flow.Assistant {
	return flow.Assistant{
		ID:              flow.AssistantID(a.GetId()),
		Name:            a.GetName(),
		Provider:        providerFrom(a.GetProvider()),
		Model:           a.GetModel(),
		BaseURL:         a.GetBaseUrl(),
		Instructions:    a.GetInstructions(),
		Timeout:         a.GetTimeout().AsDuration(),
		MaxOutputTokens: a.GetMaxOutputTokens(),
	}
}

// assistantTo never shows the key, only whether there is one.
func assistantTo(a flow.Assistant) *smsflowv1.Assistant {
	return &smsflowv1.Assistant{
		Id:              string(a.ID),
		Name:            a.Name,
		Provider:        providerTo(a.Provider),
		Model:           a.Model,
		BaseUrl:         a.BaseURL,
		Instructions:    a.Instructions,
		Timeout:         durationTo(a.Timeout),
		MaxOutputTokens: a.MaxOutputTokens,
		HasApiKey:       len(a.SealedAPIKey) > 0,
		Etag:            flow.Etag(a.Version),
		CreatedAt:       timeTo(a.CreatedAt),
		UpdatedAt:       timeTo(a.UpdatedAt),
		UsedBy:          a.UsedBy,
	}
}

func providerFrom(p smsflowv1.Provider) flow.Provider {
	switch p {
	case smsflowv1.Provider_PROVIDER_UNSPECIFIED:
		return ""
	case smsflowv1.Provider_PROVIDER_FAQ:
		return flow.ProviderFAQ
	case smsflowv1.Provider_PROVIDER_OPENAI:
		return flow.ProviderOpenAI
	default:
		return flow.Provider(unknown(p))
	}
}

func providerTo(p flow.Provider) smsflowv1.Provider {
	switch p {
	case flow.ProviderFAQ:
		return smsflowv1.Provider_PROVIDER_FAQ
	case flow.ProviderOpenAI:
		return smsflowv1.Provider_PROVIDER_OPENAI
	default:
		return smsflowv1.Provider_PROVIDER_UNSPECIFIED
	}
}
