package router

import (
	"sync"

	"smsflow/services/flow"
)

// slots hands out a bounded number of places to work, to tenants in turn: however many jobs one tenant brings, another's
// next job is at most one round away, and no tenant has more than perTenant places.
type slots struct {
	mu        sync.Mutex
	free      int
	perTenant int
	tenants   map[flow.TenantID]*queue
	ring      []flow.TenantID // the tenants with jobs waiting, the next one to be served at the front
}

// queue is one tenant's share.
type queue struct {
	running int
	waiting []func()
}

func newSlots(total, perTenant int) *slots {
	return &slots{free: total, perTenant: perTenant, tenants: make(map[flow.TenantID]*queue)}
}

// add has job run in a goroutine of its own as soon as there is a place for its tenant.
func (s *slots) add(tenant flow.TenantID, job func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.tenants[tenant]
	if q == nil {
		q = new(queue)
		s.tenants[tenant] = q
	}
	if len(q.waiting) == 0 {
		s.ring = append(s.ring, tenant)
	}
	q.waiting = append(q.waiting, job)
	s.serve()
}

// serve starts what can start. The caller holds mu.
func (s *slots) serve() {
	for passed := 0; s.free > 0 && passed < len(s.ring); {
		tenant := s.ring[0]
		s.ring = s.ring[1:]
		q := s.tenants[tenant]
		if q.running >= s.perTenant {
			s.ring = append(s.ring, tenant)
			passed++
			continue
		}
		job := q.waiting[0]
		q.waiting[0] = nil
		q.waiting = q.waiting[1:]
		if len(q.waiting) > 0 {
			s.ring = append(s.ring, tenant)
		}
		q.running++
		s.free--
		passed = 0
		go func() {
			defer s.end(tenant)
			job()
		}()
	}
}

// end gives a place back.
func (s *slots) end(tenant flow.TenantID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free++
	q := s.tenants[tenant]
	q.running--
	if q.running == 0 && len(q.waiting) == 0 {
		delete(s.tenants, tenant)
	}
	s.serve()
}
