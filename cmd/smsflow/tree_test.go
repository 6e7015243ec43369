package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	smsflowv1 "smsflow/gen/smsflow/v1"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (-update rewrites it):\n%s\nwant:\n%s", file, got, want)
	}
}

func at(ms int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2026, 10, 5, 9, 0, 0, ms*1e6, time.UTC))
}

// TestTree draws a whole decision: B13, S22, S34, S44.
func TestTree(t *testing.T) {
	t.Parallel()
	req := &smsflowv1.RouteInboundRequest{GatewayMessageId: "my-1", From: "+14155550123", To: "+14155550100", Body: "How much is a cleaning?"}
	res := &smsflowv1.RouteInboundResponse{
		InboundId: "01936d00-0000-7000-8000-00000000000a", RunId: "01936d00-0000-7000-8000-00000000000b",
		Outcome:  smsflowv1.Outcome_OUTCOME_REPLIED,
		Workflow: &smsflowv1.WorkflowRef{Name: "Lead capture", Revision: 3},
		Replies: []*smsflowv1.Reply{
			{From: "+14155550100", To: "+14155550123", Body: "A cleaning costs $95.\nShall we book you in?", Segments: 1, Encoding: "GSM-7"},
			{From: "+14155550100", To: "+14155550123", Body: "Schönen Tag 👋", Segments: 2, Encoding: "UCS-2"},
		},
		Trace: &smsflowv1.DecisionTrace{
			AcceptedAt: at(0), FinishedAt: at(14), PriorityOrder: smsflowv1.PriorityOrder_PRIORITY_ORDER_HIGHEST_FIRST, ConfigVersion: 7,
			Notes: []*smsflowv1.TraceNote{{Stage: "conversation", Text: "the run before it has ended"}},
			Candidates: []*smsflowv1.Candidate{
				{
					Workflow: &smsflowv1.WorkflowRef{Name: "Feedback", Revision: 1}, Goal: smsflowv1.Goal_GOAL_FEEDBACK, Priority: 95, Rank: 1,
					Verdict: smsflowv1.Candidate_VERDICT_LOST, Reason: "match_goal failed",
					Steps: []*smsflowv1.StepTrace{
						{StepId: "match_goal", Type: "match_goal", Result: smsflowv1.StepTrace_RESULT_FAILED, Input: "How much is\na cleaning?", Detail: "no word of feedback", Then: "next_workflow"},
					},
				},
				{
					Workflow: &smsflowv1.WorkflowRef{Name: "Lead capture", Revision: 3}, Goal: smsflowv1.Goal_GOAL_LEAD_CAPTURE, Priority: 90, Rank: 2,
					Verdict: smsflowv1.Candidate_VERDICT_WON, Reason: "it is the first by priority whose check passed",
					Steps: []*smsflowv1.StepTrace{
						{StepId: "goal", Type: "match_goal", Result: smsflowv1.StepTrace_RESULT_PASSED, Detail: `"how much"`},
						{StepId: "answer", Type: "assistant_reply", Result: smsflowv1.StepTrace_RESULT_WAITING},
						{
							StepId: "answer", Type: "assistant_reply", Result: smsflowv1.StepTrace_RESULT_DONE, Input: strings.Repeat("long ", 40), Detail: "sent 1 of 2 segments",
							Usage: &smsflowv1.AssistantUsage{Model: "gpt", InputTokens: 210, OutputTokens: 31, Latency: durationpb.New(12 * time.Millisecond)},
						},
						{StepId: "odd", Type: "send_message", Result: smsflowv1.StepTrace_RESULT_ERROR, Detail: "nothing was left to send"},
					},
				},
				{
					Workflow: &smsflowv1.WorkflowRef{Name: "General questions", Revision: 1}, Goal: smsflowv1.Goal_GOAL_GENERAL_INQUIRY, Priority: 10, Rank: 3,
					Verdict: smsflowv1.Candidate_VERDICT_NOT_REACHED, Reason: "Lead capture comes before it and kept the message",
				},
			},
			NotReached: 3,
		},
	}
	golden(t, "replied.txt", drawn(req, res))

	silent := &smsflowv1.RouteInboundResponse{
		InboundId: "01936d00-0000-7000-8000-00000000000c", Outcome: smsflowv1.Outcome_OUTCOME_OPTED_OUT, Duplicate: true,
		Trace: &smsflowv1.DecisionTrace{AcceptedAt: at(0), FinishedAt: at(1), Notes: []*smsflowv1.TraceNote{{Stage: "consent", Text: "a stop word"}}},
	}
	golden(t, "silent.txt", drawn(&smsflowv1.RouteInboundRequest{From: "+14155550123", To: "+14155550100", Body: "STOP"}, silent))
	golden(t, "accepted.txt", drawn(req, &smsflowv1.RouteInboundResponse{InboundId: "x", Outcome: smsflowv1.Outcome_OUTCOME_ACCEPTED}))
}

