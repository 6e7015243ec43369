// Package store holds what its databases have in common to the outside. The stores themselves are store/postgres and
// store/sqlite; both implement router.Store, workflow.Store and access.Store, and both run the suite of
// store/storetest.
package store

import "time"

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string    // of its file, for example "00001_tenant.sql"
	AppliedAt time.Time // zero: not applied yet
}
