package router

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"smsflow/services/flow"
)

// A tenant that brings many jobs does not hold up the others: each gets its turn within one round, and nobody has more
// places than its share.
func TestSlotsServeTenantsInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(4, 3)
		var order []string
		running, most := map[flow.TenantID]int{}, 0
		done := make(chan struct{}, 200)
		job := func(tenant flow.TenantID, n int) {
			s.add(tenant, func() {
				s.mu.Lock()
				order = append(order, fmt.Sprint(tenant, n))
				running[tenant]++
				most = max(most, running[tenant])
				s.mu.Unlock()
				time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble: its clock, no waiting
				s.mu.Lock()
				running[tenant]--
				s.mu.Unlock()
				done <- struct{}{}
			})
		}
		for n := range 100 {
			job("loud", n)
		}
		for n := range 3 {
			job("quiet", n)
		}
		for range 103 {
			<-done
		}
		if most != 3 {
			t.Errorf("a tenant had %d places, want 3", most)
		}
		// The first quiet job had the place that the loud tenant may not have, the others came within the next rounds.
		if at := slices.Index(order, "quiet2"); at > 12 {
			t.Errorf("the last quiet job came as number %d", at)
		}
		synctest.Wait()
		if len(s.tenants) != 0 || s.free != 4 || len(s.ring) != 0 {
			t.Errorf("left behind: %d tenants, %d free, ring %v", len(s.tenants), s.free, s.ring)
		}
	})
}
