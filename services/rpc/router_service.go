package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/gen/smsflow/v1/smsflowv1connect"
	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/router"
)

// routerService serves the unary methods of RouterService, whatever the protocol and the port.
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

func (s *routerService) ListUndelivered(ctx context.Context, req *smsflowv1.ListUndeliveredRequest) (*smsflowv1.ListUndeliveredResponse, error) {
	p, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check.request(ctx, req); err != nil {
		return nil, err
	}
	list := listOf("undelivered", p.Tenant)
	offset, err := offsetOf(req.GetPageToken(), list)
	if err != nil {
		return nil, err
	}
	messages, total, err := s.use.Undelivered(ctx, p.Tenant, pageSize(req.GetPageSize()), offset)
	if err != nil {
		return nil, err
	}
	return &smsflowv1.ListUndeliveredResponse{
		Messages: each(messages, undeliveredTo), Total: int32(total), NextPageToken: nextPage(list, offset, len(messages), total),
	}, nil
}

func (s *routerService) RetryOutbound(ctx context.Context, req *smsflowv1.RetryOutboundRequest) (*smsflowv1.RetryOutboundResponse, error) {
	p, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check.request(ctx, req); err != nil {
		return nil, err
	}
	m, err := s.use.RetryOutbound(ctx, p.Tenant, flow.OutboundID(req.GetId()), p.Subject)
	if err != nil {
		return nil, err
	}
	return &smsflowv1.RetryOutboundResponse{Message: undeliveredTo(m)}, nil
}

// webRouter serves RouterService on the HTTP port. Its streams are not: what is read of a request there is bounded in
// size and time, as it has to be for everybody's browser, and a stream of messages has no such bound.
type webRouter struct{ *routerService }

func (webRouter) StreamInbound(context.Context, smsflowv1connect.RouterServiceStreamInboundServerStream) error {
	return errNativeOnly
}

func (webRouter) DeliverOutbound(context.Context, smsflowv1connect.RouterServiceDeliverOutboundServerStream) error {
	return errNativeOnly
}
