package rpc

import (
	"context"
	"errors"
	"io"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"smsflow/services/flow"
)

// fieldsError is the error of a request that could be read but for some fields. They are left at their zero value in the
// message, so that everything else that is wrong with it can be found as well.
type fieldsError struct {
	violations []flow.Violation
	cause      error
}

func (e *fieldsError) Error() string { return e.cause.Error() }

// unmarshalBinary decodes a message. A *fieldsError error leaves a usable message.
func unmarshalBinary(data []byte, msg proto.Message) error {
	err := proto.Unmarshal(data, msg)
	if err == nil {
		return nil
	}
	repaired, violations := repairBinary(data, msg.ProtoReflect().Descriptor())
	if len(violations) == 0 {
		return err
	}
	if again := proto.Unmarshal(repaired, msg); again != nil {
		return err
	}
	return &fieldsError{violations: violations, cause: err}
}

// unmarshalJSON is unmarshalBinary for JSON. Fields and names that the contract does not have are refused: a misspelt
// field must not be a setting that is silently lost.
func unmarshalJSON(data []byte, msg proto.Message) error {
	if len(data) == 0 {
		return errors.New("the body is empty: send a JSON object, at least {}")
	}
	err := protojson.Unmarshal(data, msg)
	if err == nil {
		return nil
	}
	repaired, violations, ok := repairJSON(data, msg)
	if !ok {
		return err
	}
	if again := protojson.Unmarshal(repaired, msg); again != nil {
		return err
	}
	setAllFields(data, msg)
	if len(violations) == 0 {
		return nil
	}
	return &fieldsError{violations: violations, cause: err}
}

// codecs are what the HTTP port speaks.
func codecs() []connect.Codec {
	return []connect.Codec{binaryCodec{connectproto.NewBinaryCodec()}, jsonCodec{connectproto.NewJSONCodec()}}
}

type binaryCodec struct{ *connectproto.BinaryCodec }

func (c binaryCodec) UnmarshalRead(_ context.Context, src io.Reader, msg any) error {
	return readInto(src, msg, unmarshalBinary)
}

type jsonCodec struct{ *connectproto.JSONCodec }

func (c jsonCodec) UnmarshalRead(_ context.Context, src io.Reader, msg any) error {
	return readInto(src, msg, unmarshalJSON)
}

// readInto reads all of src, which the transport has bounded and already holds in memory.
func readInto(src io.Reader, msg any, unmarshal func([]byte, proto.Message) error) error {
	m, ok := msg.(proto.Message)
	if !ok {
		return connectproto.ErrNotProtoMessage
	}
	if b, ok := src.(interface{ Bytes() []byte }); ok {
		return unmarshal(b.Bytes(), m)
	}
	data, err := io.ReadAll(src)
	if err != nil {
		return err
	}
	return unmarshal(data, m)
}

// malformed is the error of a request that cannot be read at all. What the decoder says goes to the caller, whose own
// text it is about, and not to the log.
func malformed(why string) error {
	// protobuf-go begins its texts with "proto:" and varies the space behind it.
	why = strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(why, "unmarshal message: "), "proto:"), " \u00a0")
	return flow.Errorf(flow.ErrInvalid, flow.ReasonMalformed, "the request is not what the contract says: %s", why)
}

func tooLarge() error {
	return flow.Errorf(flow.ErrTooLarge, flow.ReasonTooLarge, "the request is larger than %d bytes: send less", MaxRequest)
}
