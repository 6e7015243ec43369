package access

import (
	"context"

	"smsflow/services/flow"
)

// Store is what the gate needs of a database.
type Store interface {
	// Key reads a machine key by its id. ErrNotFound: no such key.
	Key(ctx context.Context, id flow.KeyID) (flow.Key, error)
}
