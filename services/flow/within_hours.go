package flow

import (
	"strconv"
	"time"
)

// Limits of WithinHours.
const (
	MaxHours    = 50
	MaxHolidays = 100
	MaxZone     = 64
)

// Weekday follows ISO 8601: Monday is 1, Sunday is 7.
type Weekday int

// The days.
const (
	Monday Weekday = iota + 1
	Tuesday
	Wednesday
	Thursday
	Friday
	Saturday
	Sunday
)

// WeekdayOf is the day of a time in its own zone.
func WeekdayOf(t time.Time) Weekday {
	if d := t.Weekday(); d != time.Sunday {
		return Weekday(d)
	}
	return Sunday
}

// Hours is one span of a week: from Opens on and before Closes, "HH:MM" by the clock on the wall.
type Hours struct {
	Day    Weekday `json:"day"`
	Opens  string  `json:"opens"`
	Closes string  `json:"closes"`
}

// WithinHours is a check of the time at which the message was accepted, by the clock on the wall of the zone: summer
// time needs no care. Spans may touch and overlap. A holiday is closed from 00:00 to 24:00.
//
//	id: office-hours
//	on_fail: {action: go_to, go_to: after-hours}
//	within_hours:
//	  hours:
//	    - {day: 1, opens: "09:00", closes: "17:30"}
//	    - {day: 6, opens: "10:00", closes: "24:00"}
//	  holidays: ["2026-12-25"]
//	  zone: Europe/Berlin # without it: the tenant's
//	  outside: false      # true: passes outside the hours instead
type WithinHours struct {
	Hours    []Hours  `json:"hours,omitempty"`
	Holidays []string `json:"holidays,omitempty"`
	Zone     string   `json:"zone,omitempty"`
	Outside  bool     `json:"outside,omitempty"`
}

// Type is within_hours.
func (*WithinHours) Type() StepType { return TypeWithinHours }

// Check is true.
func (*WithinHours) Check() bool { return true }

func (h *WithinHours) validate(v *violations, path string) {
	switch n := len(h.Hours); {
	case n == 0:
		v.add(path+".hours", ViolationRequired, "is empty: give at least one span")
	case n > MaxHours:
		v.add(path+".hours", ViolationTooMany, "has "+strconv.Itoa(n)+" spans: keep at most "+strconv.Itoa(MaxHours))
	default:
		for i, span := range h.Hours {
			span.validate(v, item(path+".hours", i))
		}
	}
	if n := len(h.Holidays); n > MaxHolidays {
		v.add(path+".holidays", ViolationTooMany, "has "+strconv.Itoa(n)+" days: keep at most "+strconv.Itoa(MaxHolidays))
	} else {
		for i, day := range h.Holidays {
			if _, err := time.Parse(time.DateOnly, day); err != nil {
				v.add(item(path+".holidays", i), ViolationBadFormat, "is "+quoted(day)+": write a day of the calendar as YYYY-MM-DD, for example 2026-12-25")
			}
		}
	}
	if h.Zone != "" {
		v.zone(path+".zone", h.Zone)
	}
}

func (h Hours) validate(v *violations, path string) {
	if h.Day < Monday || h.Day > Sunday {
		v.add(path+".day", ViolationUnknownValue, "is "+strconv.Itoa(int(h.Day))+": choose 1 (Monday) to 7 (Sunday)")
	}
	opens, okOpens := ParseClock(h.Opens)
	if !okOpens || opens == minutesOfDay {
		okOpens = false
		v.add(path+".opens", ViolationBadFormat, "is "+quoted(h.Opens)+": write HH:MM from 00:00 to 23:59")
	}
	closes, okCloses := ParseClock(h.Closes)
	if !okCloses {
		v.add(path+".closes", ViolationBadFormat, "is "+quoted(h.Closes)+": write HH:MM up to 24:00")
	}
	if okOpens && okCloses && closes <= opens {
		v.add(path+".closes", ViolationOutOfRange, "is "+h.Closes+", which is not later than opens ("+h.Opens+"): for hours over midnight use two spans, up to 24:00 and from 00:00")
	}
}

const minutesOfDay = 24 * 60

// ParseClock reads "HH:MM", 00:00 to 24:00, as minutes since midnight.
func ParseClock(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	for _, i := range [...]int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	minutes := h*60 + m
	return minutes, m < 60 && minutes <= minutesOfDay
}

// LoadZone finds an IANA time zone. The table of zones is the process's (its system's, or the one built into the
// binary): it is data that does not change while the process runs, so asking for it leaves this package pure.
// "Local" is no zone here: it would mean another time on every machine.
func LoadZone(name string) (*time.Location, bool) {
	if name == "" || name == "Local" || len(name) > MaxZone {
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	return loc, err == nil
}

// zone checks the name of a time zone.
func (v *violations) zone(field, name string) {
	if _, ok := LoadZone(name); !ok {
		v.add(field, ViolationUnknownValue, "is "+quoted(name)+": use an IANA time zone, for example Europe/Berlin")
	}
}
