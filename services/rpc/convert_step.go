package rpc

import (
	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
)

func stepFrom(s *smsflowv1.Step) flow.Step {
	return flow.Step{ID: flow.StepID(s.GetId()), Label: s.GetLabel(), OnFail: onFailFrom(s.GetOnFail()), Spec: specFrom(s)}
}

func stepTo(s flow.Step) *smsflowv1.Step {
	to := &smsflowv1.Step{Id: string(s.ID), Label: s.Label, OnFail: onFailTo(s.OnFail)}
	specTo(to, s.Spec)
	return to
}

// specFrom gives nil for a step without a kind, which the noun's validation names.
func specFrom(s *smsflowv1.Step) flow.Spec {
	switch k := s.GetKind().(type) {
	case *smsflowv1.Step_MatchWords:
		return &flow.MatchWords{Mode: matchModeFrom(k.MatchWords.GetMode()), Words: k.MatchWords.GetWords()}
	case *smsflowv1.Step_MatchGoal:
		return &flow.MatchGoal{ExtraWords: k.MatchGoal.GetExtraWords()}
	case *smsflowv1.Step_WithinHours:
		h := k.WithinHours
		return &flow.WithinHours{
			Hours: each(h.GetHours(), hoursFrom), Holidays: h.GetHolidays(), Zone: h.GetZone(), Outside: h.GetOutside(),
		}
	case *smsflowv1.Step_ContactIs:
		return &flow.ContactIs{Condition: conditionFrom(k.ContactIs.GetCondition()), Tag: k.ContactIs.GetTag()}
	case *smsflowv1.Step_SendMessage:
		return &flow.SendMessage{Text: k.SendMessage.GetText()}
	case *smsflowv1.Step_AssistantReply:
		a := k.AssistantReply
		return &flow.AssistantReply{
			MaxSegments: a.GetMaxSegments(), FallbackText: a.GetFallbackText(), OnError: onErrorFrom(a.GetOnError()),
			History: historyFrom(a),
		}
	case *smsflowv1.Step_SetVariable:
		return &flow.SetVariable{Name: k.SetVariable.GetName(), Value: k.SetVariable.GetValue()}
	case *smsflowv1.Step_TagContact:
		return &flow.TagContact{Tag: k.TagContact.GetTag(), Remove: k.TagContact.GetRemove()}
	case *smsflowv1.Step_HandOff:
		return &flow.HandOff{Note: k.HandOff.GetNote(), Text: k.HandOff.GetText()}
	case *smsflowv1.Step_End:
		return &flow.End{}
	default:
		return nil
	}
}

// specTo leaves the kind out for a type that the contract does not have; a test holds that there is none.
func specTo(to *smsflowv1.Step, spec flow.Spec) {
	switch s := spec.(type) {
	case *flow.MatchWords:
		to.Kind = &smsflowv1.Step_MatchWords{MatchWords: &smsflowv1.MatchWords{Mode: matchModeTo(s.Mode), Words: s.Words}}
	case *flow.MatchGoal:
		to.Kind = &smsflowv1.Step_MatchGoal{MatchGoal: &smsflowv1.MatchGoal{ExtraWords: s.ExtraWords}}
	case *flow.WithinHours:
		to.Kind = &smsflowv1.Step_WithinHours{WithinHours: &smsflowv1.WithinHours{
			Hours: each(s.Hours, hoursTo), Holidays: s.Holidays, Zone: s.Zone, Outside: s.Outside,
		}}
	case *flow.ContactIs:
		to.Kind = &smsflowv1.Step_ContactIs{ContactIs: &smsflowv1.ContactIs{Condition: conditionTo(s.Condition), Tag: s.Tag}}
	case *flow.SendMessage:
		to.Kind = &smsflowv1.Step_SendMessage{SendMessage: &smsflowv1.SendMessage{Text: s.Text}}
	case *flow.AssistantReply:
		to.Kind = &smsflowv1.Step_AssistantReply{AssistantReply: &smsflowv1.AssistantReply{
			MaxSegments: s.MaxSegments, FallbackText: s.FallbackText, OnError: onErrorTo(s.OnError), History: s.History,
		}}
	case *flow.SetVariable:
		to.Kind = &smsflowv1.Step_SetVariable{SetVariable: &smsflowv1.SetVariable{Name: s.Name, Value: s.Value}}
	case *flow.TagContact:
		to.Kind = &smsflowv1.Step_TagContact{TagContact: &smsflowv1.TagContact{Tag: s.Tag, Remove: s.Remove}}
	case *flow.HandOff:
		to.Kind = &smsflowv1.Step_HandOff{HandOff: &smsflowv1.HandOff{Note: s.Note, Text: s.Text}}
	case *flow.End:
		to.Kind = &smsflowv1.Step_End{End: &smsflowv1.End{}}
	}
}

func onFailFrom(f *smsflowv1.OnFail) *flow.OnFail {
	if f == nil {
		return nil
	}
	return &flow.OnFail{Action: failActionFrom(f.GetAction()), GoTo: flow.StepID(f.GetGoTo())}
}

func onFailTo(f *flow.OnFail) *smsflowv1.OnFail {
	if f == nil {
		return nil
	}
	return &smsflowv1.OnFail{Action: failActionTo(f.Action), GoTo: string(f.GoTo)}
}

