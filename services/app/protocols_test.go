package app

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/gen/smsflow/v1/smsflowv1connect"
	"smsflow/services/flow"
)

// refusal is an error as a client sees it, the same for all protocols.
type refusal struct {
	code   string
	reason string
	fields []string // with a violation, sorted
}

func (r *refusal) detail(typeName string, value []byte) {
	switch typeName {
	case "google.rpc.ErrorInfo":
		var info errdetails.ErrorInfo
		if proto.Unmarshal(value, &info) == nil && info.GetDomain() == "smsflow" {
			r.reason = info.GetReason()
		}
	case "google.rpc.BadRequest":
		var bad errdetails.BadRequest
		if proto.Unmarshal(value, &bad) == nil {
			for _, v := range bad.GetFieldViolations() {
				r.fields = append(r.fields, v.GetField())
			}
			slices.Sort(r.fields)
		}
	}
}

// protocol calls a method of the real server. A nil refusal is a success.
type protocol struct {
	name string
	call func(t *testing.T, s *server, token, procedure string, req, res proto.Message) *refusal
}

func protocols() []protocol {
	list := []protocol{{"JSON", callJSON}, {"grpc-go", callNative}}
	for name, options := range map[string][]connecthttp.Option{
		"Connect": nil, "gRPC-Web": {connecthttp.WithGRPCWeb()}, "gRPC": {connecthttp.WithGRPC()},
	} {
		list = append(list, protocol{name, func(t *testing.T, s *server, token, procedure string, req, res proto.Message) *refusal {
			t.Helper()
			err := s.connect(t, token, options...).CallUnary(t.Context(), connect.Spec{StreamType: connect.StreamTypeUnary, Procedure: procedure}, req, res)
			if err == nil {
				return nil
			}
			e, ok := errors.AsType[*connect.Error](err)
			if !ok {
				t.Fatalf("%v is no Connect error", err)
			}
			r := &refusal{code: e.Code().String()}
			for _, d := range e.Details() {
				r.detail(d.Type, d.Value)
			}
			return r
		}})
	}
	return list
}

// callJSON calls as curl does.
func callJSON(t *testing.T, s *server, token, procedure string, req, res proto.Message) *refusal {
	t.Helper()
	body, err := protojson.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.HTTPAddr().String()+procedure, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	post.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: bearer{transport, token}}).Do(post)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode == http.StatusOK {
		if err := protojson.Unmarshal(text, res); err != nil {
			t.Fatal(err)
		}
		return nil
	}
	var wire struct {
		Code    string
		Details []struct{ Type, Value string }
	}
	if err := json.Unmarshal(text, &wire); err != nil {
		t.Fatalf("HTTP %d: %s", answer.StatusCode, text)
	}
	r := &refusal{code: wire.Code}
	for _, d := range wire.Details {
		value, err := base64.RawStdEncoding.DecodeString(d.Value)
		if err != nil {
			t.Fatal(err)
		}
		r.detail(d.Type, value)
	}
	return r
}

// callNative calls the gRPC port.
func callNative(t *testing.T, s *server, token, procedure string, req, res proto.Message) *refusal {
	t.Helper()
	conn := &keyed{s.native, token}
	err := conn.Invoke(t.Context(), procedure, req, res)
	if err == nil {
		return nil
	}
	st := status.Convert(err)
	r := &refusal{code: connect.Code(st.Code()).String()}
	for _, d := range st.Proto().GetDetails() {
		r.detail(strings.TrimPrefix(d.GetTypeUrl(), "type.googleapis.com/"), d.GetValue())
	}
	return r
}

