package flow_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"smsflow/services/flow"
)

// ranked makes workflows that tie often.
func ranked() *rapid.Generator[flow.Workflow] {
	return rapid.Custom(func(t *rapid.T) flow.Workflow {
		return flow.Workflow{
			ID:        flow.WorkflowID(rapid.StringMatching(`[ab]{1,4}`).Draw(t, "id")),
			Priority:  rapid.SampledFrom([]int32{math.MinInt32, -1, 0, 1, math.MaxInt32}).Draw(t, "priority"),
			CreatedAt: time.Unix(rapid.Int64Range(0, 2).Draw(t, "created"), 0),
		}
	})
}

func orders() *rapid.Generator[flow.PriorityOrder] {
	return rapid.SampledFrom([]flow.PriorityOrder{"", flow.HighestFirst, flow.LowestFirst})
}

func ids(ws []flow.Workflow) []flow.WorkflowID {
	var all []flow.WorkflowID
	for _, w := range ws {
		all = append(all, w.ID)
	}
	return all
}

func TestOrderIsTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := orders().Draw(t, "order")
		a, b, c := ranked().Draw(t, "a"), ranked().Draw(t, "b"), ranked().Draw(t, "c")
		ab, ba := flow.Less(o, &a, &b), flow.Less(o, &b, &a)
		if ab && ba {
			t.Fatal("each is before the other")
		}
		if !ab && !ba && a.ID != b.ID {
			t.Fatal("neither of two different ones is before the other")
		}
		if ab && flow.Less(o, &b, &c) && !flow.Less(o, &a, &c) {
			t.Fatal("a before b before c, but not a before c")
		}
	})
}

func TestOrderDoesNotDependOnTheOrderBefore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := orders().Draw(t, "order")
		ws := rapid.SliceOfNDistinct(ranked(), 0, 8, func(w flow.Workflow) flow.WorkflowID { return w.ID }).Draw(t, "workflows")
		other := rapid.Permutation(ws).Draw(t, "permutation")
		flow.SortWorkflows(o, ws)
		flow.SortWorkflows(o, other)
		if !slices.Equal(ids(ws), ids(other)) {
			t.Fatalf("got %v and %v", ids(ws), ids(other))
		}
		for i := 1; i < len(ws); i++ {
			if !flow.Less(o, &ws[i-1], &ws[i]) {
				t.Fatalf("%v is not before %v", ws[i-1].ID, ws[i].ID)
			}
		}
	})
}

func TestOrder(t *testing.T) {
	t.Parallel()
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	ws := []flow.Workflow{
		{ID: "low", Priority: -5, CreatedAt: early},
		{ID: "b", Priority: 7, CreatedAt: early},
		{ID: "a", Priority: 7, CreatedAt: early},
		{ID: "0", Priority: 7, CreatedAt: late},
		{ID: "high", Priority: math.MaxInt32, CreatedAt: late},
	}
	flow.SortWorkflows(flow.HighestFirst, ws)
	if got := ids(ws); !slices.Equal(got, []flow.WorkflowID{"high", "a", "b", "0", "low"}) {
		t.Errorf("highest first: %v", got)
	}
	flow.SortWorkflows(flow.LowestFirst, ws)
	if got := ids(ws); !slices.Equal(got, []flow.WorkflowID{"low", "a", "b", "0", "high"}) {
		t.Errorf("lowest first: %v", got)
	}
}
