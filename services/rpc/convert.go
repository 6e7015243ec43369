package rpc

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Conversions are total: a number that no enum of the contract has becomes a value that no noun allows, so that the
// noun's validation names it; a value that the contract does not know yet becomes the enum's zero.

// unknown is what a noun gets for an enum's number without a name.
func unknown[E ~int32](e E) string { return strconv.Itoa(int(e)) }

// timeTo leaves the zero time out.
func timeTo(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func timeFrom(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// durationTo leaves the zero duration out.
func durationTo(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// each converts a list; a nil one stays nil.
func each[A, B any](list []A, convert func(A) B) []B {
	if list == nil {
		return nil
	}
	to := make([]B, len(list))
	for i, v := range list {
		to[i] = convert(v)
	}
	return to
}
