package rpc

import (
	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/router"
)

// submissionFrom takes the tenant and the connection from the caller, everything else from the request.
func submissionFrom(p access.Principal, r *smsflowv1.RouteInboundRequest) router.Submission {
	return router.Submission{
		Tenant:           p.Tenant,
		Connection:       p.Connection,
		GatewayMessageID: r.GetGatewayMessageId(),
		From:             r.GetFrom(),
		To:               r.GetTo(),
		Body:             r.GetBody(),
		ReceivedAt:       timeFrom(r.GetReceivedAt()),
	}
}

func resultTo(r flow.Result) *smsflowv1.RouteInboundResponse {
	return &smsflowv1.RouteInboundResponse{
		InboundId: string(r.Inbound),
		Outcome:   outcomeTo(r.Outcome),
		Replies:   each(r.Replies, replyTo),
		Workflow:  refTo(r.Workflow),
		RunId:     string(r.Run),
		Trace:     traceTo(r.Trace),
		Duplicate: r.Duplicate,
	}
}

func replyTo(o flow.Outbound) *smsflowv1.Reply {
	return &smsflowv1.Reply{
		Id: string(o.ID), From: o.From, To: o.To, Body: o.Body, Segments: int32(o.Segments), Encoding: o.Encoding,
	}
}

func undeliveredTo(o flow.Outbound) *smsflowv1.Undelivered {
	return &smsflowv1.Undelivered{
		Message: replyTo(o), State: outboundStateTo(o.State), Reason: o.Reason, Attempts: int32(o.Attempts),
		InboundId: string(o.Inbound), CreatedAt: timeTo(o.CreatedAt), UpdatedAt: timeTo(o.UpdatedAt),
	}
}

func refTo(r *flow.WorkflowRef) *smsflowv1.WorkflowRef {
	if r == nil {
		return nil
	}
	return &smsflowv1.WorkflowRef{Id: string(r.ID), Name: r.Name, Revision: r.Revision}
}

func traceTo(t flow.Trace) *smsflowv1.DecisionTrace {
	to := &smsflowv1.DecisionTrace{
		AcceptedAt:    timeTo(t.AcceptedAt),
		FinishedAt:    timeTo(t.FinishedAt),
		Notes:         each(t.Notes, noteTo),
		ConfigVersion: t.ConfigVersion,
		Candidates:    each(t.Candidates, candidateTo),
		NotReached:    int32(t.NotReached),
	}
	// No direction was used if nothing was selected.
	if t.PriorityOrder != "" {
		to.PriorityOrder = orderTo(t.PriorityOrder)
	}
	return to
}

func noteTo(n flow.Note) *smsflowv1.TraceNote {
	return &smsflowv1.TraceNote{Stage: n.Stage, Text: n.Text}
}

func candidateTo(c flow.Candidate) *smsflowv1.Candidate {
	return &smsflowv1.Candidate{
		Workflow: refTo(&c.Workflow), Goal: goalTo(c.Goal), Priority: c.Priority, Rank: int32(c.Rank),
		Verdict: verdictTo(c.Verdict), Reason: c.Reason, Steps: each(c.Steps, stepEventTo),
	}
}

func stepEventTo(s flow.StepEvent) *smsflowv1.StepTrace {
	return &smsflowv1.StepTrace{
		StepId: string(s.Step), Type: string(s.Type), Result: stepResultTo(s.Result),
		Input: s.Input, Detail: s.Detail, Then: s.Then, At: timeTo(s.At), Usage: usageTo(s.Answer),
	}
}

func usageTo(a *flow.Answer) *smsflowv1.AssistantUsage {
	if a == nil {
		return nil
	}
	return &smsflowv1.AssistantUsage{
		Model: a.Model, InputTokens: a.InputTokens, OutputTokens: a.OutputTokens, Latency: durationTo(a.Latency),
	}
}

