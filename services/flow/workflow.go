package flow

import "time"

// Limits of a workflow, in characters (runes) where they are lengths.
const (
	MaxName             = 80
	MaxDescription      = 500
	MaxContext          = 20_000
	MaxResponseTemplate = 4_000
	MaxSteps            = 50
	MaxWorkflows        = 1_000 // of one tenant
	MaxRequestID        = 64
)

// Goal says what a workflow is for.
type Goal string

// The goals.
const (
	GoalGeneralInquiry     Goal = "general_inquiry"
	GoalLeadCapture        Goal = "lead_capture"
	GoalHelpDeskSupport    Goal = "help_desk_support"
	GoalSalesInquiry       Goal = "sales_inquiry"
	GoalAppointmentBooking Goal = "appointment_booking"
	GoalFeedback           Goal = "feedback"
)

// Goals lists every goal, in the order of the contract.
func Goals() []Goal {
	return []Goal{GoalGeneralInquiry, GoalLeadCapture, GoalHelpDeskSupport, GoalSalesInquiry, GoalAppointmentBooking, GoalFeedback}
}

// PriorityOrder says which priority number wins.
type PriorityOrder string

// The two directions.
const (
	HighestFirst PriorityOrder = "highest_first"
	LowestFirst  PriorityOrder = "lowest_first"
)

// Workflow is how a tenant answers one kind of inbound SMS.
type Workflow struct {
	Tenant           TenantID
	ID               WorkflowID
	Name             string
	Goal             Goal
	Description      string
	Context          string
	ResponseTemplate string
	Assistant        AssistantID // empty: none
	Priority         int32
	Active           bool
	Interrupts       bool
	Steps            []Step
	Revision         int64 // grows with every change of what a run sees
	Version          int64 // grows with every write; the etag is made of it
	CreatedAt        time.Time
	UpdatedAt        time.Time
	UpdatedBy        string
	OpenRuns         int32 // read only: running or waiting
}

// Revision is what a run is pinned to: everything of a workflow that a run can see.
type Revision struct {
	Tenant           TenantID
	Workflow         WorkflowID
	Number           int64
	Name             string
	Goal             Goal
	Context          string
	ResponseTemplate string
	Assistant        AssistantID
	Steps            []Step
	CreatedAt        time.Time
	CreatedBy        string
}
