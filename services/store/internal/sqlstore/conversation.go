package sqlstore

import (
	"time"

	"smsflow/services/flow"
)

// ConvoColumns are those of Convo, of the table (or its alias) c.
const ConvoColumns = `c.conv, c.tenant_id, c.ver, c.number, c.contact, c.state, c.state_reason, c.opted_in, c.vars, c.tags, c.inbounds,
	c.run_id, c.recent, c.last_text, c.handed_off_at, c.stop_confirmed`

// Convo is a row of convo.
type Convo struct {
	ID          string `db:"conv"`
	Tenant      string `db:"tenant_id"`
	Ver         int64  `db:"ver"`
	Number      string `db:"number"`
	Contact     string `db:"contact"`
	State       string `db:"state"`
	StateReason string `db:"state_reason"`
	OptedIn     bool   `db:"opted_in"`
	Vars        string `db:"vars"`
	Tags        string `db:"tags"`
	Inbounds    int64  `db:"inbounds"`
	Run         string `db:"run_id"`
	Recent      string `db:"recent"`
	LastText    string `db:"last_text"`
	HandedOffAt Stamp  `db:"handed_off_at"`
	// StopConfirmed: see flow.Conversation.
	StopConfirmed bool `db:"stop_confirmed"`
}

// NewConversation is a conversation in which nothing has been handled yet. first is its oldest message, if there is one.
func NewConversation(l flow.Lease, first *flow.Inbound) flow.Conversation {
	c := flow.Conversation{Tenant: l.Tenant, ID: l.Conversation, State: flow.Automated, Vars: map[string]string{}}
	if first != nil {
		c.Number, c.Contact = first.To, first.From
	}
	return c
}

// Noun is the conversation that the row holds. Its Vars are never nil: they are there to be written to.
func (r Convo) Noun() (flow.Conversation, error) {
	c := flow.Conversation{
		Tenant: flow.TenantID(r.Tenant), ID: flow.ConversationID(r.ID), Ver: r.Ver, Number: r.Number, Contact: r.Contact,
		State: flow.ConversationState(r.State), StateReason: r.StateReason, OptedIn: r.OptedIn, Vars: map[string]string{},
		Inbounds: r.Inbounds, Run: flow.RunID(r.Run), LastText: r.LastText,
		HandedOffAt: r.HandedOffAt.Time, StopConfirmed: r.StopConfirmed,
	}
	if err := Decode(r.Vars, &c.Vars); err != nil {
		return c, err
	}
	if r.Tags != emptyList {
		if err := Decode(r.Tags, &c.Tags); err != nil {
			return c, err
		}
	}
	if r.Recent != emptyList {
		var recent recent
		if err := Decode(r.Recent, &recent); err != nil {
			return c, err
		}
		c.SameReplies = recent.Same
		for _, m := range recent.At {
			c.Recent = append(c.Recent, time.UnixMicro(m).UTC())
		}
	}
	return c, nil
}

// ConvoOf is the row of a conversation.
func ConvoOf(c flow.Conversation) (Convo, error) {
	r := Convo{
		ID: string(c.ID), Tenant: string(c.Tenant), Ver: c.Ver, Number: c.Number, Contact: c.Contact,
		State: string(c.State), StateReason: c.StateReason, OptedIn: c.OptedIn, Vars: emptyObject, Tags: emptyList,
		Inbounds: c.Inbounds, Run: string(c.Run), Recent: emptyList, LastText: c.LastText,
		HandedOffAt: Stamp{Micros(c.HandedOffAt)}, StopConfirmed: c.StopConfirmed,
	}
	if c.State == "" {
		r.State = string(flow.Automated)
	}
	var err error
	if len(c.Vars) > 0 {
		if r.Vars, err = Encode(c.Vars); err != nil {
			return r, err
		}
	}
	if len(c.Tags) > 0 {
		if r.Tags, err = Encode(c.Tags); err != nil {
			return r, err
		}
	}
	if len(c.Recent) > 0 || c.SameReplies > 0 {
		recent := recent{At: make([]int64, len(c.Recent)), Same: c.SameReplies}
		for i, t := range c.Recent {
			recent.At[i] = t.UnixMicro()
		}
		if r.Recent, err = Encode(recent); err != nil {
			return r, err
		}
	}
	return r, nil
}

// recent is what the loop guard goes by: when replies were sent, in microseconds, and how often in a row the last text was.
type recent struct {
	At   []int64 `json:"at"`
	Same int     `json:"same"`
}

const (
	emptyObject = "{}"
	emptyList   = "[]"
)