func failActionFrom(a smsflowv1.OnFail_Action) flow.FailAction {
	switch a {
	case smsflowv1.OnFail_ACTION_UNSPECIFIED:
		return ""
	case smsflowv1.OnFail_ACTION_NEXT_WORKFLOW:
		return flow.FailNextWorkflow
	case smsflowv1.OnFail_ACTION_STOP:
		return flow.FailStop
	case smsflowv1.OnFail_ACTION_HAND_OFF:
		return flow.FailHandOff
	case smsflowv1.OnFail_ACTION_CONTINUE:
		return flow.FailContinue
	case smsflowv1.OnFail_ACTION_GO_TO:
		return flow.FailGoTo
	default:
		return flow.FailAction(unknown(a))
	}
}

func failActionTo(a flow.FailAction) smsflowv1.OnFail_Action {
	switch a {
	case flow.FailNextWorkflow:
		return smsflowv1.OnFail_ACTION_NEXT_WORKFLOW
	case flow.FailStop:
		return smsflowv1.OnFail_ACTION_STOP
	case flow.FailHandOff:
		return smsflowv1.OnFail_ACTION_HAND_OFF
	case flow.FailContinue:
		return smsflowv1.OnFail_ACTION_CONTINUE
	case flow.FailGoTo:
		return smsflowv1.OnFail_ACTION_GO_TO
	default:
		return smsflowv1.OnFail_ACTION_UNSPECIFIED
	}
}

func matchModeFrom(m smsflowv1.MatchWords_Mode) flow.MatchMode {
	switch m {
	case smsflowv1.MatchWords_MODE_UNSPECIFIED:
		return ""
	case smsflowv1.MatchWords_MODE_ANY:
		return flow.MatchAny
	case smsflowv1.MatchWords_MODE_ALL:
		return flow.MatchAll
	case smsflowv1.MatchWords_MODE_PHRASE:
		return flow.MatchPhrase
	case smsflowv1.MatchWords_MODE_WHOLE:
		return flow.MatchWhole
	case smsflowv1.MatchWords_MODE_REGEX:
		return flow.MatchRegex
	default:
		return flow.MatchMode(unknown(m))
	}
}

func matchModeTo(m flow.MatchMode) smsflowv1.MatchWords_Mode {
	switch m {
	case flow.MatchAny:
		return smsflowv1.MatchWords_MODE_ANY
	case flow.MatchAll:
		return smsflowv1.MatchWords_MODE_ALL
	case flow.MatchPhrase:
		return smsflowv1.MatchWords_MODE_PHRASE
	case flow.MatchWhole:
		return smsflowv1.MatchWords_MODE_WHOLE
	case flow.MatchRegex:
		return smsflowv1.MatchWords_MODE_REGEX
	default:
		return smsflowv1.MatchWords_MODE_UNSPECIFIED
	}
}

// hoursFrom keeps the day's number: both sides count as ISO 8601 does, Monday is 1.
func hoursFrom(h *smsflowv1.WithinHours_Hours) flow.Hours {
	return flow.Hours{Day: flow.Weekday(h.GetDay()), Opens: h.GetOpens(), Closes: h.GetCloses()}
}

func hoursTo(h flow.Hours) *smsflowv1.WithinHours_Hours {
	return &smsflowv1.WithinHours_Hours{Day: smsflowv1.Weekday(h.Day), Opens: h.Opens, Closes: h.Closes}
}

func conditionFrom(c smsflowv1.ContactIs_Condition) flow.ContactCondition {
	switch c {
	case smsflowv1.ContactIs_CONDITION_UNSPECIFIED:
		return ""
	case smsflowv1.ContactIs_CONDITION_NEW:
		return flow.ContactNew
	case smsflowv1.ContactIs_CONDITION_KNOWN:
		return flow.ContactKnown
	case smsflowv1.ContactIs_CONDITION_TAGGED:
		return flow.ContactTagged
	case smsflowv1.ContactIs_CONDITION_OPTED_IN:
		return flow.ContactOptedIn
	default:
		return flow.ContactCondition(unknown(c))
	}
}

func conditionTo(c flow.ContactCondition) smsflowv1.ContactIs_Condition {
	switch c {
	case flow.ContactNew:
		return smsflowv1.ContactIs_CONDITION_NEW
	case flow.ContactKnown:
		return smsflowv1.ContactIs_CONDITION_KNOWN
	case flow.ContactTagged:
		return smsflowv1.ContactIs_CONDITION_TAGGED
	case flow.ContactOptedIn:
		return smsflowv1.ContactIs_CONDITION_OPTED_IN
	default:
		return smsflowv1.ContactIs_CONDITION_UNSPECIFIED
	}
}

func onErrorFrom(o smsflowv1.AssistantReply_OnError) flow.OnError {
	switch o {
	case smsflowv1.AssistantReply_ON_ERROR_UNSPECIFIED:
		return flow.OnErrorContinue
	case smsflowv1.AssistantReply_ON_ERROR_HAND_OFF:
		return flow.OnErrorHandOff
	case smsflowv1.AssistantReply_ON_ERROR_STOP:
		return flow.OnErrorStop
	default:
		return flow.OnError(unknown(o))
	}
}

func onErrorTo(o flow.OnError) smsflowv1.AssistantReply_OnError {
	switch o {
	case flow.OnErrorHandOff:
		return smsflowv1.AssistantReply_ON_ERROR_HAND_OFF
	case flow.OnErrorStop:
		return smsflowv1.AssistantReply_ON_ERROR_STOP
	case flow.OnErrorContinue:
		return smsflowv1.AssistantReply_ON_ERROR_UNSPECIFIED
	default:
		return smsflowv1.AssistantReply_ON_ERROR_UNSPECIFIED
	}
}

// historyFrom tells 0 from not set.
func historyFrom(a *smsflowv1.AssistantReply) *int32 {
	if a == nil || a.History == nil {
		return nil
	}
	n := a.GetHistory()
	return &n
}
