package storetest

import (
	"fmt"
	"strings"
	"time"

	"smsflow/services/flow"
)

func connectionTests() []test {
	return []test{
		{name: "comes back as it was put, here and in the config", run: func(k *kit) {
			c := flow.Connection{
				Tenant: k.tenant, ID: "b", Name: "Main", Delivery: flow.DeliverWebhook, URL: "https://u:hunter2@gw.example/in?key=hunter2",
				SealedSecret: []byte("hunter2"), Dedupes: true, CreatedAt: k.at,
			}
			before, err := k.Store.Config(k.ctx(), k.tenant)
			k.must(err)
			equal(k, len(before.Connections), 0)
			k.must(k.Store.PutConnection(k.ctx(), c, k.audit))
			d := flow.Connection{Tenant: k.tenant, ID: "a", Delivery: flow.DeliverStream}
			k.must(k.Store.PutConnection(k.ctx(), d, k.audit))
			d.CreatedAt = k.audit.At
			k.same(d, c)

			// Replaced: what is given counts, but for the time of its creation.
			c.Name, c.Delivery, c.URL, c.SealedSecret, c.Dedupes = "Other", flow.DeliverNull, "", []byte("hunter3"), false
			changed := c
			changed.CreatedAt = k.at.Add(time.Hour)
			k.must(k.Store.PutConnection(k.ctx(), changed, k.audit))
			k.same(d, c)
			now, err := k.Store.Config(k.ctx(), k.tenant)
			k.must(err)
			equal(k, now.Tenant.ConfigVersion, before.Tenant.ConfigVersion+3)
			k.must(k.Store.PutConnection(k.ctx(), c, k.audit)) // the same again
			c.SealedSecret = nil
			k.must(k.Store.PutConnection(k.ctx(), c, k.audit))
			k.same(d, c)

			log := k.Rows(k, `SELECT action || ' ' || target || ' ' || coalesce(before, '{}') || ' ' || coalesce(after, '{}') FROM audit
				WHERE tenant_id = ? AND action LIKE 'connection.%' ORDER BY seq`, string(k.tenant))
			equal(k, len(log), 4)
			for i, want := range []string{"connection.create b", "connection.create a", "connection.update b", "connection.update b"} {
				if !strings.HasPrefix(log[i], want) || strings.Contains(log[i], "hunter") {
					k.Errorf("audit %d: %s", i, log[i])
				}
			}
		}},
		{name: "each tenant has its own", run: func(k *kit) {
			mine := flow.Connection{Tenant: k.tenant, ID: "main", Name: "mine", Delivery: flow.DeliverNull, CreatedAt: k.at}
			theirs := mine
			theirs.Tenant, theirs.Name = k.newTenant(), "theirs"
			k.must(k.Store.PutConnection(k.ctx(), mine, k.audit))
			k.must(k.Store.PutConnection(k.ctx(), theirs, k.audit))
			k.same(mine)
			absent := mine
			absent.Tenant = "absent"
			k.fails(k.Store.PutConnection(k.ctx(), absent, k.audit), flow.ErrNotFound, flow.ReasonNotFound)
			got, err := k.Store.Connections(k.ctx(), "absent")
			k.must(err)
			equal(k, len(got), 0)
		}},
		{name: "there is a limit", run: func(k *kit) {
			c := flow.Connection{Tenant: k.tenant, Delivery: flow.DeliverNull}
			for i := range flow.MaxConnections {
				c.ID = flow.ConnectionID(fmt.Sprint(i))
				k.must(k.Store.PutConnection(k.ctx(), c, k.audit))
			}
			c.ID = "more"
			k.fails(k.Store.PutConnection(k.ctx(), c, k.audit), flow.ErrPrecondition, flow.ReasonLimitReached)
			c.ID, c.Name = "7", "replaced"
			k.must(k.Store.PutConnection(k.ctx(), c, k.audit))
		}},
	}
}

// same wants the tenant to have these connections.
func (k *kit) same(want ...flow.Connection) {
	k.Helper()
	got, err := k.Store.Connections(k.ctx(), k.tenant)
	k.must(err)
	equal(k, got, want)
	config, err := k.Store.Config(k.ctx(), k.tenant)
	k.must(err)
	equal(k, config.Connections, want)
}
