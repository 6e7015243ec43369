package flow

import (
	"cmp"
	"slices"
	"strings"
)

// Less says whether a is tried before b: by priority in the tenant's direction, then the older one, then by id. It is
// a total order, so two workflows never change places by themselves. Any direction but LowestFirst is HighestFirst.
func Less(order PriorityOrder, a, b *Workflow) bool { return compareWorkflows(order, a, b) < 0 }

// SortWorkflows puts workflows in the order in which they are tried.
func SortWorkflows(order PriorityOrder, ws []Workflow) {
	slices.SortFunc(ws, func(a, b Workflow) int { return compareWorkflows(order, &a, &b) })
}

func compareWorkflows(order PriorityOrder, a, b *Workflow) int {
	priority := cmp.Compare(b.Priority, a.Priority)
	if order == LowestFirst {
		priority = -priority
	}
	return cmp.Or(priority, a.CreatedAt.Compare(b.CreatedAt), strings.Compare(string(a.ID), string(b.ID)))
}
