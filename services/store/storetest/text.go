package storetest

import (
	"strings"

	"smsflow/services/flow"
)

// oddTexts are what a driver, an array literal, a JSON encoder or a query could trip over.
func oddTexts() []string {
	return []string{
		"", " ", "'", `"`, `\`, `\\`, `\n`, `'; DROP TABLE message; --`, `{}`, `{"a":1}`, `[]`, "NULL", "null", ",", "{", "}", `"{,}"`,
		"$1", "?", ":name", "%s", "_%", "tab\tline\nreturn\r\n", "\u00e9 e\u0301", "ß ẞ ſ İ ı", "\u2028\u2029", "\u200b\u200d\ufeff", "\u202eabc",
		"😀👩‍👩‍👧‍👦🇩🇪", "𝒳\U0010ffff\ufffd\uffff", "日本語 한국어 العربية", "\u0001\u007f\u0085", "<script>&amp;</script>", strings.Repeat("a€😀", 1000),
	}
}

func textTests() []test {
	return []test{
		{name: "messages", run: func(k *kit) {
			var batch []flow.Inbound
			for _, s := range oddTexts() {
				m := k.inbound(k.contact(), s)
				m.GatewayMessageID, m.Connection = s, flow.ConnectionID(s)
				batch = append(batch, m)
			}
			for i, got := range k.ingest(me, long, batch...) {
				c := k.load(me, flow.Lease{Tenant: k.tenant, Conversation: batch[i].Conversation, Lease: got.Lease})
				batch[i].Seq = c.Pending[0].Seq
				equal(k, c.Pending[0], batch[i])
			}
		}},
		{name: "progress", run: func(k *kit) {
			w := k.workflow()
			var batch []flow.Commit
			for _, s := range oddTexts() {
				c := k.hold(k.inbound(k.contact(), "1"))
				b, _ := begun(c, w)
				v := &b.Conversation
				v.StateReason, v.LastText, v.Vars, v.Tags = s, s, map[string]string{"x": s, s: "y"}, []string{s, "z"}
				b.Runs[0].Reason, b.Runs[0].Pending.Step = s, flow.StepID(s)
				b.Events[0].Steps[0].Detail, b.Events[0].Steps[0].Input = s, s
				b.Results[0].Trace.Candidates[0].Reason, b.Results[0].Workflow.Name = s, s
				b.Results[0].Trace.Notes[0].Text = s
				out := reply(c.Pending[0], s)
				out.Step, out.Encoding = flow.StepID(s), s
				b.Outbounds, b.Results[0].Replies = []flow.Outbound{out}, []flow.Outbound{out}
				batch = append(batch, b)
			}
			for i, got := range k.commit(me, batch...) {
				equal(k, got.Stale, false)
				c := k.load(me, batch[i].Lease)
				equal(k, c.Conversation, batch[i].Conversation)
				equal(k, *c.Run, batch[i].Runs[0])
				res, err := k.Store.Result(k.ctx(), k.tenant, batch[i].Results[0].Inbound)
				k.must(err)
				equal(k, res, batch[i].Results[0])
				said, err := k.Store.History(k.ctx(), k.tenant, c.Conversation.ID, c.Pending[0].Seq+1, 5)
				k.must(err)
				equal(k, said, []flow.Said{{Inbound: true, Text: "1"}, {Text: batch[i].Outbounds[0].Body}})
			}
		}},
		{name: "configuration", run: func(k *kit) {
			for _, s := range oddTexts() {
				w := k.workflow(func(w *flow.Workflow) {
					w.Name += s
					w.Description, w.Context, w.ResponseTemplate, w.Steps[0].Label = s, s, s, s
					w.Steps[1].Spec = &flow.SendMessage{Text: s}
				})
				got, err := k.Store.Workflow(k.ctx(), k.tenant, w.ID)
				k.must(err)
				equal(k, got, w)
				revision, err := k.Store.Revision(k.ctx(), k.tenant, w.ID, 1)
				k.must(err)
				equal(k, revision, w.RevisionOf())
				a := k.assistant(func(a *flow.Assistant) {
					a.Name += s
					a.Model, a.BaseURL, a.Instructions = s, s, s
				})
				have, err := k.Store.Assistant(k.ctx(), k.tenant, a.ID)
				k.must(err)
				equal(k, have, a)
				if s != "" {
					list, err := k.Store.Workflows(k.ctx(), k.tenant, flow.WorkflowQuery{Query: s, Limit: 1000})
					k.must(err)
					if list.Total == 0 {
						k.Errorf("%q is not found", s)
					}
				}
				t, err := k.Store.UpdateTenant(k.ctx(), k.tenant, func(t *flow.Tenant) error {
					t.Name, t.Settings.NoMatchText, t.Settings.StopWords = s, s, []string{s, "x"}
					return nil
				})
				k.must(err)
				stored, err := k.Store.Tenant(k.ctx(), k.tenant)
				k.must(err)
				equal(k, stored, t)
				equal(k, stored.Settings.NoMatchText, s)
			}
		}},
	}
}
