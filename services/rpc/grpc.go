package rpc

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	smsflowv1 "smsflow/gen/smsflow/v1"
)

// Limits of the gRPC port.
const (
	// MaxRead is what grpc-go reads of one message, in bytes. What is larger than MaxRequest is refused all the
	// same; up to MaxRead we do it, with the details that errors have, beyond it grpc-go does, without them.
	MaxRead = 1 << 20
	// HandshakeTimeout bounds how long a client may take until its connection is set up.
	HandshakeTimeout = 5 * time.Second
	// MinPing is how often a client may ping at most. Gateways that ping more often are disconnected.
	MinPing = 10 * time.Second
)

// protocolNative is how logs name the gRPC port; the HTTP port's gRPC is "grpc".
const protocolNative = "grpc-go"

// NewGRPC makes the server of the gRPC port: RouterService, health and reflection. It fails if a served method has no
// row in the access table.
func NewGRPC(c Config) (*grpc.Server, error) {
	if err := c.verify(); err != nil {
		return nil, err
	}
	if c.Router == nil {
		return nil, errors.New("rpc: Config.Router is missing: the gRPC port serves nothing else")
	}
	base := encoding.GetCodecV2(grpcproto.Name)
	if base == nil {
		return nil, errors.New("rpc: grpc-go has no protobuf codec")
	}
	check, err := newChecker()
	if err != nil {
		return nil, err
	}
	e := newEdge(c)
	server := grpc.NewServer(
		grpc.ForceServerCodecV2(codec{base}),
		grpc.UnaryInterceptor(e.unary),
		grpc.StreamInterceptor(e.stream),
		grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return errUnimplemented }),
		grpc.MaxRecvMsgSize(MaxRead),
		grpc.MaxHeaderListSize(MaxHeaders),
		grpc.MaxConcurrentStreams(MaxStreams),
		grpc.ConnectionTimeout(HandshakeTimeout),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: MinPing, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: PingAfter, Timeout: PingTimeout}),
	)
	server.RegisterService(e.gateFirst(smsflowv1.RouterService_ServiceDesc), &nativeRouter{
		routerService: &routerService{use: c.Router, check: check},
		edge:          e, draining: c.Draining, recheck: cmp.Or(c.RecheckKey, RecheckKey),
	})
	healthpb.RegisterHealthServer(server, newHealth(newReadiness(c), []string{smsflowv1.RouterService_ServiceDesc.ServiceName}))
	reflection.Register(server)
	if err := gated(nativeMethods(server)); err != nil {
		return nil, err
	}
	return server, nil
}

// nativeRouter makes the shared implementation one that grpc-go's generated code takes, and adds the streams.
type nativeRouter struct {
	smsflowv1.UnsafeRouterServiceServer
	*routerService

	edge     *edge
	draining <-chan struct{}
	recheck  time.Duration
}

func nativeMethods(server *grpc.Server) []string {
	var list []string
	for service, info := range server.GetServiceInfo() {
		for _, m := range info.Methods {
			list = append(list, "/"+service+"/"+m.Name)
		}
	}
	return list
}

// gateFirst gives a service's description with every unary method behind the edge. An interceptor would not do: grpc-go
// runs those of unary methods after the request has been read and decoded, whoever sent it. Those of streams run before.
func (e *edge) gateFirst(desc grpc.ServiceDesc) *grpc.ServiceDesc {
	desc.Methods = slices.Clone(desc.Methods)
	for i := range desc.Methods {
		m := &desc.Methods[i]
		in := incoming{method: "/" + desc.ServiceName + "/" + m.MethodName, protocol: protocolNative}
		handler := m.Handler
		m.Handler = func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			in := in
			in.authorization = authorizationOf(ctx)
			var res any
			a, ok := e.call(ctx, in, func(ctx context.Context) (err error) {
				ctx, fields := withUnread(ctx)
				res, err = handler(srv, ctx, func(msg any) error { return read(ctx, decode, msg, fields) }, nil)
				return err
			})
			if !ok {
				return nil, a.status()
			}
			return res, nil
		}
	}
	return &desc
}

func authorizationOf(ctx context.Context) string {
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) == 1 {
		return values[0]
	}
	return ""
}

// read decodes a request by way of a letter, because grpc-go sends an error of the codec to the caller itself.
func read(ctx context.Context, decode func(any) error, msg any, fields *unread) error {
	m, ok := msg.(proto.Message)
	if !ok {
		return errors.New("the request is no protobuf message")
	}
	l := &letter{to: m}
	if err := decode(l); err != nil {
		// grpc-go has sent its status already, with its own words. This one is for the log: a broken request is the
		// caller's doing and no bug of ours.
		if status.Code(err) == codes.Internal {
			return malformed("it is not one whole message")
		}
		return err
	}
	if bad, ok := errors.AsType[*fieldsError](l.err); ok {
		fields.violations = bad.violations
		return nil
	}
	if l.err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return l.err
}

// letter is a message to be decoded, with what came of it.
type letter struct {
	to    proto.Message
	limit int // bytes; 0: MaxRequest
	err   error
}

// codec is grpc-go's for protobuf, which lets the reader of a letter say what is wrong.
type codec struct{ encoding.CodecV2 }

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	l, ok := v.(*letter)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	if data.Len() > cmp.Or(l.limit, MaxRequest) {
		l.err = tooLarge()
		return nil
	}
	buf := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buf.Free()
	l.err = unmarshalBinary(buf.ReadOnlyData(), l.to)
	if _, ok := errors.AsType[*fieldsError](l.err); l.err != nil && !ok {
		l.err = malformed(l.err.Error())
	}
	return nil
}

// unary is the edge for the services that come with grpc-go, health and reflection; stream is the edge for all streams.
func (e *edge) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	in := incoming{method: info.FullMethod, protocol: protocolNative, authorization: authorizationOf(ctx)}
	var res any
	a, ok := e.call(ctx, in, func(ctx context.Context) (err error) {
		res, err = handler(ctx, req)
		return err
	})
	if !ok {
		return nil, a.status()
	}
	return res, nil
}

func (e *edge) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx := stream.Context()
	in := incoming{method: info.FullMethod, protocol: protocolNative, authorization: authorizationOf(ctx)}
	a, ok := e.call(ctx, in, func(ctx context.Context) error {
		return handler(srv, &streamWith{ServerStream: stream, ctx: ctx})
	})
	if !ok {
		return a.status()
	}
	return nil
}

// streamWith is a stream whose context carries the caller.
type streamWith struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // grpc-go asks the stream for it
}

func (s *streamWith) Context() context.Context { return s.ctx }
