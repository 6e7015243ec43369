package engine_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"smsflow/services/engine"
	"smsflow/services/flow"
)

var update = flag.Bool("update", false, "rewrite what the golden files in testdata want; read the diff")

// caseFile is testdata/TYPE.json: cases of one step type.
type caseFile struct {
	Cases []*stepCase `json:"cases"`
}

// stepCase is one workflow, what a run of it sees, and what becomes of the run with each event.
type stepCase struct {
	Name     string       `json:"name"`
	Workflow caseWorkflow `json:"workflow"`
	Facts    caseFacts    `json:"facts"`
	Run      *caseRun     `json:"run,omitempty"` // where the run stands; without it: it begins
	Events   []caseEvent  `json:"events,omitempty"`
	Want     []caseWant   `json:"want"`
}

type caseWorkflow struct {
	Name      string          `json:"name,omitempty"`
	Goal      flow.Goal       `json:"goal,omitempty"`
	Assistant string          `json:"assistant,omitempty"`
	Steps     json.RawMessage `json:"steps"`
}

type caseFacts struct {
	Now        time.Time         `json:"now,omitzero"`
	Zone       string            `json:"zone,omitempty"`
	NewContact bool              `json:"new_contact,omitempty"`
	OptedIn    bool              `json:"opted_in,omitempty"`
	Vars       map[string]string `json:"vars,omitempty"`
	Tags       []string          `json:"tags,omitempty"`
	Message    string            `json:"message,omitempty"`
	// FillVars and FillTags add so many more.
	FillVars int `json:"fill_vars,omitempty"`
	FillTags int `json:"fill_tags,omitempty"`
}

// caseEvent is the start of the run, or an answer to an effect.
type caseEvent struct {
	Answered *flow.Answer  `json:"answered,omitempty"`
	Effect   flow.EffectID `json:"effect,omitempty"`
}

type caseWant struct {
	Run    caseRun    `json:"run"`
	Output caseOutput `json:"output"`
}

type caseRun struct {
	State    flow.RunState `json:"state"`
	Reason   string        `json:"reason,omitempty"`
	Cursor   int           `json:"cursor"`
	Sent     int           `json:"sent,omitempty"`
	Effects  int           `json:"effects,omitempty"`
	Advances int           `json:"advances,omitempty"`
	Pending  *flow.Effect  `json:"pending,omitempty"`
}

type caseOutput struct {
	Passed  bool         `json:"passed,omitempty"`
	Steps   []caseStep   `json:"steps,omitempty"`
	Sends   []caseSend   `json:"sends,omitempty"`
	Vars    []caseVar    `json:"vars,omitempty"`
	Tags    []caseTag    `json:"tags,omitempty"`
	HandOff *caseHandOff `json:"hand_off,omitempty"`
	Ask     *flow.Effect `json:"ask,omitempty"`
}

// caseStep is a flow.StepEvent without its time, which is always the facts'.
type caseStep struct {
	Step   flow.StepID     `json:"step"`
	Type   flow.StepType   `json:"type"`
	Result flow.StepResult `json:"result"`
	Input  string          `json:"input,omitempty"`
	Detail string          `json:"detail,omitempty"`
	Then   string          `json:"then,omitempty"`
	Answer *flow.Answer    `json:"answer,omitempty"`
}

type caseSend struct {
	Step flow.StepID `json:"step"`
	Text string      `json:"text"`
}

type caseVar struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type caseTag struct {
	Name   string `json:"name"`
	Remove bool   `json:"remove,omitempty"`
}

type caseHandOff struct {
	Note string `json:"note"`
}

func (r *caseRun) apply(run *flow.Run) {
	run.State, run.Reason, run.Cursor, run.Sent = r.State, r.Reason, r.Cursor, r.Sent
	run.Effects, run.Advances, run.Pending = r.Effects, r.Advances, r.Pending
}

