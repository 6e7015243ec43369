package storetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"smsflow/services/flow"
)

// long is a lease that does not run out during a test; short is one that is meant to.
const (
	long  = time.Hour
	short = 20 * time.Millisecond
)

const (
	me    = "replica-a"
	other = "replica-b"
)

// kit is one test with a tenant of its own.
type kit struct {
	testing.TB
	Database
	tenant  flow.TenantID
	number  string
	at      time.Time // some moment, in microseconds
	audit   flow.Audit
	counter int
}

func newKit(tb testing.TB, db Database) *kit {
	at := time.Date(2031, 5, 17, 9, 30, 0, 123456000, time.UTC)
	k := &kit{TB: tb, Database: db, at: at, audit: flow.Audit{By: "tester", At: at.Add(time.Hour)}}
	k.tenant, k.number = k.newTenant(), "+4930"+digits(9)
	k.must(k.Store.AddNumber(k.ctx(), flow.Number{Tenant: k.tenant, Number: k.number}))
	return k
}

// ctx is not the test's own: cleanups use it too.
func (k *kit) ctx() context.Context { return context.WithoutCancel(k.Context()) }

func id() string { return uuid.Must(uuid.NewV7()).String() }

func digits(n int) string {
	u := uuid.New()
	var b strings.Builder
	for i := range n {
		fmt.Fprint(&b, u[i]%10)
	}
	return b.String()
}

func (k *kit) newTenant() flow.TenantID {
	k.Helper()
	tenant := flow.Tenant{ID: flow.TenantID(id()), Name: "Rosenhof Bakery", SMSPlan: true, SMSWorkflows: true, CreatedAt: k.at}
	k.must(k.Store.CreateTenant(k.ctx(), tenant))
	return tenant.ID
}

func (k *kit) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatalf("%v (%T)", err, err)
	}
}

// fails wants an error of a kind and, unless it is empty, with a reason.
func (k *kit) fails(err, kind error, reason string) {
	k.Helper()
	checkKind(k, err, kind, reason)
}

