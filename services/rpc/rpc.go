// Package rpc is the edge: it serves the contract (proto/smsflow/v1) over Connect, gRPC-Web and gRPC on the HTTP port,
// and RouterService over grpc-go on a port of its own. One implementation stands behind both. A handler converts, calls
// a use case and converts back; there are no rules here but those of the wire: who is let in (services/access), how
// large a request may be, what is checked before a use case sees it, and which code each kind of error gets (errors.go).
package rpc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/router"
	"smsflow/services/workflow"
)

// Limits of the edge.
const (
	// MaxRequest is the size of one request message, in bytes.
	MaxRequest = 256 << 10
	// MaxHeaders is the size of a call's headers, in bytes.
	MaxHeaders = 16 << 10
	// MaxStreams is how many calls one HTTP/2 connection may have open.
	MaxStreams = 100
	// DefaultPageSize is how many entries a list gives if the caller does not say. The contract bounds page_size.
	DefaultPageSize = 50
)

// Workflows is what WorkflowService and AssistantService call; see workflow.Service.
type Workflows interface {
	CreateWorkflow(ctx context.Context, c workflow.Caller, w flow.Workflow, requestID string) (flow.Workflow, error)
	Workflow(ctx context.Context, c workflow.Caller, id flow.WorkflowID) (flow.Workflow, error)
	Workflows(ctx context.Context, c workflow.Caller, q flow.WorkflowQuery) (flow.WorkflowList, error)
	UpdateWorkflow(ctx context.Context, c workflow.Caller, w flow.Workflow, fields []string, etag string) (flow.Workflow, error)
	SetWorkflowActive(ctx context.Context, c workflow.Caller, id flow.WorkflowID, active bool, etag string) (flow.Workflow, error)
	ReorderWorkflows(ctx context.Context, c workflow.Caller, ids []flow.WorkflowID) ([]flow.Workflow, error)
	DeleteWorkflow(ctx context.Context, c workflow.Caller, id flow.WorkflowID, etag string) (int, error)

	CreateAssistant(ctx context.Context, c workflow.Caller, a flow.Assistant, apiKey flow.Secret, requestID string) (flow.Assistant, error)
	Assistant(ctx context.Context, c workflow.Caller, id flow.AssistantID) (flow.Assistant, error)
	Assistants(ctx context.Context, c workflow.Caller, limit, offset int) ([]flow.Assistant, int, error)
	UpdateAssistant(ctx context.Context, c workflow.Caller, a flow.Assistant, apiKey flow.Secret, fields []string, etag string) (flow.Assistant, error)
	DeleteAssistant(ctx context.Context, c workflow.Caller, id flow.AssistantID, etag string) error
}

// Router is what RouterService calls; see router.Router.
type Router interface {
	RouteInbound(ctx context.Context, s router.Submission, wait time.Duration) (flow.Result, error)
	Outcome(ctx context.Context, tenant flow.TenantID, id flow.InboundID, wait time.Duration) (flow.Result, error)
	Submit(ctx context.Context, s router.Submission, done func(flow.Result, error))
	Pull(ctx context.Context, tenant flow.TenantID, connection flow.ConnectionID) (*router.Pull, error)
	Undelivered(ctx context.Context, tenant flow.TenantID, limit, offset int) ([]flow.Outbound, int, error)
	RetryOutbound(ctx context.Context, tenant flow.TenantID, id flow.OutboundID, by string) (flow.Outbound, error)
}

// Config is what a server is made of.
type Config struct {
	// Workflows serves WorkflowService and AssistantService; nil: they are not served.
	Workflows Workflows
	// Router serves RouterService; nil: it is not served.
	Router Router
	Gate   *access.Gate
	Log    *slog.Logger
	Now    func() time.Time
	// NewID makes the id under which a bug's cause is logged and which is all that the caller gets to see of it.
	NewID func() string
	// Ready says whether calls can be served now; nil: always. Its answer is kept for a second, so that probes,
	// which need no credentials, cost next to nothing. It should give up by itself within a second or two.
	Ready func(context.Context) error
	// Draining is closed when the process begins to stop: from then on it is not ready, and those who watch its
	// health are told so and let go; streams of messages end when what they have under way is answered. nil: never.
	Draining <-chan struct{}
	// RecheckKey is how often the keys of streams are looked at anew; 0: the constant RecheckKey.
	RecheckKey time.Duration
	// TrustedOrigins are other sites, such as https://console.example.com, whose pages may call this one from a
	// browser; the site's own pages always may.
	TrustedOrigins []string
	// Page serves every path of the HTTP port that is not an RPC or a probe; nil: not found.
	Page http.Handler
}

func (c Config) verify() error {
	var errs []error
	for name, missing := range map[string]bool{
		"Gate": c.Gate == nil, "Log": c.Log == nil, "Now": c.Now == nil, "NewID": c.NewID == nil,
	} {
		if missing {
			errs = append(errs, errors.New("rpc: Config."+name+" is missing"))
		}
	}
	return errors.Join(errs...)
}
