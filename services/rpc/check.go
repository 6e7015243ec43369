package rpc

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
)

// checker holds the contract's rules, ready to be applied.
type checker struct{ rules protovalidate.Validator }

// newChecker compiles the rules of every request, so that a rule that cannot be compiled stops the start.
func newChecker() (*checker, error) {
	var requests []protoreflect.MessageDescriptor
	for _, file := range []protoreflect.FileDescriptor{
		smsflowv1.File_smsflow_v1_workflow_proto, smsflowv1.File_smsflow_v1_assistant_proto, smsflowv1.File_smsflow_v1_router_proto,
	} {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				requests = append(requests, methods.Get(j).Input())
			}
		}
	}
	rules, err := protovalidate.New(protovalidate.WithMessageDescriptors(requests...), protovalidate.WithDisableLazy())
	if err != nil {
		return nil, fmt.Errorf("rpc: the contract's rules: %w", err)
	}
	return &checker{rules: rules}, nil
}

// request checks what can be said about a request without its use case. ErrInvalid lists all that is wrong.
func (c *checker) request(ctx context.Context, req proto.Message) error {
	return c.noun(ctx, req, noun{})
}

// noun is a part of a request, or all of it, that has rules of its own.
type noun struct {
	name string // its field in the request; empty: the request itself
	// fields are those of it that count here; nil: all.
	fields []string
	// validate lists what is wrong with it, paths relative to it; nil: the request does not have it.
	validate func() []flow.Violation
	// bad is what is known to be wrong with the request already.
	bad []flow.Violation
}

// noun checks a request that carries a noun. The noun's rules are the use case's to check, so they are looked at here
// only if there is something else to refuse: then they are told together.
func (c *checker) noun(ctx context.Context, req proto.Message, n noun) error {
	broken, err := ruleViolations(c.rules, req)
	if err != nil {
		return err
	}
	unread := unreadOf(ctx)
	form := n.counting(formViolations(req))
	broken = n.counting(broken)
	if len(unread)+len(form)+len(broken)+len(n.bad) == 0 {
		return nil
	}
	var own []flow.Violation
	if n.validate != nil {
		own = prefixed(n.name, inContract(partOf(req, n.name), n.validate()))
	}
	if n.name != "" {
		own = n.counting(own)
	}
	return flow.Invalid(combine(unread, own, n.bad, form, broken))
}

// counting leaves out the violations of the noun's fields that do not count.
func (n noun) counting(vs []flow.Violation) []flow.Violation {
	if n.fields == nil {
		return vs
	}
	return slices.DeleteFunc(vs, func(v flow.Violation) bool {
		inside := v.Field
		if n.name != "" {
			var ok bool
			if inside, ok = strings.CutPrefix(v.Field, n.name+"."); !ok {
				return false
			}
		}
		if end := strings.IndexAny(inside, ".["); end >= 0 {
			inside = inside[:end]
		}
		return !slices.Contains(n.fields, inside)
	})
}

// allFields is the mask of an update that changes all fields.
const allFields = "*"

// maskOf gives the fields that an update names, checked against the ones that can be changed; allFields stands for
// all. Without a mask there are none.
func maskOf(mask *fieldmaskpb.FieldMask, known []string) (fields []string, bad []flow.Violation) {
	paths := mask.GetPaths()
	if slices.Contains(paths, allFields) {
		return []string{allFields}, nil
	}
	for i, p := range paths {
		switch {
		case !slices.Contains(known, p):
			bad = append(bad, flow.Violation{
				Field: element("update_mask.paths", i), Reason: violationUnknownField,
				Text: "is " + cut(p) + ", which cannot be changed: use some of " + strings.Join(known, ", "),
			})
		case !slices.Contains(fields, p):
			fields = append(fields, p)
		}
	}
	return fields, bad
}

type unreadKey struct{}

// unread collects the fields of a call's request that could not be read; see fieldsError.
type unread struct{ violations []flow.Violation }

func withUnread(ctx context.Context) (context.Context, *unread) {
	u := &unread{}
	return context.WithValue(ctx, unreadKey{}, u), u
}

func unreadOf(ctx context.Context) []flow.Violation {
	if u, ok := ctx.Value(unreadKey{}).(*unread); ok {
		return u.violations
	}
	return nil
}
