package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"smsflow/services/flow"
)

const assistantColumns = `tenant_id, id, name, provider, model, base_url, instructions, timeout_us, max_output_tokens,
	sealed_api_key, version, created_at, updated_at`

// usedBy counts the workflows that an assistant is assigned to.
const usedBy = `(SELECT count(*) FROM workflow WHERE workflow.tenant_id = assistant.tenant_id
	AND workflow.assistant_id = assistant.id) AS used_by`

type assistantRow struct {
	Tenant          string `db:"tenant_id"`
	ID              string `db:"id"`
	Name            string `db:"name"`
	Provider        string `db:"provider"`
	Model           string `db:"model"`
	BaseURL         string `db:"base_url"`
	Instructions    string `db:"instructions"`
	TimeoutMicros   int64  `db:"timeout_us"`
	MaxOutputTokens int32  `db:"max_output_tokens"`
	SealedAPIKey    []byte `db:"sealed_api_key"`
	Version         int64  `db:"version"`
	CreatedAt       Stamp  `db:"created_at"`
	UpdatedAt       Stamp  `db:"updated_at"`
	UsedBy          int32  `db:"used_by"`
}

func (r assistantRow) noun() flow.Assistant {
	return flow.Assistant{
		Tenant: flow.TenantID(r.Tenant), ID: flow.AssistantID(r.ID), Name: r.Name, Provider: flow.Provider(r.Provider),
		Model: r.Model, BaseURL: r.BaseURL, Instructions: r.Instructions,
		Timeout: time.Duration(r.TimeoutMicros) * time.Microsecond, MaxOutputTokens: r.MaxOutputTokens,
		SealedAPIKey: r.SealedAPIKey, Version: r.Version,
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time, UsedBy: r.UsedBy,
	}
}

func assistantNouns(rows []assistantRow) []flow.Assistant {
	out := make([]flow.Assistant, len(rows))
	for i, r := range rows {
		out[i] = r.noun()
	}
	return out
}

// Assistant: see workflow.Store.
func (b *Base) Assistant(ctx context.Context, tenant flow.TenantID, id flow.AssistantID) (flow.Assistant, error) {
	var a flow.Assistant
	err := b.single(ctx, func(q tx) (err error) {
		a, err = q.assistant(tenant, id)
		return err
	})
	return a, err
}

func (t tx) assistant(tenant flow.TenantID, id flow.AssistantID) (flow.Assistant, error) {
	var row assistantRow
	err := t.get(&row, `SELECT `+assistantColumns+`, `+usedBy+` FROM assistant WHERE tenant_id = ? AND id = ?`, tenant, id)
	if errors.Is(err, sql.ErrNoRows) {
		return flow.Assistant{}, flow.NotFound("assistant")
	}
	return row.noun(), err
}

// Assistants: see workflow.Store. A limit of 0 stands for all.
func (b *Base) Assistants(ctx context.Context, tenant flow.TenantID, limit, offset int) ([]flow.Assistant, int, error) {
	if limit <= 0 {
		limit = flow.MaxAssistants
	}
	var rows []assistantRow
	var total int
	err := b.inRead(ctx, func(q tx) error {
		if err := q.get(&total, `SELECT count(*) FROM assistant WHERE tenant_id = ?`, tenant); err != nil {
			return err
		}
		return q.all(&rows, `SELECT `+assistantColumns+`, `+usedBy+` FROM assistant WHERE tenant_id = ? ORDER BY name_key, id
			LIMIT ? OFFSET ?`, tenant, limit, offset)
	})
	if err != nil {
		return nil, 0, err
	}
	return assistantNouns(rows), total, nil
}

// CreateAssistant: see workflow.Store. A request whose assistant has been deleted meanwhile is ErrNotFound.
func (b *Base) CreateAssistant(ctx context.Context, a flow.Assistant, requestID, fingerprint string, audit flow.Audit) (flow.Assistant, error) {
	var out flow.Assistant
	err := b.inWrite(ctx, func(q tx) error {
		if _, err := q.lockTenant(a.Tenant); err != nil {
			return err
		}
		first, err := q.replayed(a.Tenant, kindAssistant, requestID, fingerprint)
		if err != nil {
			return err
		}
		if first != "" {
			out, err = q.assistant(a.Tenant, flow.AssistantID(first))
			return err
		}
		out, err = q.createAssistant(a, audit)
		if err != nil {
			return err
		}
		return q.remember(a.Tenant, kindAssistant, requestID, fingerprint, string(a.ID), audit.At)
	})
	if err != nil {
		return flow.Assistant{}, err
	}
	return out, nil
}

