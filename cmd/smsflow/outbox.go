package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	smsflowv1 "smsflow/gen/smsflow/v1"
)

// outboxCommand has the two sub-commands for outbound messages that did not get through.
type outboxCommand struct {
	List  outboxList  `cmd:"" help:"List the outbound messages that failed, were not delivered, or of which nobody knows; the newest first."`
	Retry outboxRetry `cmd:"" help:"Send such a message again. Of one that is unknown, ask the gateway first: it may have been sent."`
}

// outboxGate is how the outbox is reached: with a gateway's key, as send does.
type outboxGate struct {
	Connection `embed:""`

	Data    string `name:"data" placeholder:"DIR" default:"${data}" env:"SMSFLOW_DATA" help:"The demo's data folder, where its key is."`
	KeyFile string `name:"key-file" placeholder:"FILE" env:"SMSFLOW_KEY_FILE" help:"File with a gateway's key; DIR/demo-gateway.key if it is not named."`
	JSON    bool   `name:"json" env:"SMSFLOW_JSON" help:"Print the response as JSON."`
}

// outboxLimit is how long one call may take.
const outboxLimit = 30 * time.Second

// call makes one call and prints its response if that is asked for as JSON.
func (c *outboxGate) call(ctx context.Context, to *console, do func(context.Context, smsflowv1.RouterServiceClient) (proto.Message, error)) error {
	key, err := (&sendCommand{Data: c.Data, KeyFile: c.KeyFile}).key()
	if err != nil {
		return err
	}
	if err := c.checkAddress(); err != nil {
		return err
	}
	creds, err := c.credentials()
	if err != nil {
		return err
	}
	begun := &sent{}
	conn, err := grpc.NewClient(c.GRPC, grpc.WithTransportCredentials(creds), grpc.WithUserAgent("smsflow-outbox"), grpc.WithStatsHandler(begun))
	if err != nil {
		return fmt.Errorf("--grpc is %q: %w", c.GRPC, err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(ctx, outboxLimit)
	defer cancel()
	res, err := do(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key), smsflowv1.NewRouterServiceClient(conn))
	if err != nil {
		return c.readable(err, begun)
	}
	if !c.JSON {
		return nil
	}
	text, err := protojson.MarshalOptions{Multiline: true, EmitDefaultValues: true}.Marshal(res)
	if err != nil {
		return fmt.Errorf("print the response: %w", err)
	}
	_, err = fmt.Fprintf(to.out, "%s\n", text)
	return err
}

type outboxList struct {
	outboxGate `embed:""`

	PageSize  int32  `name:"page-size" placeholder:"N" default:"50" env:"SMSFLOW_PAGE_SIZE" help:"How many, up to 200."`
	PageToken string `name:"page-token" placeholder:"TOKEN" env:"SMSFLOW_PAGE_TOKEN" help:"Go on where the last list ended."`
}

// Run lists one page.
func (c *outboxList) Run(ctx context.Context, to *console) error {
	var list *smsflowv1.ListUndeliveredResponse
	err := c.call(ctx, to, func(ctx context.Context, client smsflowv1.RouterServiceClient) (_ proto.Message, err error) {
		list, err = client.ListUndelivered(ctx, &smsflowv1.ListUndeliveredRequest{PageSize: c.PageSize, PageToken: c.PageToken})
		return list, err
	})
	if err != nil || c.JSON {
		return err
	}
	if len(list.GetMessages()) == 0 {
		_, err := fmt.Fprintln(to.out, "no message is undelivered")
		return err
	}
	w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
	for _, m := range list.GetMessages() {
		if err := row(w, m); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	more := ""
	if token := list.GetNextPageToken(); token != "" {
		more = "; the next ones: --page-token " + printable(token)
	}
	_, err = fmt.Fprintf(to.out, "%d of %d%s\n", len(list.GetMessages()), list.GetTotal(), more)
	return err
}

// row prints one message. Its text is not shown: --json has it.
func row(w *tabwriter.Writer, m *smsflowv1.Undelivered) error {
	_, err := fmt.Fprintf(w, "%s\t%s\t%s\tto %s\tattempts %d\t%s\n",
		printable(m.GetMessage().GetId()), word(m.GetState().String(), "OUTBOUND_STATE_"), m.GetUpdatedAt().AsTime().UTC().Format(time.RFC3339),
		printable(m.GetMessage().GetTo()), m.GetAttempts(), oneLine(m.GetReason()))
	return err
}

type outboxRetry struct {
	outboxGate `embed:""`

	ID string `arg:"" help:"The message's id, as outbox list shows it."`
}

// Run has one message sent again.
func (c *outboxRetry) Run(ctx context.Context, to *console) error {
	var res *smsflowv1.RetryOutboundResponse
	err := c.call(ctx, to, func(ctx context.Context, client smsflowv1.RouterServiceClient) (_ proto.Message, err error) {
		res, err = client.RetryOutbound(ctx, &smsflowv1.RetryOutboundRequest{Id: c.ID})
		return res, err
	})
	if err != nil || c.JSON {
		return err
	}
	_, err = fmt.Fprintf(to.out, "%s is %s\n", printable(res.GetMessage().GetMessage().GetId()), word(res.GetMessage().GetState().String(), "OUTBOUND_STATE_"))
	return err
}