// TestNoEscapes: what a texter or a model writes cannot steer the terminal.
func TestNoEscapes(t *testing.T) {
	t.Parallel()
	evil := "a\x1b[2J\x07b\rc\u202ed\x9b1m\xff"
	res := &smsflowv1.RouteInboundResponse{
		Replies: []*smsflowv1.Reply{{From: evil, To: evil, Body: evil, Encoding: evil}}, Workflow: &smsflowv1.WorkflowRef{Name: evil},
		Trace: &smsflowv1.DecisionTrace{
			Notes: []*smsflowv1.TraceNote{{Stage: evil, Text: evil}},
			Candidates: []*smsflowv1.Candidate{{
				Workflow: &smsflowv1.WorkflowRef{Name: evil}, Reason: evil,
				Steps: []*smsflowv1.StepTrace{{StepId: evil, Type: evil, Input: evil, Detail: evil, Then: evil, Usage: &smsflowv1.AssistantUsage{Model: evil}}},
			}},
		},
	}
	got := drawn(&smsflowv1.RouteInboundRequest{From: evil, To: evil, Body: evil}, res)
	if strings.ContainsAny(got, "\x1b\x07\r\u202e\u009b") || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}

// TestReusedID: an id that another message had is told from a repeated delivery.
func TestReusedID(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 100)
	for name, c := range map[string]struct {
		first, firstFrom string
		body, from       string
		want             string // empty: a repeated delivery
	}{
		"the same":              {"Where can I park?", "+14155550123", " Where can I  park?\t", "+1 (415) 555-0123", ""},
		"the same long one":     {long[:300] + "…", "+14155550123", long, "+14155550123", ""},
		"another text":          {"Where can I park?", "+14155550123", "hello", "+14155550123", `it said "Where can I park?"`},
		"another long text":     {long[:300] + "…", "+14155550123", "hello", "+14155550123", "it said"},
		"another sender":        {"hello", "+14155550123", "hello", "+14155550124", "it came from +14155550123"},
		"nothing to compare by": {"", "", "hello", "+14155550124", ""},
	} {
		res := &smsflowv1.RouteInboundResponse{Duplicate: true, Outcome: smsflowv1.Outcome_OUTCOME_REPLIED}
		if c.firstFrom != "" {
			res.Replies = []*smsflowv1.Reply{{To: c.firstFrom}}
			res.Trace = &smsflowv1.DecisionTrace{Candidates: []*smsflowv1.Candidate{{Steps: []*smsflowv1.StepTrace{
				{Type: "within_hours", Input: "Monday 9:00"}, {Type: "match_goal", Input: c.first},
			}}}}
		}
		got := drawn(&smsflowv1.RouteInboundRequest{From: c.from, To: "+14155550100", Body: c.body}, res)
		if !strings.Contains(got, "repeated delivery") || !strings.Contains(got, c.want) ||
			strings.Contains(got, "used for another message") != (c.want != "") {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}