func wantOf(t *testing.T, run *flow.Run, out *engine.Output, now time.Time) caseWant {
	t.Helper()
	w := caseWant{
		Run: caseRun{
			State: run.State, Reason: run.Reason, Cursor: run.Cursor, Sent: run.Sent,
			Effects: run.Effects, Advances: run.Advances, Pending: run.Pending,
		},
		Output: caseOutput{Passed: out.Passed, Ask: out.Ask},
	}
	for _, s := range out.Steps {
		if !s.At.Equal(now) {
			t.Errorf("step %s happened at %v, not at %v", s.Step, s.At, now)
		}
		w.Output.Steps = append(w.Output.Steps, caseStep{s.Step, s.Type, s.Result, s.Input, s.Detail, s.Then, s.Answer})
	}
	for _, s := range out.Sends {
		w.Output.Sends = append(w.Output.Sends, caseSend(s))
	}
	for _, v := range out.Vars {
		w.Output.Vars = append(w.Output.Vars, caseVar(v))
	}
	for _, tag := range out.Tags {
		w.Output.Tags = append(w.Output.Tags, caseTag(tag))
	}
	if out.HandOff != nil {
		h := caseHandOff(*out.HandOff)
		w.Output.HandOff = &h
	}
	return w
}

func (c *stepCase) run(t *testing.T) []caseWant {
	t.Helper()
	p := c.Workflow.compile(t)
	facts := c.Facts.facts()
	run := start(p)
	if c.Run != nil {
		c.Run.apply(&run)
	}
	events := c.Events
	if len(events) == 0 {
		events = []caseEvent{{}}
	}
	var want []caseWant
	for _, e := range events {
		before := mustJSON(t, facts)
		var out engine.Output
		run, out = p.Advance(run, facts, engine.Event{Answered: e.Answered, Effect: e.Effect})
		want = append(want, wantOf(t, &run, &out, facts.Now))
		if after := mustJSON(t, facts); after != before {
			t.Errorf("the facts were changed from %s to %s", before, after)
		}
		for _, v := range out.Vars {
			facts.Vars[v.Name] = v.Value
		}
	}
	return want
}

func (f caseFacts) facts() engine.Facts {
	facts := engine.Facts{
		Now: f.Now, TenantName: "Bright Dental", TenantNumber: "+15550001000", Zone: f.Zone, Contact: "+15550002000",
		NewContact: f.NewContact, OptedIn: f.OptedIn, Vars: map[string]string{}, Tags: f.Tags, Message: f.Message,
	}
	if facts.Now.IsZero() {
		facts.Now = noon()
	}
	maps.Copy(facts.Vars, f.Vars)
	for i := range f.FillVars {
		facts.Vars["fill_"+string(rune('a'+i/26))+string(rune('a'+i%26))] = "x"
	}
	for i := range f.FillTags {
		facts.Tags = append(facts.Tags, "fill-"+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	return facts
}

// Each step type has a file of cases. With -update the files are rewritten.
func TestCases(t *testing.T) {
	t.Parallel()
	for _, typ := range flow.StepTypes() {
		t.Run(string(typ), func(t *testing.T) {
			t.Parallel()
			golden(t, filepath.Join("testdata", string(typ)+".json"), func(t *testing.T, file *caseFile) {
				t.Helper()
				if len(file.Cases) == 0 {
					t.Fatal("no cases")
				}
				seen := false
				for _, c := range file.Cases {
					c.Want = c.run(t)
					for _, w := range c.Want {
						for _, s := range w.Output.Steps {
							seen = seen || s.Type == typ
						}
					}
				}
				if !seen {
					t.Errorf("no case runs a step of the type %s", typ)
				}
			})
		})
	}
}

// golden reads a file, has run fill in what came out, and holds the result against the file as it was.
func golden[T any](t *testing.T, path string, run func(*testing.T, *T)) {
	t.Helper()
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file T
	d := json.NewDecoder(bytes.NewReader(was))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	run(t, &file)
	var is bytes.Buffer
	e := json.NewEncoder(&is)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(file); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(is.Bytes(), was) {
		return
	}
	if *update {
		if err := os.WriteFile(path, is.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s: %s", path, firstDifference(was, is.Bytes()))
}

func firstDifference(was, is []byte) string {
	a, b := bytes.Split(was, []byte("\n")), bytes.Split(is, []byte("\n"))
	for i := range min(len(a), len(b)) {
		if !bytes.Equal(a[i], b[i]) {
			return "line " + strconv.Itoa(i+1) + "\nwant " + string(bytes.TrimSpace(a[i])) + "\ngot  " + string(bytes.TrimSpace(b[i])) +
				"\n(go test ./services/engine -update rewrites the files; read the diff)"
		}
	}
	return "one is the beginning of the other"
}