// TestProtocols calls the whole stack over Connect with JSON and protobuf, gRPC-Web, gRPC, and grpc-go on its own port:
// the answers are the same, and so are the errors (services/rpc holds the whole table of them): D1, D2, D5, S18, S76.
func TestProtocols(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		gateway, config := s.token(t, DemoGatewayFile), s.token(t, DemoConfigFile)
		const route, create = smsflowv1connect.RouterServiceRouteInboundProcedure, smsflowv1connect.WorkflowServiceCreateWorkflowProcedure
		good := func() *smsflowv1.RouteInboundRequest {
			return &smsflowv1.RouteInboundRequest{GatewayMessageId: uuid.NewString(), From: DemoContact, To: DemoNumber, Body: openingHours}
		}
		inbound := func(change func(*smsflowv1.RouteInboundRequest)) proto.Message {
			r := good()
			change(r)
			return r
		}
		rows := []struct {
			name      string
			token     string
			procedure string
			req       proto.Message
			want      refusal
		}{
			{"no key", "", route, good(), refusal{"unauthenticated", "UNAUTHENTICATED", nil}},
			{"a made-up key", "abcdefghijklmnop." + strings.Repeat("A", 43), route, good(), refusal{"unauthenticated", "UNAUTHENTICATED", nil}},
			{"a key for something else", config, route, good(), refusal{"permission_denied", "SCOPE_REQUIRED", nil}},
			{"a key for something else, the other way", gateway, create, &smsflowv1.CreateWorkflowRequest{}, refusal{"permission_denied", "SCOPE_REQUIRED", nil}},
			{"nothing in it", gateway, route, &smsflowv1.RouteInboundRequest{}, refusal{"invalid_argument", "INVALID_FIELDS", []string{"body", "from", "gateway_message_id", "to"}}},
			{"a body too long", gateway, route, inbound(func(r *smsflowv1.RouteInboundRequest) { r.Body = strings.Repeat("x", 10_000) }), refusal{"invalid_argument", "INVALID_FIELDS", []string{"body"}}},
			{"NUL", gateway, route, inbound(func(r *smsflowv1.RouteInboundRequest) { r.Body = "a\x00b" }), refusal{"invalid_argument", "INVALID_FIELDS", []string{"body"}}},
			{"numbers that are none", gateway, route, inbound(func(r *smsflowv1.RouteInboundRequest) { r.From, r.To = "0815", "call me" }), refusal{"invalid_argument", "INVALID_FIELDS", []string{"from", "to"}}},
			{"a message that does not exist", gateway, smsflowv1connect.RouterServiceGetOutcomeProcedure, &smsflowv1.GetOutcomeRequest{InboundId: uuid.NewString()}, refusal{"not_found", "NOT_FOUND", nil}},
			{"a workflow that does not exist", config, smsflowv1connect.WorkflowServiceGetWorkflowProcedure, &smsflowv1.GetWorkflowRequest{Id: uuid.NewString()}, refusal{"not_found", "NOT_FOUND", nil}},
			{"a name that is taken", config, create, &smsflowv1.CreateWorkflowRequest{Workflow: says("lead CAPTURE", 1)}, refusal{"already_exists", "NAME_TAKEN", nil}},
			{"a stale etag", config, smsflowv1connect.WorkflowServiceSetWorkflowActiveProcedure, &smsflowv1.SetWorkflowActiveRequest{Id: s.workflow(t, "Lead capture").GetId(), Active: true, Etag: flow.Etag(999)}, refusal{"aborted", "ETAG_MISMATCH", nil}},
			{"steps that cannot be", config, create, &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{
				Name: "", Goal: smsflowv1.Goal_GOAL_FEEDBACK, Steps: []*smsflowv1.Step{
					{Id: "a", Kind: &smsflowv1.Step_MatchWords{MatchWords: &smsflowv1.MatchWords{Mode: smsflowv1.MatchWords_MODE_REGEX, Words: []string{"(unclosed"}}}},
					{Id: "a", OnFail: &smsflowv1.OnFail{Action: smsflowv1.OnFail_ACTION_GO_TO, GoTo: "a"}, Kind: &smsflowv1.Step_MatchGoal{MatchGoal: &smsflowv1.MatchGoal{}}},
					{Kind: &smsflowv1.Step_SendMessage{SendMessage: &smsflowv1.SendMessage{Text: "{{contact.shoe}}"}}},
				},
			}}, refusal{"invalid_argument", "INVALID_FIELDS", []string{
				"workflow.name", "workflow.steps[0].match_words.words[0]", "workflow.steps[1].id", "workflow.steps[1].on_fail.go_to", "workflow.steps[2].send_message.text",
			}}},
			{"a switch without steps' needs", config, create, &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{Name: "No assistant", Goal: smsflowv1.Goal_GOAL_FEEDBACK, Active: true}}, refusal{"failed_precondition", "ASSISTANT_REQUIRED", nil}},
		}
		for i, p := range protocols() {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				var res smsflowv1.RouteInboundResponse
				req := good()
				req.From = contact(i) // one contact asking the same over every protocol looks like a loop
				if r := p.call(t, s, gateway, route, req, &res); r != nil || res.GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED {
					t.Errorf("a good call: %v %v", r, res.GetOutcome())
				}
				for _, row := range rows {
					if p.name == "grpc-go" && !strings.HasPrefix(row.procedure, "/smsflow.v1.RouterService/") {
						continue // that port does not serve it
					}
					got := p.call(t, s, row.token, row.procedure, row.req, &smsflowv1.RouteInboundResponse{})
					if got == nil {
						t.Errorf("%s: no error", row.name)
					} else if got.code != row.want.code || got.reason != row.want.reason || !slices.Equal(got.fields, row.want.fields) {
						t.Errorf("%s: %+v, want %+v", row.name, *got, row.want)
					}
				}
			})
		}
	})
}
