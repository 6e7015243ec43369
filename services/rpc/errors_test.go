package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
)

var update = flag.Bool("update", false, "rewrite the golden files; read the difference before you commit it")

const (
	createWorkflow  = "/smsflow.v1.WorkflowService/CreateWorkflow"
	getWorkflow     = "/smsflow.v1.WorkflowService/GetWorkflow"
	listWorkflows   = "/smsflow.v1.WorkflowService/ListWorkflows"
	updateWorkflow  = "/smsflow.v1.WorkflowService/UpdateWorkflow"
	setActive       = "/smsflow.v1.WorkflowService/SetWorkflowActive"
	reorder         = "/smsflow.v1.WorkflowService/ReorderWorkflows"
	deleteWorkflow  = "/smsflow.v1.WorkflowService/DeleteWorkflow"
	createAssistant = "/smsflow.v1.AssistantService/CreateAssistant"
	updateAssistant = "/smsflow.v1.AssistantService/UpdateAssistant"
	deleteAssistant = "/smsflow.v1.AssistantService/DeleteAssistant"
	listAssistants  = "/smsflow.v1.AssistantService/ListAssistants"
	routeInbound    = "/smsflow.v1.RouterService/RouteInbound"
	getOutcome      = "/smsflow.v1.RouterService/GetOutcome"
)

// row is a line of the error table: what is sent, and what the use case makes of it.
type row struct {
	name  string
	send  request // a nil token is the one with every scope, "-" none
	use   error
	call  func(context.Context) error
	leaks []string // must stand nowhere in the answer or the log
}

// soundWorkflow passes every check.
func soundWorkflow() *smsflowv1.Workflow {
	return &smsflowv1.Workflow{
		Name: "Opening hours", Goal: smsflowv1.Goal_GOAL_GENERAL_INQUIRY,
		Steps: []*smsflowv1.Step{{Id: "say", Kind: &smsflowv1.Step_SendMessage{SendMessage: &smsflowv1.SendMessage{Text: "Nine to five."}}}},
	}
}

func soundInbound() *smsflowv1.RouteInboundRequest {
	return &smsflowv1.RouteInboundRequest{GatewayMessageId: "m1", From: "+14155550101", To: "+14155550100", Body: "hello"}
}

func words(mode smsflowv1.MatchWords_Mode, list ...string) *smsflowv1.Step_MatchWords {
	return &smsflowv1.Step_MatchWords{MatchWords: &smsflowv1.MatchWords{Mode: mode, Words: list}}
}

func get(id string) request {
	return request{procedure: getWorkflow, message: &smsflowv1.GetWorkflowRequest{Id: id}}
}