func outcomeTo(o flow.Outcome) smsflowv1.Outcome {
	switch o {
	case flow.OutcomeReplied:
		return smsflowv1.Outcome_OUTCOME_REPLIED
	case flow.OutcomeNoReply:
		return smsflowv1.Outcome_OUTCOME_NO_REPLY
	case flow.OutcomeAccepted:
		return smsflowv1.Outcome_OUTCOME_ACCEPTED
	case flow.OutcomeNoWorkflow:
		return smsflowv1.Outcome_OUTCOME_NO_WORKFLOW
	case flow.OutcomeOptedOut:
		return smsflowv1.Outcome_OUTCOME_OPTED_OUT
	case flow.OutcomeOptedIn:
		return smsflowv1.Outcome_OUTCOME_OPTED_IN
	case flow.OutcomeHelpSent:
		return smsflowv1.Outcome_OUTCOME_HELP_SENT
	case flow.OutcomeHandedOff:
		return smsflowv1.Outcome_OUTCOME_HANDED_OFF
	case flow.OutcomeDuplicate:
		return smsflowv1.Outcome_OUTCOME_DUPLICATE
	case flow.OutcomeBlockedPlan:
		return smsflowv1.Outcome_OUTCOME_BLOCKED_PLAN
	case flow.OutcomeBlockedFlag:
		return smsflowv1.Outcome_OUTCOME_BLOCKED_FLAG
	case flow.OutcomeUnknownNumber:
		return smsflowv1.Outcome_OUTCOME_UNKNOWN_NUMBER
	case flow.OutcomeFailed:
		return smsflowv1.Outcome_OUTCOME_FAILED
	case flow.OutcomeBlockedLoop:
		return smsflowv1.Outcome_OUTCOME_BLOCKED_LOOP
	default:
		return smsflowv1.Outcome_OUTCOME_UNSPECIFIED
	}
}

func verdictTo(v flow.Verdict) smsflowv1.Candidate_Verdict {
	switch v {
	case flow.VerdictWon:
		return smsflowv1.Candidate_VERDICT_WON
	case flow.VerdictLost:
		return smsflowv1.Candidate_VERDICT_LOST
	case flow.VerdictNotReached:
		return smsflowv1.Candidate_VERDICT_NOT_REACHED
	default:
		return smsflowv1.Candidate_VERDICT_UNSPECIFIED
	}
}

func stepResultTo(r flow.StepResult) smsflowv1.StepTrace_Result {
	switch r {
	case flow.StepPassed:
		return smsflowv1.StepTrace_RESULT_PASSED
	case flow.StepFailed:
		return smsflowv1.StepTrace_RESULT_FAILED
	case flow.StepDone:
		return smsflowv1.StepTrace_RESULT_DONE
	case flow.StepWaiting:
		return smsflowv1.StepTrace_RESULT_WAITING
	case flow.StepError:
		return smsflowv1.StepTrace_RESULT_ERROR
	default:
		return smsflowv1.StepTrace_RESULT_UNSPECIFIED
	}
}

func outboundStateTo(s flow.OutboundState) smsflowv1.OutboundState {
	switch s {
	case flow.OutboundReturned:
		return smsflowv1.OutboundState_OUTBOUND_STATE_RETURNED
	case flow.OutboundPending:
		return smsflowv1.OutboundState_OUTBOUND_STATE_PENDING
	case flow.OutboundSending:
		return smsflowv1.OutboundState_OUTBOUND_STATE_SENDING
	case flow.OutboundSent:
		return smsflowv1.OutboundState_OUTBOUND_STATE_SENT
	case flow.OutboundFailed:
		return smsflowv1.OutboundState_OUTBOUND_STATE_FAILED
	case flow.OutboundUnknown:
		return smsflowv1.OutboundState_OUTBOUND_STATE_UNKNOWN
	case flow.OutboundSuppressed:
		return smsflowv1.OutboundState_OUTBOUND_STATE_SUPPRESSED
	case flow.OutboundDelivered:
		return smsflowv1.OutboundState_OUTBOUND_STATE_DELIVERED
	case flow.OutboundUndelivered:
		return smsflowv1.OutboundState_OUTBOUND_STATE_UNDELIVERED
	default:
		return smsflowv1.OutboundState_OUTBOUND_STATE_UNSPECIFIED
	}
}

// settledFrom gives the states that a gateway may report; the contract's rules let no other through.
func settledFrom(s smsflowv1.OutboundState) flow.OutboundState {
	switch s {
	case smsflowv1.OutboundState_OUTBOUND_STATE_SENT:
		return flow.OutboundSent
	case smsflowv1.OutboundState_OUTBOUND_STATE_FAILED:
		return flow.OutboundFailed
	case smsflowv1.OutboundState_OUTBOUND_STATE_DELIVERED:
		return flow.OutboundDelivered
	case smsflowv1.OutboundState_OUTBOUND_STATE_UNDELIVERED:
		return flow.OutboundUndelivered
	default:
		return ""
	}
}
