package router

import (
	"context"
	"strconv"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"smsflow/services/engine"
	"smsflow/services/flow"
)

// config is a tenant's configuration, ready to select from.
type config struct {
	flow.Config
	candidates []candidate // in the order in which they are tried
	assistants map[flow.AssistantID]flow.Assistant
	// connections are the gateways; one that is not there takes its messages from the responses.
	connections map[flow.ConnectionID]flow.Connection
}

// candidate is one active workflow.
type candidate struct {
	workflow flow.Workflow
	compile  func() (*engine.Program, error) // once
}

// configs keeps the configuration of the tenants that were busy last. It is never trusted by age: who asks names the
// version that the database has just given, and an older one is read anew.
type configs struct {
	store  Store
	cache  *lru.Cache[flow.TenantID, *config]
	flight singleflight.Group
}

func newConfigs(s Store) *configs {
	return &configs{store: s, cache: newLRU[flow.TenantID, *config](MaxTenants)}
}

func newLRU[K comparable, V any](size int) *lru.Cache[K, V] {
	c, err := lru.New[K, V](size)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return c
}

// get gives the tenant's configuration of at least the given version.
func (c *configs) get(ctx context.Context, tenant flow.TenantID, version int64) (*config, error) {
	if cfg, ok := c.cache.Get(tenant); ok && cfg.Tenant.ConfigVersion >= version {
		return cfg, nil
	}
	// A flight that was under way before the version was seen may bring an older one: the version is in its key.
	v, err, _ := c.flight.Do(string(tenant)+"/"+strconv.FormatInt(version, 10), func() (any, error) {
		raw, err := c.store.Config(context.WithoutCancel(ctx), tenant)
		if err != nil {
			return nil, err
		}
		cfg := newConfig(raw)
		if old, ok := c.cache.Get(tenant); !ok || old.Tenant.ConfigVersion < cfg.Tenant.ConfigVersion {
			c.cache.Add(tenant, cfg)
		}
		return cfg, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*config), nil //nolint:forcetypeassert,errcheck // the function above gives nothing else
}

// fresh reads the tenant's configuration anew.
func (c *configs) fresh(ctx context.Context, tenant flow.TenantID) (*config, error) {
	cfg, err := c.get(ctx, tenant, 0)
	if err != nil {
		return nil, err
	}
	return c.get(ctx, tenant, cfg.Tenant.ConfigVersion+1)
}

func newConfig(raw flow.Config) *config {
	cfg := &config{Config: raw, assistants: make(map[flow.AssistantID]flow.Assistant, len(raw.Assistants))}
	for _, a := range raw.Assistants {
		cfg.assistants[a.ID] = a
	}
	cfg.connections = make(map[flow.ConnectionID]flow.Connection, len(raw.Connections))
	for _, c := range raw.Connections {
		cfg.connections[c.ID] = c
	}
	flow.SortWorkflows(cfg.order(), cfg.Workflows)
	for _, w := range cfg.Workflows {
		rev := w.RevisionOf()
		cfg.candidates = append(cfg.candidates, candidate{
			workflow: w,
			compile:  sync.OnceValues(func() (*engine.Program, error) { return engine.Compile(rev) }),
		})
	}
	return cfg
}

func (c *config) order() flow.PriorityOrder {
	if c.Tenant.Settings.PriorityOrder == flow.LowestFirst {
		return flow.LowestFirst
	}
	return flow.HighestFirst
}

// programs keeps compiled revisions of runs that go on after their first turn.
type programs struct {
	store Store
	cache *lru.Cache[revisionKey, *engine.Program]
}

type revisionKey struct {
	tenant   flow.TenantID
	workflow flow.WorkflowID
	number   int64
}

func newPrograms(s Store) *programs {
	return &programs{store: s, cache: newLRU[revisionKey, *engine.Program](MaxPrograms)}
}

// get gives the program of a run's revision. A revision never changes, so what is kept is always right.
func (p *programs) get(ctx context.Context, run *flow.Run) (*engine.Program, error) {
	key := revisionKey{run.Tenant, run.Workflow, run.Revision}
	if prog, ok := p.cache.Get(key); ok {
		return prog, nil
	}
	rev, err := p.store.Revision(ctx, run.Tenant, run.Workflow, run.Revision)
	if err != nil {
		return nil, err
	}
	prog, err := engine.Compile(rev)
	if err != nil {
		return nil, err
	}
	p.cache.Add(key, prog)
	return prog, nil
}