// rows are the table of errors, as far as an answer can be told from another.
func rows() []row {
	return []row{
		{name: "bad fields, all at once", send: request{procedure: createWorkflow, message: &smsflowv1.CreateWorkflowRequest{
			RequestId: strings.Repeat("r", 65),
			Workflow: &smsflowv1.Workflow{
				Name: strings.Repeat("n", 81), Goal: 99, Description: strings.Repeat("d", 501),
				Steps: []*smsflowv1.Step{
					{Id: "a", Kind: words(smsflowv1.MatchWords_MODE_REGEX, "ok", "a(b")},
					{Id: "a", OnFail: &smsflowv1.OnFail{Action: smsflowv1.OnFail_ACTION_GO_TO, GoTo: "a"}, Kind: words(smsflowv1.MatchWords_MODE_ANY)},
					{Id: "c", Kind: &smsflowv1.Step_SendMessage{SendMessage: &smsflowv1.SendMessage{Text: "Hi {{contact.nam}}"}}},
					{Id: "d"},
					{Id: "e", OnFail: &smsflowv1.OnFail{}, Kind: words(0, "x")},
				},
			},
		}}},
		{name: "no workflow at all", send: request{procedure: createWorkflow, message: &smsflowv1.CreateWorkflowRequest{}}},
		{name: "an empty workflow", send: request{procedure: createWorkflow, message: &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{}}}},
		{name: "NUL in a text", send: request{procedure: createWorkflow, message: &smsflowv1.CreateWorkflowRequest{
			RequestId: "r\x00", Workflow: &smsflowv1.Workflow{Name: "a\x00b", Goal: 1},
		}}},
		{name: "NUL in an id", send: get("a\x00b")},
		{name: "NUL in a filter", send: request{procedure: listWorkflows, message: &smsflowv1.ListWorkflowsRequest{Query: "a\x00b"}}},
		{name: "not UTF-8", send: request{
			procedure: createWorkflow,
			binary:    latin1(&smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{Name: "Caf\uFFFD", Goal: 99}}),
			json:      "{\"workflow\":{\"name\":\"Caf\xe9\",\"goal\":99}}",
		}},
		{name: "a message that is not UTF-8", send: request{
			procedure: routeInbound,
			binary:    latin1(&smsflowv1.RouteInboundRequest{GatewayMessageId: "m1", From: "Harbour", To: "+14155550100", Body: "Caf\uFFFD"}),
			json:      "{\"gatewayMessageId\":\"m1\",\"from\":\"Harbour\",\"to\":\"+14155550100\",\"body\":\"Caf\xe9\"}",
		}},
		{name: "bad filter", send: request{procedure: listWorkflows, message: &smsflowv1.ListWorkflowsRequest{
			PageSize: 201, Query: strings.Repeat("q", 81), Goals: []smsflowv1.Goal{1, 0, 99}, Sort: 9,
		}}},
		{name: "bad mask", send: request{procedure: updateWorkflow, message: &smsflowv1.UpdateWorkflowRequest{
			Workflow:   &smsflowv1.Workflow{Name: strings.Repeat("n", 81), Description: strings.Repeat("d", 501)},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"name", "etag", "steps.id"}},
		}}},
		{name: "bad ids to order", send: request{procedure: reorder, message: &smsflowv1.ReorderWorkflowsRequest{Ids: []string{"a", "", "a"}}}},
		{name: "no ids to order", send: request{procedure: reorder, message: &smsflowv1.ReorderWorkflowsRequest{}}},
		{name: "bad assistant", leaks: []string{"sk-secret"}, send: request{procedure: createAssistant, message: &smsflowv1.CreateAssistantRequest{
			Assistant: &smsflowv1.Assistant{
				Provider: smsflowv1.Provider_PROVIDER_OPENAI, BaseUrl: "ftp://x", ApiKey: strings.Repeat("sk-secret", 100), MaxOutputTokens: 5000,
				Timeout: durationpb.New(61 * time.Second),
			},
		}}},
		{name: "bad message", send: request{procedure: routeInbound, message: &smsflowv1.RouteInboundRequest{
			Wait: durationpb.New(61 * time.Second),
		}}},
		{name: "bad outcome request", send: request{procedure: getOutcome, message: &smsflowv1.GetOutcomeRequest{Wait: durationpb.New(-time.Second)}}},
		{name: "malformed", send: request{procedure: routeInbound, binary: raw{0xff, 0xff, 0xff}, json: `{"body":`}},
		{name: "bad page token", send: request{procedure: listWorkflows, message: &smsflowv1.ListWorkflowsRequest{PageToken: "nonsense"}}},
		{name: "bad page token of assistants", send: request{procedure: listAssistants, message: &smsflowv1.ListAssistantsRequest{PageToken: "bm9uc2Vuc2U"}}},

		{name: "no credentials", send: request{procedure: routeInbound, token: "-", message: soundInbound()}},
		{name: "bad credentials", leaks: []string{"guessed"}, send: request{procedure: routeInbound, token: "aaaaaaaaaaaaaaaa.guessed", message: soundInbound()}},
		{name: "no credentials and malformed", send: request{procedure: routeInbound, token: "-", binary: raw{0xff}, json: "{"}},
		{name: "scope missing to read", send: request{procedure: getWorkflow, token: "router:ingest", message: &smsflowv1.GetWorkflowRequest{Id: "w1"}}},
		{name: "scope missing to write", send: request{procedure: deleteWorkflow, token: "config:read", message: &smsflowv1.DeleteWorkflowRequest{Id: "w1"}}},
		{name: "scope missing to submit", send: request{procedure: routeInbound, token: "config:write", message: soundInbound()}},
		{name: "no such method", send: request{procedure: "/smsflow.v1.RouterService/Teleport", message: soundInbound()}},
		{name: "no such method and no credentials", send: request{procedure: "/smsflow.v1.WorkflowService/Teleport", token: "-", message: soundInbound()}},

		{name: "no SMS plan", send: get("w1"), use: flow.Errorf(flow.ErrPrecondition, flow.ReasonSMSPlanRequired, "the tenant's plan has no SMS")},
		{name: "flag off", send: get("w1"), use: flow.Errorf(flow.ErrPrecondition, flow.ReasonFlagOff, "SMS workflows are switched off for the tenant")},
		{name: "no steps", send: request{procedure: setActive, message: &smsflowv1.SetWorkflowActiveRequest{Id: "w1", Active: true}}, use: (&flow.Workflow{}).Activatable()},
		{name: "assistant in use", send: request{procedure: deleteAssistant, message: &smsflowv1.DeleteAssistantRequest{Id: "a1"}}, use: flow.Errorf(flow.ErrPrecondition, flow.ReasonAssistantInUse, "2 workflows are assigned to it")},
		{name: "not found", send: get("w1"), use: flow.NotFound("workflow")},
		{name: "name taken", send: request{procedure: createWorkflow, message: &smsflowv1.CreateWorkflowRequest{Workflow: soundWorkflow()}}, use: flow.Errorf(flow.ErrExists, flow.ReasonNameTaken, "there is a workflow of that name")},
		{name: "request id reused", send: request{procedure: createWorkflow, message: &smsflowv1.CreateWorkflowRequest{RequestId: "r1", Workflow: soundWorkflow()}}, use: flow.Errorf(flow.ErrExists, flow.ReasonKeyReused, "the request_id was used for something else")},
		{name: "stale etag", send: request{procedure: updateWorkflow, message: &smsflowv1.UpdateWorkflowRequest{Workflow: &smsflowv1.Workflow{Id: "w1", Name: "n", Etag: flow.Etag(1)}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"name"}}}}, use: stale()},
		{name: "etag of another make", send: request{procedure: updateWorkflow, message: &smsflowv1.UpdateWorkflowRequest{Workflow: &smsflowv1.Workflow{Id: "w1", Name: "n", Etag: "W/1"}}}, use: notAnEtag()},

		{name: "too large", send: request{procedure: routeInbound, binary: make(raw, 257<<10), json: `{"body":"` + strings.Repeat("a", 257<<10) + `"}`}},
		{name: "queue full", send: request{procedure: routeInbound, message: soundInbound()}, use: &flow.Error{Kind: flow.ErrExhausted, Reason: flow.ReasonQueueFull, Text: "too many messages are waiting", RetryAfter: 2 * time.Second}},
		{name: "database down", leaks: []string{"10.0.0.5"}, send: request{procedure: routeInbound, message: soundInbound()}, use: fmt.Errorf("accept: %w", flow.Unavailable(fmt.Errorf("dial: %w", errHidden)))},
		{name: "a kind and nothing else", leaks: []string{"row 17"}, send: get("w1"), use: fmt.Errorf("row 17: %w", flow.ErrNotFound)},
		{name: "deadline", send: request{procedure: routeInbound, message: soundInbound()}, use: fmt.Errorf("wait: %w", context.DeadlineExceeded)},
		{name: "cancelled", send: request{procedure: routeInbound, message: soundInbound()}, use: context.Canceled},
		{name: "bug", leaks: []string{}, send: request{procedure: routeInbound, message: soundInbound()}, use: errors.New("index out of range")},
		{name: "panic", send: request{procedure: routeInbound, message: soundInbound()}, call: func(context.Context) error { panic("nil map") }},
	}
}