func equal[T any](k *kit, got, want T) {
	k.Helper()
	if !reflect.DeepEqual(got, want) {
		k.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// contact is a new number of a person.
func (k *kit) contact() string {
	k.counter++
	return fmt.Sprintf("+1415555%04d", k.counter)
}

// inbound is a new message from a contact to the kit's tenant.
func (k *kit) inbound(contact, body string) flow.Inbound {
	return inboundOf(k.tenant, k.number, contact, body)
}

func inboundOf(tenant flow.TenantID, number, contact, body string) flow.Inbound {
	gateway := id()
	at := time.Now().UTC().Truncate(time.Microsecond)
	return flow.Inbound{
		Tenant: tenant, ID: flow.InboundID(id()), Conversation: flow.NewConversationID(tenant, number, contact),
		Connection: "gw", GatewayMessageID: gateway, Key: flow.NewMessageKey(tenant, "gw", gateway),
		From: contact, To: number, Body: body, ReceivedAt: at.Add(-time.Second), AcceptedAt: at,
	}
}

// ingest commits messages for an owner.
func (k *kit) ingest(owner string, lease time.Duration, ms ...flow.Inbound) []flow.Ingested {
	k.Helper()
	got, err := k.Store.Ingest(k.ctx(), owner, lease, ms)
	k.must(err)
	if len(got) != len(ms) {
		k.Fatalf("%d answers for %d messages", len(got), len(ms))
	}
	return got
}

// hold commits a message and gives its conversation, held by me and loaded.
func (k *kit) hold(m flow.Inbound) flow.Claimed {
	k.Helper()
	got := k.ingest(me, long, m)[0]
	if !got.Owned {
		k.Fatalf("the conversation of a new message is not owned: %+v", got)
	}
	return k.load(me, flow.Lease{Tenant: m.Tenant, Conversation: got.Conversation, Lease: got.Lease})
}

func (k *kit) loadAll(owner string, leases ...flow.Lease) []flow.Claimed {
	k.Helper()
	got, err := k.Store.Load(k.ctx(), owner, leases, 10)
	k.must(err)
	return got
}

// load wants one lease to be held.
func (k *kit) load(owner string, l flow.Lease) flow.Claimed {
	k.Helper()
	got := k.loadAll(owner, l)
	if len(got) != 1 {
		k.Fatalf("%d conversations loaded, want 1", len(got))
	}
	return got[0]
}

// next is a commit that consumes everything loaded and gives the lease back.
func next(c flow.Claimed) flow.Commit {
	conversation := c.Conversation
	conversation.Ver++
	conversation.Inbounds += int64(len(c.Pending))
	out := flow.Commit{Lease: c.Lease, Conversation: conversation, Release: true, Gen: c.Gen}
	for _, m := range c.Pending {
		out.Consumed = append(out.Consumed, m.Seq)
		out.Results = append(out.Results, flow.Result{Tenant: m.Tenant, Inbound: m.ID, Outcome: flow.OutcomeNoReply})
	}
	return out
}

func (k *kit) commit(owner string, cs ...flow.Commit) []flow.Committed {
	k.Helper()
	got, err := k.Store.Commit(k.ctx(), owner, cs)
	k.must(err)
	if len(got) != len(cs) {
		k.Fatalf("%d answers for %d commits", len(got), len(cs))
	}
	return got
}

// commits wants one commit to be written.
func (k *kit) commits(c flow.Commit) flow.Committed {
	k.Helper()
	got := k.commit(me, c)[0]
	if got.Stale {
		k.Fatalf("the commit is stale")
	}
	return got
}

// claim leases all that is due.
func (k *kit) claim(owner string) []flow.Lease {
	k.Helper()
	got, _, err := k.Store.Claim(k.ctx(), owner, long, "", 100, 1000)
	k.must(err)
	return got
}

// count is the number of rows of a table with a condition.
func (k *kit) count(from string, args ...any) int {
	k.Helper()
	rows := k.Rows(k, `SELECT count(*) FROM `+from, args...)
	var n int
	if _, err := fmt.Sscan(rows[0], &n); err != nil {
		k.Fatal(err)
	}
	return n
}

// untouched wants the conversation to be as it was loaded.
func (k *kit) untouched(was flow.Claimed) {
	k.Helper()
	now := k.load(me, was.Lease)
	was.ConfigVersion = now.ConfigVersion
	equal(k, now, was)
	for _, table := range []string{"run", "outbound"} {
		if n := k.count(table+` WHERE conv = ?`, string(was.Lease.Conversation)); n != 0 {
			k.Fatalf("%d rows in %s, want none", n, table)
		}
	}
}

// workflow makes and saves a workflow.
func (k *kit) workflow(change ...func(*flow.Workflow)) flow.Workflow {
	k.Helper()
	w := k.draft(change...)
	made, err := k.Store.CreateWorkflow(k.ctx(), w, "", "", k.audit)
	k.must(err)
	return made
}

// draft is a workflow with every field set.
func (k *kit) draft(change ...func(*flow.Workflow)) flow.Workflow {
	k.counter++
	w := flow.Workflow{
		Tenant: k.tenant, ID: flow.WorkflowID(id()), Name: fmt.Sprintf("Workflow %d", k.counter), Goal: flow.GoalLeadCapture,
		Description: "Takes orders", Context: "We bake bread.", ResponseTemplate: "Be brief.", Priority: 10, Active: true, Interrupts: true,
		Steps: []flow.Step{
			{ID: "words", Label: "asks for bread", OnFail: &flow.OnFail{Action: flow.FailNextWorkflow}, Spec: &flow.MatchWords{Mode: flow.MatchAny, Words: []string{"bread"}}},
			{ID: "say", Spec: &flow.SendMessage{Text: "Fresh at seven, {{contact.name|friend}}"}},
		},
		CreatedAt: k.at,
	}
	for _, c := range change {
		c(&w)
	}
	return w
}

// assistant makes and saves an assistant.
func (k *kit) assistant(change ...func(*flow.Assistant)) flow.Assistant {
	k.Helper()
	made, err := k.Store.CreateAssistant(k.ctx(), k.newAssistant(change...), "", "", k.audit)
	k.must(err)
	return made
}

func (k *kit) newAssistant(change ...func(*flow.Assistant)) flow.Assistant {
	k.counter++
	a := flow.Assistant{
		Tenant: k.tenant, ID: flow.AssistantID(id()), Name: fmt.Sprintf("Assistant %d", k.counter), Provider: flow.ProviderOpenAI,
		Model: "m", BaseURL: "https://models.example/v1", Instructions: "Be kind.", Timeout: 7 * time.Second, MaxOutputTokens: 300,
		SealedAPIKey: []byte{0, 1, 2, 0xff}, CreatedAt: k.at,
	}
	for _, c := range change {
		c(&a)
	}
	return a
}

// newRun is a run of a workflow that waits for an assistant.
func newRun(c flow.Claimed, w flow.Workflow) flow.Run {
	at := c.Pending[0].AcceptedAt
	return flow.Run{
		Tenant: c.Tenant, ID: flow.RunID(id()), Conversation: c.Lease.Conversation, Workflow: w.ID, Revision: w.Revision,
		Inbound: c.Pending[0].ID, State: flow.RunRunning, Reason: "asks the assistant", Cursor: 1, Sent: 2, Effects: 1, Advances: 3,
		Pending: &flow.Effect{ID: flow.EffectID(id()), Kind: flow.EffectAsk, Step: "reply", MaxSegments: 2, History: 5},
		Rank:    1, StartedAt: at, UpdatedAt: at.Add(time.Second),
	}
}

// begun is a commit after which a run of the workflow waits for its effect and the message for its outcome.
func begun(c flow.Claimed, w flow.Workflow) (flow.Commit, flow.Run) {
	r := newRun(c, w)
	out := next(c)
	out.Release, out.Consumed = false, nil
	out.Conversation.Run = r.ID
	out.Runs = []flow.Run{r}
	steps := []flow.StepEvent{step("words", flow.StepPassed, r.StartedAt)}
	out.Events = []flow.RunEvents{{Run: r.ID, Inbound: r.Inbound, Steps: steps}}
	ref := flow.WorkflowRef{ID: w.ID, Name: w.Name, Revision: w.Revision}
	out.Results = []flow.Result{{
		Tenant: c.Tenant, Inbound: r.Inbound, Outcome: flow.OutcomeAccepted, Run: r.ID, Workflow: &ref,
		Trace: flow.Trace{
			AcceptedAt: c.Pending[0].AcceptedAt, PriorityOrder: flow.HighestFirst, ConfigVersion: 3,
			Notes: []flow.Note{{Stage: "consent", Text: "no consent word"}},
			Candidates: []flow.Candidate{
				{Workflow: flow.WorkflowRef{ID: "w0", Name: "Other", Revision: 2}, Goal: flow.GoalFeedback, Priority: 20, Rank: 1, Verdict: flow.VerdictLost,
					Reason: "no word", Steps: []flow.StepEvent{step("w", flow.StepFailed, r.StartedAt)}},
				{Workflow: ref, Goal: w.Goal, Priority: w.Priority, Rank: 2, Verdict: flow.VerdictWon, Steps: steps},
			},
			NotReached: 4,
		},
	}}
	return out, r
}

func step(name flow.StepID, result flow.StepResult, at time.Time) flow.StepEvent {
	return flow.StepEvent{Step: name, Type: flow.TypeMatchWords, Result: result, Input: "bread?", Detail: "found bread", At: at}
}

// reply is an outbound message that answers a message.
func reply(m flow.Inbound, body string) flow.Outbound {
	return flow.Outbound{
		Tenant: m.Tenant, ID: flow.OutboundID(id()), Conversation: m.Conversation, Connection: m.Connection, Inbound: m.ID,
		Run: "r", Step: "say", From: m.To, To: m.From, Body: body, Segments: 2, Encoding: "gsm7", State: flow.OutboundReturned,
		CreatedAt: m.AcceptedAt,
	}
}

func names(ws []flow.Workflow) []string {
	var out []string
	for _, w := range ws {
		out = append(out, w.Name)
	}
	return out
}

func tenants(ls []flow.Lease) map[flow.TenantID]int {
	out := map[flow.TenantID]int{}
	for _, l := range ls {
		out[l.Tenant]++
	}
	return out
}

func sorted[S ~string](in []S) []S {
	out := slices.Clone(in)
	slices.Sort(out)
	return out
}
