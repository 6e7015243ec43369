package access

import "smsflow/services/flow"

// rule says who may call a method. Its zero value is nobody.
type rule struct {
	// public: no credentials are asked for.
	public bool
	// anyOf: one of these scopes is enough; the first is the one that a refusal names. An array, because it is read
	// with every call: a slice would be made anew each time.
	anyOf [2]flow.Scope
}

// known says whether the method has a row.
func (r rule) known() bool { return r.public || r.anyOf[0] != "" }

// ruleOf is the table of all methods. What is not in it is refused, and a server that serves such a method does not
// start: see Missing.
func ruleOf(method string) rule {
	switch method {
	case
		"/smsflow.v1.RouterService/RouteInbound",
		"/smsflow.v1.RouterService/GetOutcome",
		"/smsflow.v1.RouterService/StreamInbound",
		"/smsflow.v1.RouterService/DeliverOutbound",
		"/smsflow.v1.RouterService/ListUndelivered",
		"/smsflow.v1.RouterService/RetryOutbound":
		return rule{anyOf: [2]flow.Scope{flow.ScopeRouterIngest}}
	case
		"/smsflow.v1.WorkflowService/GetWorkflow",
		"/smsflow.v1.WorkflowService/ListWorkflows",
		"/smsflow.v1.AssistantService/GetAssistant",
		"/smsflow.v1.AssistantService/ListAssistants":
		// Who may change the configuration is shown it with every answer, so may read it too.
		return rule{anyOf: [2]flow.Scope{flow.ScopeConfigRead, flow.ScopeConfigWrite}}
	case
		"/smsflow.v1.WorkflowService/CreateWorkflow",
		"/smsflow.v1.WorkflowService/UpdateWorkflow",
		"/smsflow.v1.WorkflowService/SetWorkflowActive",
		"/smsflow.v1.WorkflowService/ReorderWorkflows",
		"/smsflow.v1.WorkflowService/DeleteWorkflow",
		"/smsflow.v1.AssistantService/CreateAssistant",
		"/smsflow.v1.AssistantService/UpdateAssistant",
		"/smsflow.v1.AssistantService/DeleteAssistant":
		return rule{anyOf: [2]flow.Scope{flow.ScopeConfigWrite}}
	case
		// Probes of load balancers carry no credentials; the answer is one word.
		"/grpc.health.v1.Health/Check",
		"/grpc.health.v1.Health/List",
		"/grpc.health.v1.Health/Watch",
		// The contract is public.
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
		"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo":
		return rule{public: true}
	}
	return rule{}
}

// Public says whether a method asks for no credentials.
func Public(method string) bool { return ruleOf(method).public }

// Missing gives those of the methods that have no row in the table.
func Missing(methods []string) []string {
	var missing []string
	for _, m := range methods {
		if !Known(m) {
			missing = append(missing, m)
		}
	}
	return missing
}

// Known says whether a method has a row in the table.
func Known(method string) bool { return ruleOf(method).known() }
