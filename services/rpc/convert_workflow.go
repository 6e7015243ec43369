package rpc

import (
	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
)

// workflowFrom reads what a caller may set of a workflow, and its id.
func workflowFrom(w *smsflowv1.Workflow) flow.Workflow {
	return flow.Workflow{
		ID:               flow.WorkflowID(w.GetId()),
		Name:             w.GetName(),
		Goal:             goalFrom(w.GetGoal()),
		Description:      w.GetDescription(),
		Context:          w.GetContext(),
		ResponseTemplate: w.GetResponseTemplate(),
		Assistant:        flow.AssistantID(w.GetAssistantId()),
		Priority:         w.GetPriority(),
		Active:           w.GetActive(),
		Interrupts:       w.GetInterrupts(),
		Steps:            each(w.GetSteps(), stepFrom),
	}
}

func workflowTo(w flow.Workflow) *smsflowv1.Workflow {
	return &smsflowv1.Workflow{
		Id:               string(w.ID),
		Name:             w.Name,
		Goal:             goalTo(w.Goal),
		Description:      w.Description,
		Context:          w.Context,
		ResponseTemplate: w.ResponseTemplate,
		AssistantId:      string(w.Assistant),
		Priority:         w.Priority,
		Active:           w.Active,
		Interrupts:       w.Interrupts,
		Steps:            each(w.Steps, stepTo),
		Revision:         w.Revision,
		Etag:             flow.Etag(w.Version),
		CreatedAt:        timeTo(w.CreatedAt),
		UpdatedAt:        timeTo(w.UpdatedAt),
		UpdatedBy:        w.UpdatedBy,
		OpenRuns:         w.OpenRuns,
	}
}

func goalFrom(g smsflowv1.Goal) flow.Goal {
	switch g {
	case smsflowv1.Goal_GOAL_UNSPECIFIED:
		return ""
	case smsflowv1.Goal_GOAL_GENERAL_INQUIRY:
		return flow.GoalGeneralInquiry
	case smsflowv1.Goal_GOAL_LEAD_CAPTURE:
		return flow.GoalLeadCapture
	case smsflowv1.Goal_GOAL_HELP_DESK_SUPPORT:
		return flow.GoalHelpDeskSupport
	case smsflowv1.Goal_GOAL_SALES_INQUIRY:
		return flow.GoalSalesInquiry
	case smsflowv1.Goal_GOAL_APPOINTMENT_BOOKING:
		return flow.GoalAppointmentBooking
	case smsflowv1.Goal_GOAL_FEEDBACK:
		return flow.GoalFeedback
	default:
		return flow.Goal(unknown(g))
	}
}

func goalTo(g flow.Goal) smsflowv1.Goal {
	switch g {
	case flow.GoalGeneralInquiry:
		return smsflowv1.Goal_GOAL_GENERAL_INQUIRY
	case flow.GoalLeadCapture:
		return smsflowv1.Goal_GOAL_LEAD_CAPTURE
	case flow.GoalHelpDeskSupport:
		return smsflowv1.Goal_GOAL_HELP_DESK_SUPPORT
	case flow.GoalSalesInquiry:
		return smsflowv1.Goal_GOAL_SALES_INQUIRY
	case flow.GoalAppointmentBooking:
		return smsflowv1.Goal_GOAL_APPOINTMENT_BOOKING
	case flow.GoalFeedback:
		return smsflowv1.Goal_GOAL_FEEDBACK
	default:
		return smsflowv1.Goal_GOAL_UNSPECIFIED
	}
}

// orderTo gives the direction; a tenant that has not chosen has the default.
func orderTo(o flow.PriorityOrder) smsflowv1.PriorityOrder {
	switch o {
	case flow.HighestFirst, "":
		return smsflowv1.PriorityOrder_PRIORITY_ORDER_HIGHEST_FIRST
	case flow.LowestFirst:
		return smsflowv1.PriorityOrder_PRIORITY_ORDER_LOWEST_FIRST
	default:
		return smsflowv1.PriorityOrder_PRIORITY_ORDER_UNSPECIFIED
	}
}

func sortFrom(s smsflowv1.WorkflowSort) flow.WorkflowSort {
	switch s {
	case smsflowv1.WorkflowSort_WORKFLOW_SORT_UNSPECIFIED:
		return flow.SortPriority
	case smsflowv1.WorkflowSort_WORKFLOW_SORT_NAME:
		return flow.SortName
	case smsflowv1.WorkflowSort_WORKFLOW_SORT_UPDATED:
		return flow.SortUpdated
	default:
		return flow.WorkflowSort(unknown(s))
	}
}
