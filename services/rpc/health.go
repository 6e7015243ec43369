package rpc

import (
	"context"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect/v2"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/reflect/protoreflect"

	"smsflow/services/flow"
)

// Limits of readiness.
const (
	// readyFor is how long an answer of Config.Ready is kept.
	readyFor = time.Second
	// readyWithin is how long Config.Ready may take.
	readyWithin = 2 * time.Second
	// watchEvery is how often a watcher's answer is looked at anew.
	watchEvery = time.Second
)

// readiness says whether calls can be served now.
type readiness struct {
	ask      func(context.Context) error
	draining <-chan struct{}
	now      func() time.Time

	mu    sync.Mutex
	asked time.Time
	last  bool
}

func newReadiness(c Config) *readiness {
	return &readiness{ask: c.Ready, draining: c.Draining, now: c.Now}
}

func (r *readiness) ready(ctx context.Context) bool {
	if r.drained() {
		return false
	}
	if r.ask == nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); r.asked.IsZero() || now.Sub(r.asked) >= readyFor {
		// One caller asks for all: another one's hanging up must not be everybody's answer.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyWithin)
		defer cancel()
		r.last = r.ask(ctx) == nil
		r.asked = now
	}
	return r.last
}

func (r *readiness) drained() bool {
	select {
	case <-r.draining:
		return true
	default:
		return false
	}
}

// health serves grpc.health.v1.Health on both ports.
type health struct {
	healthpb.UnimplementedHealthServer
	readiness *readiness
	services  []string
}

func newHealth(r *readiness, services []string) *health {
	return &health{readiness: r, services: services}
}

func (h *health) status(ctx context.Context) healthpb.HealthCheckResponse_ServingStatus {
	if h.readiness.ready(ctx) {
		return healthpb.HealthCheckResponse_SERVING
	}
	return healthpb.HealthCheckResponse_NOT_SERVING
}

// knows says whether the name is empty (the whole server) or a service's.
func (h *health) knows(service string) bool {
	return service == "" || slices.Contains(h.services, service)
}

// Check gives the status now; ErrNotFound: there is no such service here.
func (h *health) Check(ctx context.Context, req *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	if !h.knows(req.GetService()) {
		return nil, flow.NotFound("service")
	}
	return &healthpb.HealthCheckResponse{Status: h.status(ctx)}, nil
}

// List gives the status of everything here.
func (h *health) List(ctx context.Context, _ *healthpb.HealthListRequest) (*healthpb.HealthListResponse, error) {
	list := &healthpb.HealthListResponse{Statuses: map[string]*healthpb.HealthCheckResponse{}}
	status := h.status(ctx)
	for _, name := range append([]string{""}, h.services...) {
		list.Statuses[name] = &healthpb.HealthCheckResponse{Status: status}
	}
	return list, nil
}

// Watch serves grpc-go; see watch.
func (h *health) Watch(req *healthpb.HealthCheckRequest, stream healthpb.Health_WatchServer) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	return h.watch(stream.Context(), req, tick.C, stream.Send)
}

// watch sends the status now and whenever it has changed. When the server begins to stop, the watcher is told and let
// go with ErrUnavailable, so that it looks for another server and does not hold up the stop.
func (h *health) watch(ctx context.Context, req *healthpb.HealthCheckRequest, look <-chan time.Time, send func(*healthpb.HealthCheckResponse) error) error {
	last := healthpb.HealthCheckResponse_UNKNOWN
	for {
		stopping := h.readiness.drained() // before the status, which then is the last one
		// As the protocol says: a service that is not known may come, so its watcher is told and stays.
		now := healthpb.HealthCheckResponse_SERVICE_UNKNOWN
		if h.knows(req.GetService()) {
			now = h.status(ctx)
		}
		if now != last {
			if err := send(&healthpb.HealthCheckResponse{Status: now}); err != nil {
				return err
			}
			last = now
		}
		if stopping {
			return flow.Errorf(flow.ErrUnavailable, flow.ReasonUnavailable, "the server is stopping")
		}
		select {
		case <-look:
		case <-h.readiness.draining:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// registerHealth mounts it on a Connect server.
func registerHealth(server *connect.Server, h *health) {
	methods := healthpb.File_grpc_health_v1_health_proto.Services().ByName("Health").Methods()
	register := func(name string, kind connect.StreamType, handler connect.ServerFunc) {
		server.Register(connect.Method{Handler: handler, Spec: connect.Spec{
			StreamType: kind, Schema: methods.ByName(protoreflect.Name(name)), Procedure: "/" + healthpb.Health_ServiceDesc.ServiceName + "/" + name,
		}})
	}
	register("Check", connect.StreamTypeUnary, func(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
		var req healthpb.HealthCheckRequest
		if err := stream.Receive(&req); err != nil {
			return err
		}
		res, err := h.Check(ctx, &req)
		if err != nil {
			return err
		}
		return stream.Send(res)
	})
	register("List", connect.StreamTypeUnary, func(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
		var req healthpb.HealthListRequest
		if err := stream.Receive(&req); err != nil {
			return err
		}
		res, err := h.List(ctx, &req)
		if err != nil {
			return err
		}
		return stream.Send(res)
	})
	register("Watch", connect.StreamTypeServer, func(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
		var req healthpb.HealthCheckRequest
		if err := stream.Receive(&req); err != nil {
			return err
		}
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		return h.watch(ctx, &req, tick.C, func(res *healthpb.HealthCheckResponse) error { return stream.Send(res) })
	})
}
