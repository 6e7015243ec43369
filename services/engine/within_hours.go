package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"smsflow/services/flow"
)

// withinHours looks at the clock on the wall of a zone.
type withinHours struct {
	loc      *time.Location // nil: the tenant's
	zone     string
	week     [flow.Sunday + 1][]span // by day, Monday is 1
	shown    [flow.Sunday + 1]string // the day's spans
	holidays []string
	outside  bool
}

// span is a part of a day in minutes, the first of them in it and the last one not.
type span struct {
	opens, closes int
	shown         string
}

func newWithinHours(spec *flow.WithinHours) (stepper, error) {
	w := &withinHours{zone: spec.Zone, holidays: spec.Holidays, outside: spec.Outside}
	if spec.Zone != "" {
		loc, ok := flow.LoadZone(spec.Zone)
		if !ok {
			return nil, fmt.Errorf("unknown time zone %q", spec.Zone)
		}
		w.loc = loc
	}
	for _, h := range spec.Hours {
		opens, okOpens := flow.ParseClock(h.Opens)
		closes, okCloses := flow.ParseClock(h.Closes)
		if !okOpens || !okCloses || h.Day < flow.Monday || h.Day > flow.Sunday {
			return nil, fmt.Errorf("hours of day %d from %q to %q cannot be read", h.Day, h.Opens, h.Closes)
		}
		w.week[h.Day] = append(w.week[h.Day], span{opens: opens, closes: closes, shown: h.Opens + "-" + h.Closes})
	}
	for i := range w.week {
		slices.SortFunc(w.week[i], func(a, b span) int { return a.opens - b.opens })
		shown := make([]string, len(w.week[i]))
		for j, s := range w.week[i] {
			shown[j] = s.shown
		}
		w.shown[i] = strings.Join(shown, ", ")
	}
	return w, nil
}

func (w *withinHours) advance(t *turn, _ *step) result {
	loc, zone := w.loc, w.zone
	if loc == nil {
		loc, zone = t.zone()
	}
	now := t.facts.Now.In(loc)
	open, detail := w.open(now)
	return checked(open != w.outside, now.Format("Mon 2006-01-02 15:04 ")+zone, detail)
}

// open says whether a local time lies within the hours, and why.
func (w *withinHours) open(now time.Time) (bool, string) {
	if day := now.Format(time.DateOnly); slices.Contains(w.holidays, day) {
		return false, "closed: " + day + " is a holiday"
	}
	spans := w.week[flow.WeekdayOf(now)]
	if len(spans) == 0 {
		return false, "closed: no hours on " + now.Weekday().String()
	}
	minute := now.Hour()*60 + now.Minute()
	for _, s := range spans {
		if s.opens <= minute && minute < s.closes {
			return true, "open: " + now.Weekday().String() + " " + s.shown
		}
	}
	return false, "closed: " + now.Weekday().String() + "'s hours are " + w.shown[flow.WeekdayOf(now)]
}

// zone is the tenant's time zone, or UTC if it has none that is known.
func (t *turn) zone() (*time.Location, string) {
	name := t.facts.Zone
	if name == "" {
		return time.UTC, "UTC"
	}
	if p := t.facts.prepared; p != nil && p.zone == name && p.loc != nil {
		return p.loc, name
	}
	if loc, ok := flow.LoadZone(name); ok {
		return loc, name
	}
	return time.UTC, "UTC, because the tenant's zone " + excerpt(name, maxMatched) + " is not known"
}
