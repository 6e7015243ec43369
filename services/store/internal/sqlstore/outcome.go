package sqlstore

import (
	"slices"

	"smsflow/services/flow"
)

// OutcomeColumns are those of Outcome, of the table (or its alias) o.
const OutcomeColumns = `o.inbound_id, o.tenant_id, o.outcome, o.workflow_id, o.workflow_name, o.workflow_revision, o.run_id, o.trace`

// Outcome is a row of outcome.
type Outcome struct {
	Inbound          string `db:"inbound_id"`
	Tenant           string `db:"tenant_id"`
	Outcome          string `db:"outcome"`
	Workflow         string `db:"workflow_id"`
	WorkflowName     string `db:"workflow_name"`
	WorkflowRevision int64  `db:"workflow_revision"`
	Run              string `db:"run_id"`
	Trace            string `db:"trace"`
}

// Noun is the result that the row holds, without replies and without the steps of its run: see FillSteps.
func (r Outcome) Noun() (flow.Result, error) {
	n := flow.Result{
		Tenant: flow.TenantID(r.Tenant), Inbound: flow.InboundID(r.Inbound), Outcome: flow.Outcome(r.Outcome), Run: flow.RunID(r.Run),
	}
	if r.Workflow != "" {
		n.Workflow = &flow.WorkflowRef{ID: flow.WorkflowID(r.Workflow), Name: r.WorkflowName, Revision: r.WorkflowRevision}
	}
	err := Decode(r.Trace, &n.Trace)
	return n, err
}

// OutcomeOf is the row of a result. The steps of its run are events of the run, written once: the trace that is
// written with every commit does not repeat them. workflow is the run's.
func OutcomeOf(n flow.Result, workflow flow.WorkflowID) (Outcome, error) {
	r := Outcome{Inbound: string(n.Inbound), Tenant: string(n.Tenant), Outcome: string(n.Outcome), Run: string(n.Run)}
	if n.Workflow != nil {
		r.Workflow, r.WorkflowName, r.WorkflowRevision = string(n.Workflow.ID), n.Workflow.Name, n.Workflow.Revision
		if workflow == "" {
			workflow = n.Workflow.ID
		}
	}
	trace := n.Trace
	if i := ofRun(n, workflow); i >= 0 && len(trace.Candidates[i].Steps) > 0 {
		trace.Candidates = slices.Clone(trace.Candidates)
		trace.Candidates[i].Steps = nil
	}
	var err error
	r.Trace, err = Encode(trace)
	return r, err
}

// FillSteps puts the steps of a result's run into its trace. workflow is the run's.
func FillSteps(n *flow.Result, workflow flow.WorkflowID, steps []flow.StepEvent) {
	if i := ofRun(*n, workflow); i >= 0 && len(steps) > 0 {
		n.Trace.Candidates[i].Steps = steps
	}
}

// ofRun gives the place of the candidate whose steps are the run's: the one that won, or, as long as none has, the one
// of the run's workflow. -1: the result has no run, or no such candidate.
func ofRun(n flow.Result, workflow flow.WorkflowID) int {
	if n.Run == "" {
		return -1
	}
	won := slices.IndexFunc(n.Trace.Candidates, func(c flow.Candidate) bool { return c.Verdict == flow.VerdictWon })
	if won >= 0 {
		return won
	}
	return slices.IndexFunc(n.Trace.Candidates, func(c flow.Candidate) bool { return workflow != "" && c.Workflow.ID == workflow })
}

// Event is a row of run_event.
type Event struct {
	Run     string `db:"run_id"`
	Ver     int64  `db:"ver"`
	N       int    `db:"n"`
	Tenant  string `db:"tenant_id"`
	Inbound string `db:"inbound_id"`
	Steps   string `db:"steps"`
}

// Steps puts the steps of several rows, which are in order, together.
func Steps(rows []Event) ([]flow.StepEvent, error) {
	var all []flow.StepEvent
	for _, r := range rows {
		var steps []flow.StepEvent
		if err := Decode(r.Steps, &steps); err != nil {
			return nil, err
		}
		all = append(all, steps...)
	}
	return all, nil
}