var errHidden = flow.Errorf(flow.ErrNotFound, "HIDDEN", "a cause of another kind")

func stale() error {
	e := flow.Errorf(flow.ErrStale, flow.ReasonEtagMismatch, "it has been changed since you read it")
	e.Meta = map[string]string{"etag": flow.Etag(7)}
	return e
}

func notAnEtag() error {
	_, err := flow.ParseEtag("W/1")
	return err
}

// latin1 encodes a message and puts a byte that is no UTF-8 in the place of each U+FFFD.
func latin1(m proto.Message) raw {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err)
	}
	// The lengths stay as they are: three bytes for three.
	return bytes.ReplaceAll(b, []byte("\uFFFD"), []byte{0xe9, 0xe9, 0xe9})
}

// TestErrors holds every row over every protocol: the same code, reason, violations and details on all of them, and the
// ones that testdata/errors.golden says.
func TestErrors(t *testing.T) {
	t.Parallel()
	answers := map[string]*refusal{}
	var order []string
	for _, r := range rows() {
		order = append(order, r.name)
		use := &scripted{err: r.use, call: r.call}
		s := serve(t, backend{workflows: use, router: use})
		send := r.send
		switch send.token {
		case "":
			send.token = s.all
		case "-":
			send.token = ""
		case "router:ingest", "config:read", "config:write":
			send.token = s.key(t, "t1", flow.Scope(send.token))
		}
		for _, p := range protocolsFor(send.procedure) {
			got := p.call(t, s, send, &smsflowv1.DeleteAssistantResponse{})
			if got == nil {
				t.Errorf("%s over %s: not refused", r.name, p.name)
				continue
			}
			first := answers[r.name]
			if first == nil {
				answers[r.name] = got
				continue
			}
			want := *first
			want.HTTP = 0
			if r.name == "malformed" || r.name == "not UTF-8" {
				// JSON and binary are wrong in different ways; what the decoder says is its own.
				want.Message, got.Message = "", ""
				want.Violations, got.Violations = withoutTexts(want.Violations), withoutTexts(got.Violations)
			}
			if diff := cmp.Diff(want, *got); diff != "" {
				t.Errorf("%s: %s answers other than Connect JSON (-JSON +%s):\n%s", r.name, p.name, p.name, diff)
			}
		}
		log := s.log.String()
		for _, leak := range append(r.leaks, "+14155550101", "hello", s.all) {
			if strings.Contains(log, leak) {
				t.Errorf("%s: the log shows %q:\n%s", r.name, leak, log)
			}
		}
		if a := answers[r.name]; a != nil && a.Code == "internal" && strings.Count(log, `"level":"ERROR"`) != len(protocolsFor(send.procedure)) {
			t.Errorf("%s: a bug is not logged once for each call:\n%s", r.name, log)
		}
	}
	golden(t, "errors.golden", order, answers)
}

func withoutTexts(vs []violation) []violation {
	var list []violation
	for _, v := range vs {
		list = append(list, violation{Field: v.Field, Reason: v.Reason})
	}
	return list
}

func golden(t *testing.T, file string, order []string, answers map[string]*refusal) {
	t.Helper()
	var got bytes.Buffer
	for _, name := range order {
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		a := answers[name]
		if a != nil && name == "malformed" {
			a.Message = "" // the decoder's own words change with its version
		}
		if err := e.Encode(a); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "# %s\n%s\n", name, text.String())
	}
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got; rewrite with -update):\n%s", path, diff)
	}
}
