package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/router"
)

// routerService serves RouterService, whatever the protocol and the port.
type routerService struct {
	use   Router
	check *checker
}

func (s *routerService) RouteInbound(ctx context.Context, req *smsflowv1.RouteInboundRequest) (*smsflowv1.RouteInboundResponse, error) {
	p, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	in := submissionFrom(p, req)
	// The router checks the submission itself. Here its rules are only told together with what else is wrong.
	if err := s.check.noun(ctx, req, noun{fields: []string{"received_at", "wait"}, validate: in.Validate}); err != nil {
		return nil, err
	}
	result, err := s.use.RouteInbound(ctx, in, waitOf(req.GetWait(), router.DefaultWait))
	if err != nil {
		return nil, err
	}
	return resultTo(result), nil
}

func (s *routerService) GetOutcome(ctx context.Context, req *smsflowv1.GetOutcomeRequest) (*smsflowv1.GetOutcomeResponse, error) {
	p, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check.request(ctx, req); err != nil {
		return nil, err
	}
	result, err := s.use.Outcome(ctx, p.Tenant, flow.InboundID(req.GetInboundId()), waitOf(req.GetWait(), 0))
	if err != nil {
		return nil, err
	}
	result.Duplicate = false
	return &smsflowv1.GetOutcomeResponse{Result: resultTo(result)}, nil
}

// waitOf tells 0 s from not set.
func waitOf(d *durationpb.Duration, unset time.Duration) time.Duration {
	if d == nil {
		return unset
	}
	return d.AsDuration()
}