func (t tx) createAssistant(a flow.Assistant, audit flow.Audit) (flow.Assistant, error) {
	var have int
	if err := t.get(&have, `SELECT count(*) FROM assistant WHERE tenant_id = ?`, a.Tenant); err != nil {
		return a, err
	}
	if have >= flow.MaxAssistants {
		return a, flow.Errorf(flow.ErrPrecondition, flow.ReasonLimitReached, "there are %d assistants, which is the most: delete one first", have)
	}
	if err := t.checkAssistant(a); err != nil {
		return a, err
	}
	if a.CreatedAt.IsZero() {
		a.CreatedAt = audit.At
	}
	a.CreatedAt = Micros(a.CreatedAt)
	a.Timeout = a.Timeout.Truncate(time.Microsecond)
	a.Version, a.UpdatedAt, a.UsedBy = 1, a.CreatedAt, 0
	if len(a.SealedAPIKey) == 0 {
		a.SealedAPIKey = nil
	}
	if err := t.exec(`INSERT INTO assistant (`+assistantColumns+`, name_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.Tenant, a.ID, a.Name, a.Provider, a.Model, a.BaseURL, a.Instructions, a.Timeout.Microseconds(), a.MaxOutputTokens,
		a.SealedAPIKey, a.Version, t.Time(a.CreatedAt), t.Time(a.UpdatedAt), Fold(a.Name)); err != nil {
		return a, err
	}
	if err := t.audit(a.Tenant, audit, "assistant.create", string(a.ID), nil, auditedAssistantOf(a)); err != nil {
		return a, err
	}
	return a, t.bump(a.Tenant)
}

// UpdateAssistant: see workflow.Store. change may be called again.
func (b *Base) UpdateAssistant(ctx context.Context, tenant flow.TenantID, id flow.AssistantID, change func(*flow.Assistant) error, audit flow.Audit) (flow.Assistant, error) {
	var out flow.Assistant
	err := b.inWrite(ctx, func(q tx) error {
		if _, err := q.lockTenant(tenant); err != nil {
			return absent(err, "assistant")
		}
		old, err := q.assistant(tenant, id)
		if err != nil {
			return err
		}
		a := old
		a.SealedAPIKey = bytes.Clone(old.SealedAPIKey)
		if err := change(&a); err != nil {
			return given{err}
		}
		a.Tenant, a.ID, a.CreatedAt, a.UsedBy = old.Tenant, old.ID, old.CreatedAt, old.UsedBy
		a.Version, a.UpdatedAt = old.Version, old.UpdatedAt
		a.Timeout = a.Timeout.Truncate(time.Microsecond)
		if len(a.SealedAPIKey) == 0 {
			a.SealedAPIKey = nil
		}
		if sameAssistant(old, a) {
			out = old
			return nil
		}
		if a.Name != old.Name {
			if err := q.checkAssistant(a); err != nil {
				return err
			}
		}
		a.Version++
		a.UpdatedAt = Micros(audit.At)
		if err := q.exec(`UPDATE assistant SET name = ?, name_key = ?, provider = ?, model = ?, base_url = ?, instructions = ?,
			timeout_us = ?, max_output_tokens = ?, sealed_api_key = ?, version = ?, updated_at = ? WHERE tenant_id = ? AND id = ?`,
			a.Name, Fold(a.Name), a.Provider, a.Model, a.BaseURL, a.Instructions,
			a.Timeout.Microseconds(), a.MaxOutputTokens, a.SealedAPIKey, a.Version, q.Time(a.UpdatedAt), tenant, id); err != nil {
			return err
		}
		was, is := auditedAssistantOf(old), auditedAssistantOf(a)
		is.KeyChanged = !bytes.Equal(old.SealedAPIKey, a.SealedAPIKey)
		if err := q.audit(tenant, audit, "assistant.update", string(id), was, is); err != nil {
			return err
		}
		out = a
		return q.bump(tenant)
	})
	if err != nil {
		return flow.Assistant{}, err
	}
	return out, nil
}

// DeleteAssistant: see workflow.Store. check may be called again.
func (b *Base) DeleteAssistant(ctx context.Context, tenant flow.TenantID, id flow.AssistantID, check func(flow.Assistant) error, audit flow.Audit) error {
	return b.inWrite(ctx, func(q tx) error {
		if _, err := q.lockTenant(tenant); err != nil {
			return absent(err, "assistant")
		}
		a, err := q.assistant(tenant, id)
		if err != nil {
			return err
		}
		if err := check(a); err != nil {
			return given{err}
		}
		if a.UsedBy > 0 {
			return q.inUse(a)
		}
		if err := q.exec(`DELETE FROM assistant WHERE tenant_id = ? AND id = ?`, tenant, id); err != nil {
			return err
		}
		if err := q.audit(tenant, audit, "assistant.delete", string(id), auditedAssistantOf(a), nil); err != nil {
			return err
		}
		return q.bump(tenant)
	})
}

// maxNamed is how many of an assistant's workflows a refusal names.
const maxNamed = 3

// inUse is the refusal to delete an assistant, with some of the workflows that have it.
func (t tx) inUse(a flow.Assistant) error {
	var names []string
	if err := t.all(&names, `SELECT name FROM workflow WHERE tenant_id = ? AND assistant_id = ? ORDER BY name, id LIMIT ?`, a.Tenant, a.ID, maxNamed); err != nil {
		return err
	}
	for i, name := range names {
		names[i] = strconv.Quote(name)
	}
	text := strings.Join(names, ", ")
	if more := int(a.UsedBy) - len(names); more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	if a.UsedBy == 1 {
		text = "one workflow has the assistant (" + text + "): give it another one first"
	} else {
		text = strconv.Itoa(int(a.UsedBy)) + " workflows have the assistant (" + text + "): give them another one first"
	}
	return flow.Errorf(flow.ErrPrecondition, flow.ReasonAssistantInUse, "%s", text)
}

func (t tx) checkAssistant(a flow.Assistant) error {
	var taken bool
	err := t.get(&taken, `SELECT EXISTS (SELECT 1 FROM assistant WHERE tenant_id = ? AND name_key = ? AND id <> ?)`, a.Tenant, Fold(a.Name), a.ID)
	if err == nil && taken {
		err = flow.Errorf(flow.ErrExists, flow.ReasonNameTaken, "there is already an assistant named %q: choose another name", a.Name)
	}
	return err
}

func sameAssistant(a, b flow.Assistant) bool {
	return a.Name == b.Name && a.Provider == b.Provider && a.Model == b.Model && a.BaseURL == b.BaseURL &&
		a.Instructions == b.Instructions && a.Timeout == b.Timeout && a.MaxOutputTokens == b.MaxOutputTokens &&
		bytes.Equal(a.SealedAPIKey, b.SealedAPIKey)
}

// auditedAssistant is an assistant in the audit log: of the key it says only whether there is one.
type auditedAssistant struct {
	Name            string        `json:"name"`
	Provider        flow.Provider `json:"provider"`
	Model           string        `json:"model"`
	BaseURL         string        `json:"base_url"`
	Instructions    string        `json:"instructions"`
	TimeoutMillis   int64         `json:"timeout_ms"`
	MaxOutputTokens int32         `json:"max_output_tokens"`
	HasKey          bool          `json:"has_api_key"`
	KeyChanged      bool          `json:"api_key_changed,omitempty"`
	Version         int64         `json:"version"`
}

func auditedAssistantOf(a flow.Assistant) auditedAssistant {
	return auditedAssistant{
		Name: a.Name, Provider: a.Provider, Model: a.Model, BaseURL: withoutPassword(a.BaseURL), Instructions: a.Instructions,
		TimeoutMillis: a.Timeout.Milliseconds(), MaxOutputTokens: a.MaxOutputTokens, HasKey: len(a.SealedAPIKey) > 0, Version: a.Version,
	}
}

// withoutPassword hides what a URL may hold of a secret: the user's password and the values of the query.
func withoutPassword(s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil {
		return "(not a URL)"
	}
	u.RawQuery = ""
	return u.Redacted()
}
