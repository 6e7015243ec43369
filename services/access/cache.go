package access

import (
	"context"
	"sync"
	"time"

	"smsflow/services/flow"
)

// Limits of a Cache.
const (
	// MaxCacheAge is how long a revoked key may still be let in by a Cache.
	MaxCacheAge = time.Second
	// MaxCachedKeys bounds a Cache's memory. When it is full it is emptied: the next calls read again.
	MaxCachedKeys = 10_000
)

// Cache is a Store that remembers the keys it has read for a moment, so that a gateway that submits thousands of
// messages a second costs the database one read a second. The price: a revocation acts within age (at most
// MaxCacheAge), not at once. Expiry is checked with each call all the same. Unknown ids are not remembered: a new key
// works at once, and made-up ids cannot fill it.
type Cache struct {
	store Store
	now   func() time.Time
	age   time.Duration

	mu   sync.RWMutex
	keys map[flow.KeyID]cachedKey
}

type cachedKey struct {
	key  flow.Key
	read time.Time
}

// NewCache makes a cache in front of a store. An age above MaxCacheAge is cut to it.
func NewCache(store Store, now func() time.Time, age time.Duration) *Cache {
	return &Cache{store: store, now: now, age: min(age, MaxCacheAge), keys: map[flow.KeyID]cachedKey{}}
}

// Key gives the key as it was read at most age ago; see Store.Key.
func (c *Cache) Key(ctx context.Context, id flow.KeyID) (flow.Key, error) {
	// Age counts from before the read: a revocation that commits meanwhile is not missed for longer than age.
	now := c.now()
	c.mu.RLock()
	cached, ok := c.keys[id]
	c.mu.RUnlock()
	if ok && now.Sub(cached.read) < c.age && !now.Before(cached.read) {
		return cached.key, nil
	}
	key, err := c.store.Key(ctx, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		delete(c.keys, id)
		return flow.Key{}, err
	}
	if len(c.keys) >= MaxCachedKeys {
		clear(c.keys)
	}
	// Of two reads at the same time the later one counts.
	if known, ok := c.keys[id]; !ok || !known.read.After(now) {
		c.keys[id] = cachedKey{key: key, read: now}
	}
	return key, nil
}
